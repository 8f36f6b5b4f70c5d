"""Whether the tracking code of a new case may be shown to the person who logged it."""

from __future__ import annotations

from petitions import involvement
from petitions.models import Petition
from petitions.rules import rate_limits, tracking_codes


def code_to_show(petition: Petition) -> str:
    """Return the tracking code, or an empty text if it may not be shown again.

    The code of a case about an organisation and of an accusation is shown once, on the slip or in
    the answer of the API: with it, staff could speak for the resident. Each call counts as one
    showing, at the instant of filing, so that no new window begins while the slip can be shown.
    """
    if involvement.is_restricted(petition):
        try:
            rate_limits.hit(rate_limits.SLIP, str(petition.uuid), petition.created_at)
        except rate_limits.RateLimited:
            return ""
    return tracking_codes.code_for(petition.uuid)
