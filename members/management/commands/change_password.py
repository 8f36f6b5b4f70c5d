"""Set the password of an account on the command line, with its record and a line of the log."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from members import workflow
from members.models import User

MAX_TRIES = 3


class Command(BaseCommand):
    """Replace the command of Django, which writes the whole row, no record and no line."""

    help = "Set the password of an account; a line of the security log says so."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the user name, which has no default."""
        parser.add_argument("username")

    def handle(self, *_args: Any, **options: Any) -> str:
        """Ask for the password twice and set it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no such account.")
        hashed = make_password(self._ask(user))
        workflow.set_password_by_command(user=user, hashed=hashed)
        return f"Password of {user.username} changed."

    def _ask(self, user: User) -> str:
        for _try in range(MAX_TRIES):
            password = getpass.getpass("Password: ")
            if password != getpass.getpass("Password (again): "):
                self.stderr.write("Passwords do not match. Please try again.")
                continue
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
            else:
                return password
        raise CommandError("The password was not changed.")
