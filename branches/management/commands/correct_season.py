"""Correct the season of a responsibility that was entered wrongly."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from branches import workflow
from branches.models import Responsibility


class Command(BaseCommand):
    """Replaces the season of one responsibility, also before a pending migration."""

    help = "Correct the season of a responsibility, e.g. `correct_season 7 05-01 05-14`."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Read the id of the responsibility and the ends of the season (month-day)."""
        parser.add_argument("id", type=int)
        parser.add_argument("season_from")
        parser.add_argument("season_to")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Correct the season; CommandError if there is no such row or the season is refused."""
        try:
            workflow.correct_season(
                responsibility_id=options["id"],
                season_from=options["season_from"],
                season_to=options["season_to"],
            )
        except Responsibility.DoesNotExist as error:
            raise CommandError(f"There is no responsibility {options['id']}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"Corrected responsibility {options['id']}.")
