"""Issue an API token for a system account and print it once."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from members import workflow
from members.models import User


class Command(BaseCommand):
    """Issue a token; only its digest is stored."""

    help = "Issue an API token for a system account; it is printed once and never again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define user name and days of validity."""
        parser.add_argument("username")
        parser.add_argument("--days", type=int, default=365)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the token alone, so that it can be piped into a secret store."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("There is no such account.")
        if not 0 < options["days"] <= 3650:
            raise CommandError("--days must lie between 1 and 3650.")
        try:
            token = workflow.issue_token(user=user, days=options["days"], by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(token)
