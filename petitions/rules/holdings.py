"""What a row that ends still holds of cases; counts only, no content of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from branches.enums import OrgLevel
from branches.models import Organisation, Responsibility
from config.lib.holdings import Holding
from grids.models import Area
from members.enums import HEAD_ROLES
from members.models import Post, User
from petitions import case_holders, involvement
from petitions.enums import Status
from petitions.models import CaseTask, Petition
from petitions.rules import routing


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


def of_organisation(organisation: Organisation, _day: dt.date) -> Iterator[Holding]:
    """Yield open cases, owed answers and tasks of an organisation; it cannot end before they do.

    A resolved case counts: the resident may still dispute the answer.
    """
    pk = organisation.pk
    in_hand = Q(organisation=pk) | involvement.held_by_any([pk])
    to_answer = case_holders.answer_owed_by(pk)
    is_ours = Q(doer=pk) | Q(orderer=pk)
    counts = Petition.objects.open().aggregate(
        cases=Count("pk", filter=in_hand), answers=Count("pk", filter=to_answer)
    ) | {"tasks": CaseTask.objects.active().filter(is_ours).count()}
    sentences = {
        "cases": _("手里还有 %(count)d 件没有办完的诉求，请先办完或改派。"),
        "answers": _("还有 %(count)d 件升级没有答复，请先答复。"),
        "tasks": _("还有 %(count)d 项任务没有办完，请先办完或撤销。"),
    }
    for code, sentence in sentences.items():
        if count := counts[code]:
            yield Holding(code, count, sentence % {"count": count}, blocks=True)


def of_responsibility(row: Responsibility, day: dt.date) -> Iterator[Holding]:
    """Yield the cases of the organisation at the place, and who answers for it afterwards."""
    here = Petition.objects.filter(path__startswith=row.area.path)
    cases = here.running().filter(organisation=row.organisation_id).count()
    waiting = here.filter(status=Status.RESOLVED, organisation=row.organisation_id).count()
    assigned = here.running().filter(case_holders.assigned_to_group(row.organisation_id)).count()
    sentences = {
        "cases": (cases, _("在这里手上有 %(count)d 件在办的诉求：请选择留下还是转走。")),
        "waiting": (
            waiting,
            _("%(count)d 件在等居民确认，先留在原组织；要再办的，没选留下就转走。"),
        ),
        "assigned": (assigned, _("分派给这个党小组的 %(count)d 件，要由支部重新分派。")),
    }
    for code, (count, sentence) in sentences.items():
        if count:
            yield Holding(code, count, sentence % {"count": count})
    if day < dt.date.max:
        yield _successor(row, day + dt.timedelta(days=1))


def _successor(row: Responsibility, day: dt.date) -> Holding:
    """Return who answers for the place on `day` without this responsibility."""
    others = Responsibility.objects.responsible_for(row.area.ancestor_ids, day).exclude(pk=row.pk)
    in_season = tuple(other for other in others if other.is_in_season(day))
    chain = routing.ResponsibleChain(row.area, (), in_season)
    route = routing.successor(chain, OrgLevel(row.level))
    if route is None:
        return Holding("nobody", 0, _("以后没有组织负责这里，诉求只能留下。"))
    text = _("以后由 %(organisation)s 负责这里。") % {"organisation": route.organisation.name}
    if route.organisation.level != row.level:
        text += _("另有接手的组织，请在最后一天过去之前登记。")
    return Holding("successor", 0, text)


def _of_organisation(organisation_id: int) -> Iterator[Holding]:
    """Yield running cases, owed answers and tasks of one organisation; two queries."""
    in_hand = case_holders.held_by(organisation_id)
    to_answer = case_holders.answer_owed_by(organisation_id)
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
    if tasks := CaseTask.objects.done_by([organisation_id]).owed().count():
        yield Holding("tasks", tasks, _("要办的任务 %(count)d 件，留在组织。") % {"count": tasks})


def _of_user(user_id: int) -> Iterator[Holding]:
    count = Petition.objects.running().filter(case_holders.assigned_to(user_id)).count()
    if count:
        text = _("点名由本人承办的诉求 %(count)d 件，要重新分派。") % {"count": count}
        yield Holding("assigned", count, text)
