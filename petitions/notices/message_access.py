"""Which inbox messages a user may see: those about a case only while the case is visible.

A message names its case by the address it leads to. The members app applies the condition to
every inbox, counter, e-mail and digest (setting `MESSAGE_ACCESS`).
"""

from __future__ import annotations

from django.db.models import BigIntegerField, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast
from django.db.models.lookups import IsNull

from config.lib.viewer import Viewer
from petitions.models import Petition

CASE_URL = "/petitions/([0-9]+)/"
"""The part of an address that holds the id of a case; a test compares it with the real ones."""


def about_visible_case(viewer: Viewer) -> Q:
    """Condition on inbox messages: about no case, or about one that the viewer may see now.

    The subquery is limited to one row, so that PostgreSQL looks up one case per message instead of
    collecting all visible cases.
    """
    pk = Cast(Func(OuterRef("url"), Value(CASE_URL), function="substring"), BigIntegerField())
    case = Petition.objects.visible_to(viewer).filter(pk=pk).order_by().values("pk")[:1]
    is_about_none = IsNull(Func(F("url"), Value(CASE_URL), function="substring"), True)
    return Q(is_about_none) | Q(IsNull(Subquery(case), False))
