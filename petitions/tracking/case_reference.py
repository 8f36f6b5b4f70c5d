"""The signed reference by which a form of the tracking page names its case.

A browser tracks one case, and an earlier tab can still show another one. A form acts only on the
case that it was shown with. Only the petitioner's page has such forms, so a valid reference also
says that this case was open in the browser that sends it.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.core import signing

FIELD = "case"
_SIGNER = "petitions.tracking.case"


def reference(petition_id: int) -> str:
    """Return the reference to a case for a hidden field."""
    return signing.Signer(salt=_SIGNER).sign_object(petition_id)


def petition_id(sent: Mapping[str, str]) -> int | None:
    """Return the case that a sent form names; None without a valid reference."""
    try:
        named = signing.Signer(salt=_SIGNER).unsign_object(sent.get(FIELD, ""))
    except (signing.BadSignature, ValueError):
        return None
    return named if isinstance(named, int) else None
