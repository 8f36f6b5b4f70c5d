"""Logging one of the cast in, second factor and all."""

from django.test import Client

from members.accounts.middleware import PROVED
from tests.support.cast import Stage


def login(stage: Stage, name: str) -> Client:
    """Return a browser in which one of the cast is logged in."""
    client = Client()
    client.force_login(stage.cast[name])
    session = client.session
    session[PROVED] = True
    session.save()
    return client
