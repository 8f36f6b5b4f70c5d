"""Keyed hashes of rows that the signed event which wrote them holds; never the text itself."""

from __future__ import annotations

from collections.abc import Iterable

from config.lib.audit import signatures
from petitions.models.petitions import Petition
from petitions.models.records import Photo

REPORT_COLUMNS = (
    *("uuid", "tracking_hash", "text", "since", "place_id", "place_name", "category_id"),
    *("path", "subdistrict_id", "community_id", "grid_id"),
    *("about_organisation_id", "is_sealed", "regime", "external_number", "notice_version"),
)
"""What a report said when it was filed, which no verb changes."""


def report_digest(petition: Petition) -> str:
    """Return a keyed hash of what was filed, which the first event of the case holds."""
    values = [getattr(petition, name) for name in REPORT_COLUMNS]
    return signatures.sign("report", [petition.pk, str(values[0]), *values[1:]]).hex()


def photos_digest(photos: Iterable[Photo], petition_id: int, version: int) -> str:
    """Return a keyed hash of the photos that the event of this version added."""
    rows = sorted([row.name, row.sha256, row.size, str(row.kind), row.is_public] for row in photos)
    return signatures.sign("photos", [petition_id, version, rows]).hex()
