"""Create the tables, queues and staff of django-helpdesk, log one user in, print the session."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.helpdesk.settings")
django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from helpdesk.models import Queue  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"


def main(titles: list[str]) -> None:
    """Write a queue for each first-level category, and twenty invented clerks."""
    call_command("migrate", verbosity=0)
    for number, title in enumerate(titles):
        Queue.objects.create(
            title=title,
            slug=f"queue-{number}",
            allow_public_submission=True,
            allow_email_submission=False,
        )
    for number in range(20):
        user = User(username=f"clerk{number}", is_staff=True, is_superuser=number == 0)
        user.set_unusable_password()
        user.save()
    clerk = User.objects.get(username="clerk0")
    session = SessionStore()
    session[SESSION_KEY] = str(clerk.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = clerk.get_session_auth_hash()
    session.save()
    print(session.session_key)


main(sys.argv[1:])
