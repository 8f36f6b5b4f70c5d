"""Remove the sample from the database, before real places and people are entered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from config.lib import clock, register_cache
from config.lib.audit import anchors
from config.lib.audit.anchors import AnchorKind
from config.lib.db import roles
from config.lib.db.append_only import ALLOW_TRUNCATE
from members.accounts import audit_log, recorded_rows
from members.models import ChainBlock, RightsRecord, User
from petitions.models import Event, Petition, Photo
from petitions.ops import audit_trail
from petitions.rules import photos

APPS = ("petitions_", "members_", "branches_", "grids_")
# Superusers, their groups and permissions, and the security log with its chain stay. The register
# version and the table of legal transitions are not part of the sample.
KEPT_TABLES = (
    "members_user",
    "members_user_groups",
    "members_user_user_permissions",
    "members_securityevent",
    "members_chainblock",
    "branches_edition",
    "petitions_step",
)
CLEARED = gettext_noop("清除了示例数据。")
NO_ANCHOR = "Where the worker runs, say: manage.py audit_anchor --restored 'the sample was removed'"


class Command(BaseCommand):
    """Remove cases, people, organisations and places; superusers stay."""

    help = "Remove the whole sample. Refuses while there are real cases, unless --also-real."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--also-real`, which removes real cases as well."""
        parser.add_argument(
            "--also-real",
            action="store_true",
            help="remove real cases as well; there is no way back",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Empty all tables of the four apps in one transaction, then remove the photos.

        The owner of the tables does it: the application may not remove events.
        """
        with roles.as_owner(connection):
            names = self._clear(also_real=options["also_real"])
        register_cache.forget_version()
        for name in names:
            photos.path_of(name).unlink(missing_ok=True)
            photos.thumb_of(name).unlink(missing_ok=True)
        audit_log.write_command("clear_sample")
        recorded_rows.record_first()
        audit_trail.extend()
        if not audit_trail.try_write_anchor(AnchorKind.RESTORED, clock.now(), CLEARED):
            self.stderr.write(f"The anchors cannot be written in {anchors.folder()}. {NO_ANCHOR}")
        self.stdout.write(f"The sample is gone, with {len(names)} photos.")

    def _clear(self, *, also_real: bool) -> list[str]:
        """Empty the tables; return the names of the photos that were in them."""
        with transaction.atomic():
            self._lock()
            real = Petition.objects.filter(is_sample=False).count()
            if real and not also_real:
                raise CommandError(
                    f"There are {real} real cases, so nothing was removed."
                    " With --also-real they go too."
                )
            names = list(Photo.objects.values_list("name", flat=True))
            self._truncate()
            User.objects.exclude(is_superuser=True).delete()
            emptied = [Event._meta.db_table, RightsRecord._meta.db_table]
            ChainBlock.objects.filter(table__in=emptied).delete()
        return names

    def _lock(self) -> None:
        """Lock the cases, so that none is submitted between the check and the deletion."""
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE petitions_petition IN ACCESS EXCLUSIVE MODE")

    def _truncate(self) -> None:
        with connection.cursor() as cursor:
            names = [
                connection.ops.quote_name(name)
                for name in connection.introspection.table_names(cursor)
                if name.startswith(APPS) and name not in KEPT_TABLES
            ]
            cursor.execute(ALLOW_TRUNCATE)
            cursor.execute(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
