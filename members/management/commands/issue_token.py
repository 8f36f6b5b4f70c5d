"""Issues an API token for a system account and prints it once."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from members import workflow
from members.models import User


class Command(BaseCommand):
    """Issue a token; only its digest is kept."""

    help = "Issue an API token for a system account; it is printed once and never again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name and the days of validity."""
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
        except ValidationError as refusal:
            raise CommandError(" ".join(refusal.messages)) from refusal
        self.stdout.write(token)
