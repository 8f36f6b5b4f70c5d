"""Re-encrypt every contact with the newest key while the product runs; report unused keys.

Telephones that an earlier release stored as they were typed are folded on the way.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Count

from members.accounts import audit_log
from petitions.models import Contact
from petitions.rules import contacts
from petitions.workflow import contact

ROUNDS = 20  # a row locked by another transaction is processed in the next round
AN_HOUR = 3600


class Command(BaseCommand):
    """Re-encrypt in small batches. A run after an interruption continues where it stopped."""

    help = "Seal every contact with the first key of CONTACT_KEYS; exit 1 when any is left."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for batch size, pause between batches, and a check without changes."""
        parser.add_argument("--batch", type=int, default=100, help="contacts in one transaction")
        parser.add_argument("--pause", type=float, default=0.0, help="seconds between batches")
        parser.add_argument("--check", action="store_true", help="open every contact, change none")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Re-encrypt or check the contacts, and print how many each key encrypts."""
        if options["check"]:
            unreadable = self._unreadable()
        else:
            audit_log.write_command("rotate_contacts")
            unreadable = self._rotate(options["batch"], options["pause"])
        for pk in unreadable[:20]:
            self.stdout.write(f"  contact {pk} cannot be opened with any key of the ring")
        left = self._report()
        if unreadable or (left and not options["check"]):
            sys.exit(1)

    def _rotate(self, batch: int, pause: float) -> list[int]:
        """Process rows in rounds until none is left; return ids that cannot be decrypted."""
        total = 0
        for _round in range(ROUNDS):
            done, unreadable = self._round(batch, pause, total)
            total += done
            if contact.count_outdated() == len(unreadable):
                break
            time.sleep(max(pause, 0.1))
        return unreadable

    def _round(self, batch: int, pause: float, before: int) -> tuple[int, list[int]]:
        done, unreadable, after = 0, list[int](), 0
        while True:
            result = contact.reencrypt(after=after, limit=batch)
            done += result.done
            unreadable += result.unreadable
            if result.last is None:
                return done, unreadable
            after = result.last
            self.stdout.write(f"  {before + done:>8}  re-encrypted")
            self.stdout.flush()
            time.sleep(pause)

    def _unreadable(self) -> list[int]:
        """Decrypt every contact; return the ids of those that no key decrypts."""
        unreadable = []
        for row in Contact.objects.select_related("petition").order_by("pk").iterator():
            try:
                contacts.decrypt(row.petition.uuid, bytes(row.cipher), row.key_id)
            except contacts.DecryptionFailed:
                unreadable.append(row.pk)
        return unreadable

    def _report(self) -> int:
        """Print the contacts of each key and the unused keys; return how many have an old key."""
        rows = Contact.objects.values_list("key_id").annotate(Count("pk")).order_by("key_id")
        used: dict[str, int] = dict(rows)
        for key_id, count in used.items():
            self.stdout.write(f"  {count:>8}  encrypted with key {key_id}")
        newest = contacts.newest_key_id()
        left = contact.count_outdated()
        if unfolded := Contact.objects.filter(is_folded=False).count():
            self.stdout.write(f"  {unfolded:>8}  with a telephone stored as it was typed")
        hours = settings.SESSION_MAX_SECONDS / AN_HOUR
        for key_id in settings.CONTACT_KEYS:
            if key_id not in used and key_id != newest:
                self.stdout.write(
                    f"Key {key_id} seals no contact any more. It may be taken out of CONTACT_KEYS"
                    f" when every process has run with key {newest} in front for {hours:g} hours"
                    " (reports begun before are sent by then) and this command says so again."
                )
        return left
