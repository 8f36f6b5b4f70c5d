"""The mutants: bugs that a developer could introduce in good faith."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template import engines
from django.utils import timezone
from django.utils.safestring import SafeString

from branches import register_rows
from branches.models import Organisation
from config.lib.viewer import Viewer
from config.templatetags import components
from members.rights import scopes
from petitions import exclusion
from petitions.api import petitions as api
from petitions.casework import case_detail
from petitions.casework import photo_pages as photo_views
from petitions.models import OutboxQuerySet, Petition, PetitionQuerySet, Photo, RateLimitCounter
from petitions.ops import scheduled_tasks
from petitions.rules import contacts, photos, rate_limits
from petitions.verbs.serializers import VerbBody
from petitions.web import photo_responses, rate_limiting
from petitions.web.filters import PetitionFilter
from petitions.workflow import contact, deadline_sweep, escalation, idempotency, submission
from petitions.worklist import home
from tests.mutants import killed_by
from tests.support.database_roles import as_owner

Patch = pytest.MonkeyPatch
IN_PETITIONS = "tests/petitions/"


def _disable(trigger: str, table: str) -> None:
    """Disable a trigger until the test's transaction is rolled back."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")


@killed_by(f"{IN_PETITIONS}ops/test_scheduled_tasks.py::test_a_limit_being_worked_on_is_left_alone")
def a_sweep_that_locks_nothing(patch: Patch) -> None:
    def claim(rows: Any, limit: int, taken: list[int]) -> Any:
        claimed = list(rows.select_related("petition", "petition__place")[:limit])
        taken.extend(row.pk for row in claimed)
        return [(row.petition, row) for row in claimed]

    patch.setattr(deadline_sweep, "_claim", claim)


@killed_by(
    f"{IN_PETITIONS}notices/test_outbox.py::test_what_a_lost_wake_up_left_is_told_by_the_next_sweep"
)
def an_outbox_without_a_sweep(patch: Patch) -> None:
    patch.setattr(OutboxQuerySet, "waiting", lambda rows, _now: rows.none())


@killed_by(
    f"{IN_PETITIONS}api/test_api_idempotency.py::test_a_report_is_filed",
    raises=(Petition.DoesNotExist,),
)
def a_response_before_the_commit(patch: Patch) -> None:
    def submit(**arguments: Any) -> submission.Submitted:
        with transaction.atomic():
            filed = submission.submit(**arguments)
            transaction.set_rollback(True)
        return filed

    patch.setattr(api, "submit", submit)


@killed_by("tests/test_leaks.py::test_verb_accepts_no_foreign_row[program-reassign organisation]")
def a_related_field_without_scope(patch: Patch) -> None:
    def visible(body: VerbBody, name: str, *levels: Any) -> Organisation | None:
        return body.organisation_in(Organisation.objects.filter(level__in=levels), name)

    patch.setattr(VerbBody, "visible_organisation", visible)


@killed_by(
    f"{IN_PETITIONS}worklist/test_case_list.py::test_outsiders_see_nothing[q=\\u53d1\\u6d51-sibling]"
)
def a_filter_that_replaces_the_scope(patch: Patch) -> None:
    def keep(_self: object, _rows: PetitionQuerySet, _name: str, words: str) -> PetitionQuerySet:
        return Petition.objects.matching(words)

    patch.setattr(PetitionFilter, "keep_matching", keep)


@killed_by("tests/test_leaks.py::test_hidden_case_changes_no_count[community]")
def a_counter_without_scope(patch: Patch) -> None:
    from petitions.web import counters

    def open_cases(
        names: Sequence[str], viewer: Viewer, now: dt.datetime, _limit: int
    ) -> counters.CountedCases:
        filters = {name: Q(counters.named_filter(name, viewer, now)) for name in names}
        counts = {name: Count("pk", filter=condition) for name, condition in filters.items()}
        return counters.CountedCases(Petition.objects.open().aggregate(**counts), [])

    patch.setattr(counters, "open_cases", open_cases)


@killed_by(
    f"{IN_PETITIONS}casework/test_photo_pages.py::test_photo_out_of_scope_is_not_found[thumb-outsider]"
)
def a_thumbnail_without_a_check(patch: Patch) -> None:
    def send(_request: HttpRequest, uuid: object, *, is_thumb: bool) -> HttpResponse:
        return photo_responses.photo_response(
            get_object_or_404(Photo, uuid=uuid).name, is_thumb=is_thumb
        )

    patch.setattr(photo_views, "_send", send)


@killed_by(f"{IN_PETITIONS}test_log_privacy.py::test_no_log_line_holds_anything_of_the_petitioner")
def a_telephone_number_in_a_log_line(patch: Patch) -> None:
    original = contact.encrypted

    def logged_encrypted(petition: Petition, details: contacts.ContactDetails) -> Any:
        deadline_sweep.log.info("contact_kept", phone=details.phone)
        return original(petition, details)

    patch.setattr(contact, "encrypted", logged_encrypted)


@killed_by(
    f"{IN_PETITIONS}rules/test_rate_limits.py::test_the_limit_is_exact_when_many_come_at_once"
)
def a_counter_read_then_written(patch: Patch) -> None:
    def hit(rule: rate_limits.RateLimit, address: str, now: dt.datetime) -> None:
        row, _is_new = RateLimitCounter.objects.get_or_create(
            bucket=rate_limits._bucket(rule, address), window=rate_limits._window(rule, now)
        )
        if row.count >= rule.limit:
            raise rate_limits.RateLimited(1)
        row.count += 1
        row.save()

    patch.setattr(rate_limits, "hit", hit)


@killed_by(f"{IN_PETITIONS}models/test_guards.py::test_queryset_update_is_refused_like_raw_sql")
def an_event_written_only_by_save(patch: Patch) -> None:
    _disable("petitions_petition_counts", "petitions_petition")
    _disable("petitions_petition_has_event", "petitions_petition")


@killed_by(f"{IN_PETITIONS}models/test_guards.py::test_event_deleted")
def an_event_that_can_be_deleted(patch: Patch) -> None:
    _disable("petitions_event_is_final", "petitions_event")


@killed_by(
    f"{IN_PETITIONS}rules/test_photos.py::test_stored_with_checksum_thumbnail_and_random_name",
    raises=(FileNotFoundError,),
)
def a_photo_row_without_its_file(patch: Patch) -> None:
    patch.setattr(photos, "_write", lambda _target, _body: None)


@killed_by("tests/members/rights/test_scopes.py::test_rights_are_read_with_every_request")
def cached_rights(patch: Patch) -> None:
    original, cache = scopes.load, {}

    def load(user: Any, day: dt.date) -> Any:
        if user.pk not in cache:
            cache[user.pk] = original(user, day)
        return cache[user.pk]

    patch.setattr(scopes, "load", load)


@killed_by(
    f"{IN_PETITIONS}api/test_api_idempotency.py::test_a_repeat_is_answered_the_same_to_the_byte"
)
def an_idempotency_key_that_is_not_stored(patch: Patch) -> None:
    original = idempotency.key_row

    def another(key: idempotency.IdempotencyRequest, *arguments: Any) -> Any:
        return original(replace(key, key=f"{len(key.key)}{time.monotonic_ns()}"), *arguments)

    patch.setattr(idempotency, "key_row", another)


@killed_by(
    f"{IN_PETITIONS}ops/test_scheduled_tasks.py::test_the_databases_clock_decides_whatever_ours_says[ahead]"
)
def a_deadline_by_the_local_clock(patch: Patch) -> None:
    patch.setattr(scheduled_tasks, "database_now", timezone.now)


@killed_by(
    f"{IN_PETITIONS}workflow/test_submission.py::test_contact_is_sealed_and_bound_to_its_case"
)
def a_contact_not_bound_to_its_case(patch: Patch) -> None:
    patch.setattr(contacts, "_associated_data", lambda _uuid: b"contact")


@killed_by(
    f"{IN_PETITIONS}web/test_rate_limiting.py::test_only_our_own_proxies_are_believed"
    "[1-10.0.0.1-203.0.113.5, 198.51.100.7-198.51.100.7]"
)
def a_trusted_forwarding_header(patch: Patch) -> None:
    def client_address(request: HttpRequest) -> str:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        return hops[0] or str(request.META.get("REMOTE_ADDR"))

    patch.setattr(rate_limiting, "client_address", client_address)


@killed_by(
    f"{IN_PETITIONS}models/test_visibility.py::"
    "test_case_about_an_organisation_is_hidden_from_it_and_all_below[branch-hidden0]"
)
def a_case_visible_to_the_organisation_it_is_about(patch: Patch) -> None:
    patch.setattr(exclusion, "not_excluded", lambda _scope: Q())


@killed_by(
    f"{IN_PETITIONS}workflow/test_deadline_sweep.py::test_unaccepted_case_climbs_to_community_then_subdistrict_then_city"
)
def an_escalation_that_changes_the_handler(patch: Patch) -> None:
    original = escalation.escalate_to

    def escalate(target: Any, **arguments: Any) -> None:
        original(target, **arguments)
        target.petition.organisation = target.petition.supervisor

    patch.setattr(escalation, "escalate_to", escalate)


@killed_by(f"{IN_PETITIONS}workflow/test_deadline_sweep.py::test_reminder_comes_once_at_80_percent")
def a_reminder_that_is_not_recorded(patch: Patch) -> None:
    original = deadline_sweep.remind_batch

    def remind(claimed: Any, now: dt.datetime) -> None:
        original(claimed, now)
        for _case, row in claimed:
            type(row).objects.filter(pk=row.pk).update(reminded_at=None, attempts=F("attempts"))

    patch.setattr(deadline_sweep, "remind_batch", remind)


@killed_by("tests/platform/test_components.py::test_hostile_values_are_escaped[badge]")
def components_without_escaping(patch: Patch) -> None:
    def join(text: str, *values: object) -> SafeString:
        return SafeString(text.format(*values))

    patch.setattr(components, "format_html", join)


@killed_by("tests/platform/test_components.py::test_every_icon_is_in_the_sprite")
def an_icon_name_with_a_typing_error(patch: Patch) -> None:
    patch.setitem(home.TILE_STYLES, "mine", ("info", "hnad"))


IN_PAGE_COSTS = "tests/test_page_costs.py::test_page_costs_no_more_than_its_limits"


@killed_by(f"{IN_PAGE_COSTS}[case]")
def case_page_that_joins_the_organisations(patch: Patch) -> None:
    with_details = case_detail.with_details

    def joined() -> PetitionQuerySet:
        return with_details().with_parts()

    patch.setattr(case_detail, "with_details", joined)


@killed_by(f"{IN_PAGE_COSTS}[list of all]")
def list_that_reads_the_organisation_of_each_row(patch: Patch) -> None:
    def attach(*_args: object, **_names: object) -> None:
        """Attach nothing."""

    patch.setattr(register_rows, "attach", attach)


@killed_by(f"{IN_PAGE_COSTS}[list]")
def list_that_translates_every_choice(patch: Patch) -> None:
    patch.setattr(Petition, "status_label", property(lambda row: row.get_status_display()))


@killed_by(f"{IN_PAGE_COSTS}[home]")
def home_page_with_a_template_for_each_icon(patch: Patch) -> None:
    icon = components._decorative

    def included(name: str, size: str = "", flip: bool = False) -> Any:
        engines["django"].from_string('{% include "components/mark.html" %}').render({})
        return icon(name, size, flip)

    patch.setattr(components, "_decorative", included)
