"""Log users in and print their session keys as JSON: `python benchmarks/log_in.py USERNAME ...`.

It uses only names that every version of the product has, so that it runs in an older checkout too.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

import django
from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)

MFA_DONE = "second_factor_proved"  # as in members/accounts/middleware.py


def log_in(username: str) -> str:
    """Return the key of a new session of this user, with the second factor done."""
    user = get_user_model().objects.get(username=username)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[MFA_DONE] = True
    session.save()
    return str(session.session_key)


if __name__ == "__main__":
    django.setup()
    json.dump({username: log_in(username) for username in sys.argv[1:]}, sys.stdout)
