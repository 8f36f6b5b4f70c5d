"""What a post, an account or a place still holds of cases; counts only, no content of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count
from django.utils.translation import gettext as _

from config.lib.holdings import Holding
from grids.models import Area
from members.enums import HEAD_ROLES
from members.models import Post, User
from petitions import involvement
from petitions.models import Petition


def of_post(post: Post, _day: dt.date) -> Iterator[Holding]:
    """Yield the open cases of a head post's organisation, and those assigned to its holder."""
    if post.role in HEAD_ROLES and post.organisation_id is not None:
        yield from _of_organisation(post.organisation_id)
    yield from _of_user(post.user_id)


def of_user(user: User, day: dt.date) -> Iterator[Holding]:
    """Yield what the organisations headed by an account hold, and the cases assigned to it."""
    heads = Post.objects.on(day).filter(user=user, role__in=sorted(HEAD_ROLES))
    ids = heads.order_by("organisation").values_list("organisation", flat=True).distinct()
    for organisation_id in ids:
        yield from _of_organisation(organisation_id)
    yield from _of_user(user.pk)


def of_place(area: Area, _day: dt.date) -> Iterator[Holding]:
    """Yield the open cases at a place and below it; it cannot be closed before they end."""
    count = Petition.objects.open().filter(path__startswith=area.path).count()
    if count:
        text = _("这里还有 %(count)d 件没有办完的诉求，办完才能停用。") % {"count": count}
        yield Holding("cases", count, text, blocks=True)


def _of_organisation(organisation_id: int) -> Iterator[Holding]:
    """Yield running cases and owed answers of one organisation; one query."""
    in_hand = involvement.held_by(organisation_id)
    to_answer = involvement.answer_owed_by(organisation_id)
    counts = (
        Petition.objects.filter(in_hand | to_answer)
        .order_by()
        .aggregate(cases=Count("pk", filter=in_hand), answers=Count("pk", filter=to_answer))
    )
    sentences = {
        "cases": _("组织手里在办的诉求 %(count)d 件，留在组织。"),
        "answers": _("要答复的升级 %(count)d 件，留在组织。"),
    }
    for code, sentence in sentences.items():
        if counts[code]:
            yield Holding(code, counts[code], sentence % {"count": counts[code]})


def _of_user(user_id: int) -> Iterator[Holding]:
    count = Petition.objects.running().filter(involvement.assigned_to(user_id)).count()
    if count:
        text = _("点名由本人承办的诉求 %(count)d 件，要重新分派。") % {"count": count}
        yield Holding("assigned", count, text)
