"""Who may open contact details that a resident keeps from the organisation handling the case.

The glossary calls them confidential (保密).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from django.utils import timezone
from django.utils.translation import gettext as _

from branches import register_rows, responsibility_cache
from branches.enums import ESCALATION_ORDER, OrgLevel
from branches.models import Organisation, Responsibility
from config.lib import register_cache
from config.lib.viewer import Scope
from grids.models import Area
from members.models import User
from petitions import case_workers, exclusion, involvement, relations
from petitions.case_workers import Move
from petitions.models import Petition
from petitions.relations import COORDINATOR_ROLES


def authorised_organisation(petition: Petition) -> Organisation | None:
    """Return the organisation that may open a contact kept from the handling organisations.

    The lowest one above the present one that answers for the place, so that its people see the
    case; if there is none, the lowest one of a higher level that answers for it. Neither it nor one
    above it ever handled the case. One query unless the workers of the case were read before.
    """
    handlers = case_workers.everybody(petition).organisation_ids
    return _keeper(petition, petition.organisation, handlers)


def authorised_for_report(
    handler: Organisation, place: Area, about: Organisation | None
) -> Organisation | None:
    """Return who may open the contact of a report that is not filed yet: as of the case, then.

    `handler` is the organisation that will be responsible; `about` the one the report is about.
    """
    return _keeper(Petition(place=place, about_organisation=about), handler, {handler.pk})


def _keeper(
    petition: Petition, responsible: Organisation, handlers: Set[int]
) -> Organisation | None:
    """Return who may open the contact while an organisation is responsible, after `handlers`.

    People below an organisation that handled the case open nothing. No query, but for a place that
    the process has not read since the registers changed.
    """
    answering = _answering_for_place(petition)
    covering = {row.organisation_id for row in answering}
    above = [body for body in _above(responsible) if body.pk in covering]
    for organisation in (*above, *_higher(responsible, answering)):
        is_handler = not handlers.isdisjoint(organisation.ancestor_ids)
        if not is_handler and not exclusion.is_organisation_excluded(organisation, petition):
            return organisation
    return None


def _answering_for_place(petition: Petition) -> tuple[Responsibility, ...]:
    """Return who answers today for the place of a case and the areas around it."""
    version = register_cache.current_version()
    cached = responsibility_cache.responsible_for(petition.place_id, timezone.localdate(), version)
    return () if cached is None else cached[1]


def _above(organisation: Organisation) -> Iterator[Organisation]:
    """Yield the organisations above one, below the city, the lowest first."""
    above = relations.parent_below_city(organisation)
    while above is not None:
        yield above
        above = relations.parent_below_city(above)


def _higher(
    responsible: Organisation, answering: Sequence[Responsibility]
) -> Iterator[Organisation]:
    """Yield who of `answering` has a higher level than the responsible one, the lowest first."""
    if responsible.level not in ESCALATION_ORDER:
        return
    for level in ESCALATION_ORDER[ESCALATION_ORDER.index(OrgLevel(responsible.level)) + 1 :]:
        rows = [row for row in answering if row.level == level != OrgLevel.CITY]
        yield from (row.organisation for row in sorted(rows, key=_narrowest_first))


def _narrowest_first(row: Responsibility) -> int:
    return -len(row.area.path)


def _has_authorised(
    petition: Petition, moves: Sequence[Move], user_id: int | None, authorised: Organisation
) -> bool:
    """Tell whether a user made an organisation the authorised one by giving the case away.

    By the register, which is in memory; nothing is read for users who gave no case away.
    """
    own = [move for move in moves if move.user_id == user_id]
    if not own:
        return False
    ids = {pk for move in own for pk in (move.from_id, move.to_id)}
    register = register_rows.organisations(ids)

    def keeper(organisation_id: int, handlers: Set[int]) -> Organisation | None:
        organisation = register.get(organisation_id)
        return None if organisation is None else _keeper(petition, organisation, handlers)

    return any(
        keeper(move.to_id, move.handler_ids | {move.to_id}) == authorised
        and keeper(move.from_id, move.handler_ids) != authorised
        for move in own
    )


def may_open(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user may open a contact that is kept from the handling organisations.

    A coordinator of the authorised organisation who never worked on the case, and since the report
    held no post at or below an organisation that did. Who gave the case to an organisation whose
    keeper is the own one, when another was, opens nothing by it: a colleague does.
    """
    handlers = case_workers.everybody(petition)
    posts = scope.posts_since(timezone.localdate(petition.created_at))
    is_below = any(not handlers.organisation_ids.isdisjoint(post.ancestor_ids) for post in posts)
    if is_below or scope.user_id in handlers.user_ids:
        return False
    authorised = authorised_organisation(petition)
    if authorised is None:
        return False
    if _has_authorised(petition, handlers.moves, scope.user_id, authorised):
        return False
    return any(
        post.organisation_id == authorised.pk and post.role in COORDINATOR_ROLES
        for post in scope.posts
    )


def knowing_organisation_ids(petition: Petition) -> Set[int]:
    """Return the organisations that know a confidential contact without having handled the case.

    In whose name it was opened or the case was filed, and those to which a person who did so has
    belonged since the report. Empty if the contact is not confidential. At most two queries and one
    for each of these people.
    """
    contact = getattr(petition, "contact", None)
    if contact is None or not contact.is_confidential:
        return frozenset()
    workers = case_workers.of(petition)
    knowers = {*workers.openings}
    filer_id = involvement.filer_id(petition)
    if filer_id is not None:
        knowers.add((filer_id, workers.filing_organisation_id))
    if not knowers:
        return frozenset()
    people = User.objects.filter(pk__in={user_id for user_id, _organisation_id in knowers})
    since = timezone.localdate(petition.created_at)
    posts = [post for user in people for post in user.post_history.posts_since(since)]
    known = {organisation_id for _user_id, organisation_id in knowers}
    known |= {post.organisation_id for post in posts}
    known |= {post.parent_id for post in posts if post.organisation_level == OrgLevel.GROUP}
    return {pk for pk in known if pk is not None}


def opened_from_outside(scope: Scope, petition: Petition) -> bool:
    """Tell whether a user opened a confidential contact in the name of another organisation.

    Who then gets a post in the responsible one does not work on the case. No query for users all
    of whose posts since the report are at or below the responsible organisation.
    """
    pk = petition.organisation_id
    posts = scope.posts_since(timezone.localdate(petition.created_at))
    if all(pk in post.ancestor_ids for post in posts):
        return False
    contact = getattr(petition, "contact", None)
    if contact is None or not contact.is_confidential:
        return False
    return any(
        user_id == scope.user_id and organisation_id != pk
        for user_id, organisation_id in case_workers.of(petition).openings
    )


def is_known_to_handler(petition: Petition) -> bool:
    """Tell whether somebody of the responsible organisation knows the contact, opened or typed.

    While the contact is not confidential only those in whose name it was opened, or the case filed.
    """
    if getattr(petition, "contact", None) is None:
        return False
    workers, pk = case_workers.of(petition), petition.organisation_id
    return (
        pk == workers.filing_organisation_id
        or pk in workers.opener_ids
        or pk in knowing_organisation_ids(petition)
    )


def refusal(petition: Petition) -> str:
    """Say who may open the contact instead, if anybody; one query."""
    organisation = authorised_organisation(petition)
    if organisation is None:
        return _("居民要求对承办组织保密，谁也不能打开；有话请写成居民能看到的进展。")
    return _("居民要求对承办组织保密，请由%(keeper)s转达。") % {"keeper": organisation.short_name}
