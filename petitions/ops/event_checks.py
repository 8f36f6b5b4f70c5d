"""Checks in SQL that the columns of cases, tasks and escalations follow from the signed events.

Events are the evidence; the columns are copies that the application can change. What an event of an
earlier release does not say is not compared. Each check reads every table once.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from psycopg2 import sql

from petitions.enums import Actor, ClosedBy, DeadlineKind, DeadlineState, Status, Verb

SPACES = "".join(character for character in map(chr, range(0x3001)) if character.isspace())
"""What `str.strip` removes: words of earlier releases may end with it in one of two columns."""

MOST_NAMED = 100
"""Cases that are named; the number includes all."""

# Each query selects the case of each row that violates a rule; none may be found.
CHECKS: dict[str, str] = {
    "case_not_as_filed": """
        SELECT p.id FROM petitions_petition p
        JOIN petitions_event e ON e.petition_id = p.id AND e.version = 1
        WHERE (p.created_at, p.filed_by_id) IS DISTINCT FROM (e.at, e.user_id)
            OR p.channel <> coalesce(e.data->>'channel', p.channel)""",
    "answer_not_that_of_the_event": """
        SELECT p.id FROM petitions_petition p
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_event
            WHERE verb = %(resolve)s
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        LEFT JOIN petitions_note n ON n.event_id = e.id
        WHERE (p.resolved_at, p.resolved_by_id) IS DISTINCT FROM (e.at, e.user_id)
            OR p.resolution_level <> coalesce(e.level, '')
            OR p.outcome <> CASE WHEN e.id IS NULL THEN ''
                ELSE coalesce(e.data->>'outcome', p.outcome) END
            OR btrim(p.public_answer, %(spaces)s) <> btrim(coalesce(n.body, ''), %(spaces)s)
            OR btrim(p.cause, %(spaces)s) <> btrim(coalesce(n.cause, ''), %(spaces)s)
                AND (n.cause <> '' OR e.id IS NULL OR e.data ? 'note_digest')""",
    "closing_not_that_of_the_event": """
        SELECT p.id FROM petitions_petition p
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_event
            WHERE verb IN (%(close)s, %(confirm)s, %(reopen)s)
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        WHERE p.status <> %(merged)s AND (
            p.closed_at IS DISTINCT FROM CASE WHEN e.verb <> %(reopen)s THEN e.at END
            OR p.closed_by <> CASE
                WHEN e.id IS NULL OR e.verb = %(reopen)s THEN ''
                WHEN e.verb = %(close)s AND e.actor = %(clock)s THEN %(silence)s
                WHEN e.verb = %(close)s OR e.actor <> %(petitioner)s THEN %(follow_up)s
                WHEN p.closed_by = %(accepted)s AND NOT e.data ? 'said' THEN %(accepted)s
                WHEN e.data->>'said' = %(accepted)s THEN %(accepted)s
                ELSE %(confirmed)s END)""",
    "return_not_that_of_the_event": """
        SELECT p.id FROM petitions_petition p
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_event
            WHERE verb = %(return)s
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        WHERE p.returned_by_id IS DISTINCT FROM e.user_id
            AND (p.returned_by_id IS NOT NULL OR e.data ? 'arbiter')""",
    "arbiter_not_that_of_the_event": """
        SELECT p.id FROM petitions_petition p LEFT JOIN (
            SELECT DISTINCT ON (petition_id) petition_id, data FROM petitions_event
            WHERE verb IN (%(return)s, %(escalate)s) AND data ? 'arbiter'
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        WHERE p.arbiter_id IS DISTINCT FROM (e.data->>'arbiter')::bigint""",
    "department_not_that_of_the_event": """
        SELECT p.id FROM petitions_petition p LEFT JOIN (
            SELECT DISTINCT ON (petition_id) petition_id,
                coalesce(data->>'doer', data->>'department')::bigint AS doer
            FROM petitions_event
            WHERE verb IN (%(answer)s, %(send_again)s) AND data ?| '{doer,department}'
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        WHERE p.department_id IS DISTINCT FROM e.doer""",
    # An order of an earlier release has no task in its event: its department may be a doer.
    "doers_not_those_of_the_events": """
        SELECT p.id FROM petitions_petition p LEFT JOIN (
            SELECT petition_id, array_agg(doer) AS named,
                array_agg(doer) FILTER (WHERE task IS NOT NULL) AS of_tasks
            FROM (
                SELECT DISTINCT ON (petition_id, coalesce(data->>'task', 'event ' || id))
                    petition_id, data->>'task' AS task,
                    coalesce(data->>'doer', data->>'department')::bigint AS doer
                FROM petitions_event
                WHERE verb IN (%(answer)s, %(send_again)s) AND data ?| '{doer,department}'
                ORDER BY petition_id, coalesce(data->>'task', 'event ' || id), version DESC
            ) ordered GROUP BY petition_id) e ON e.petition_id = p.id
        WHERE NOT (p.doer_ids <@ coalesce(e.named, '{}')
            AND p.doer_ids @> coalesce(e.of_tasks, '{}'))""",
    "steps_not_those_of_the_events": """
        SELECT p.id FROM petitions_petition p LEFT JOIN (
            SELECT petition_id, min(at) FILTER (WHERE verb = %(accept)s) AS accepted_at,
                count(*) FILTER (WHERE verb = %(return)s) AS returns,
                count(*) FILTER (WHERE verb = %(resolve)s) AS rounds,
                count(*) FILTER (WHERE verb = %(dispute)s) AS disputes,
                bool_or((data->>'final')::boolean) FILTER (WHERE verb = %(reassign)s) AS is_final
            FROM petitions_event
            WHERE verb IN (%(accept)s, %(return)s, %(resolve)s, %(dispute)s, %(reassign)s)
            GROUP BY petition_id) e ON e.petition_id = p.id
        WHERE p.accepted_at IS DISTINCT FROM e.accepted_at
            OR (p.returns, p.round, p.disputes) <>
                (coalesce(e.returns, 0), coalesce(e.rounds, 0), coalesce(e.disputes, 0))
            OR p.is_route_final <> coalesce(e.is_final, false)
            OR (p.merged_into_id IS NOT NULL) <> (p.status = %(merged)s)""",
    "dates_not_those_of_the_deadlines": """
        SELECT p.id FROM petitions_petition p
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_deadline
            WHERE kind = %(owed_answer)s AND settled_at IS NULL
            ORDER BY petition_id, id DESC) answer ON answer.petition_id = p.id
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_deadline
            WHERE kind = %(arbitration)s AND settled_at IS NULL
            ORDER BY petition_id, id DESC) decision ON decision.petition_id = p.id
        WHERE (p.answer_due_at, p.answer_soon_at, p.decision_due_at, p.decision_soon_at)
                IS DISTINCT FROM (answer.due_at, answer.remind_at,
                    decision.due_at, decision.remind_at)
            OR (p.due_at IS NULL) <> (p.soon_at IS NULL)
        UNION
        SELECT p.id FROM petitions_petition p WHERE p.due_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM petitions_deadline d WHERE d.petition_id = p.id
                AND d.due_at = p.due_at AND d.remind_at = p.soon_at
                AND d.kind IN (%(contact)s, %(resolution)s) AND d.settled_at IS NULL)""",
    "assignees_not_those_of_the_event": """
        SELECT p.id FROM petitions_petition p
        LEFT JOIN (
            SELECT DISTINCT ON (petition_id) * FROM petitions_event
            WHERE verb IN (%(dispatch)s, %(reassign)s)
            ORDER BY petition_id, version DESC) e ON e.petition_id = p.id
        WHERE to_jsonb(p.assignee_ids) <> CASE WHEN e.verb = %(dispatch)s
                THEN coalesce(e.data->'users', to_jsonb(p.assignee_ids)) ELSE '[]' END
            OR p.assigned_group_id IS DISTINCT FROM CASE WHEN e.verb = %(dispatch)s
                THEN CASE WHEN e.data ? 'group' THEN (e.data->>'group')::bigint
                    ELSE p.assigned_group_id END END""",
    "task_not_that_of_its_events": """
        SELECT t.petition_id FROM petitions_casetask t LEFT JOIN (
            SELECT DISTINCT ON (1) (data->>'task')::bigint AS task_id, data
            FROM petitions_event WHERE data ? 'task' AND data ? 'orderer' AND data ? 'doer'
            ORDER BY 1, version DESC) e ON e.task_id = t.id
        LEFT JOIN (
            SELECT DISTINCT ON (1) (v.data->>'task')::bigint AS task_id, v.at, n.body
            FROM petitions_event v LEFT JOIN petitions_note n ON n.event_id = v.id
            WHERE v.verb IN (%(answer)s, %(send_again)s) AND v.data ? 'task'
            ORDER BY 1, v.version DESC) sent ON sent.task_id = t.id
        WHERE t.orderer_id <> (e.data->>'orderer')::bigint
            OR t.doer_id <> (e.data->>'doer')::bigint
            OR t.sent_at <> sent.at
            OR sent.task_id IS NOT NULL
                AND btrim(t.text, %(spaces)s) <> btrim(coalesce(sent.body, ''), %(spaces)s)""",
    "escalation_not_that_of_its_events": """
        SELECT coalesce(raised.petition_id, answered.petition_id) FROM (
            SELECT (data->>'escalation')::bigint AS id, petition_id, at, user_id, level,
                (data->>'to')::bigint AS to_id
            FROM petitions_event
            WHERE verb IN (%(escalate)s, %(dispute)s) AND data ? 'escalation') raised
        FULL JOIN (
            SELECT (data->>'escalation')::bigint AS id, petition_id, at, user_id,
                data->>'kind' AS kind
            FROM petitions_event WHERE verb = %(answer)s AND data ? 'escalation') answered
            USING (id)
        LEFT JOIN petitions_escalation x USING (id)
        WHERE x.id IS NULL
            OR (raised.id IS NOT NULL AND (raised.petition_id, raised.at, raised.user_id,
                    raised.level, raised.to_id) IS DISTINCT FROM (x.petition_id, x.created_at,
                    x.raised_by_id, x.level, x.to_organisation_id))
            OR (coalesce(answered.kind, ''), answered.at, answered.user_id)
                IS DISTINCT FROM (x.answer_kind, x.answered_at, x.answered_by_id)""",
    "fired_not_as_often_as_the_events_say": """
        SELECT petition_id FROM (
            SELECT petition_id, count(*) AS times FROM petitions_deadline
            WHERE state = %(fired)s AND task_id IS NULL GROUP BY petition_id) fired
        FULL JOIN (
            SELECT petition_id, count(*) AS times FROM petitions_event
            WHERE actor = %(clock)s AND verb IN (%(escalate)s, %(close)s)
            GROUP BY petition_id) told USING (petition_id)
        WHERE fired.times IS DISTINCT FROM told.times""",
    # Which deadlines an event started changed between releases: only signed events are counted.
    "deadline_missing": """
        SELECT petition_id FROM (
            SELECT petition_id, kind, count(*) AS times FROM (
                SELECT petition_id, unnest(CASE verb
                    WHEN %(file)s THEN ARRAY[%(contact)s, %(resolution)s]
                    WHEN %(reassign)s THEN ARRAY[%(contact)s]
                    WHEN %(resolve)s THEN ARRAY[%(confirmation)s]
                    WHEN %(reopen)s THEN ARRAY[%(resolution)s]
                    WHEN %(return)s THEN ARRAY[%(arbitration)s]
                    WHEN %(dispute)s THEN ARRAY[%(resolution)s]
                        || CASE WHEN data ? 'escalation' THEN ARRAY[%(owed_answer)s] END
                    WHEN %(escalate)s THEN CASE WHEN data ? 'escalation'
                        THEN ARRAY[%(owed_answer)s]
                        WHEN data ? 'arbiter' THEN ARRAY[%(arbitration)s]
                        WHEN data ? 'next_due_at' THEN ARRAY[%(resolution)s] END
                    WHEN %(answer)s THEN CASE WHEN data ?| '{was_due_at,next_due_at}'
                            THEN ARRAY[%(resolution)s] END
                        || CASE WHEN data ? 'task'
                            THEN ARRAY[%(acknowledge)s, %(conclude)s] END
                    WHEN %(send_again)s THEN ARRAY[%(acknowledge)s, %(conclude)s]
                    WHEN %(reschedule)s THEN CASE WHEN data->>'due_at' <> data->>'was_due_at'
                        THEN ARRAY[data->>'kind'] END
                    END) AS kind
                FROM petitions_event WHERE signature IS NOT NULL) started
            GROUP BY petition_id, kind) told
        LEFT JOIN (
            SELECT petition_id, kind, count(*) AS times FROM petitions_deadline
            GROUP BY petition_id, kind) stored USING (petition_id, kind)
        WHERE coalesce(stored.times, 0) < told.times""",
}

PARAMETERS: dict[str, str] = {
    "spaces": SPACES,
    **{
        verb.value: verb.value
        for verb in (
            *(Verb.FILE, Verb.REASSIGN, Verb.RESOLVE, Verb.REOPEN, Verb.RETURN, Verb.DISPUTE),
            *(Verb.ESCALATE, Verb.ANSWER, Verb.SEND_AGAIN, Verb.RESCHEDULE, Verb.CLOSE),
            *(Verb.ACCEPT, Verb.DISPATCH, Verb.CONFIRM),
        )
    },
    **{
        kind.value: kind.value
        for kind in (
            *(DeadlineKind.CONTACT, DeadlineKind.RESOLUTION, DeadlineKind.CONFIRMATION),
            *(DeadlineKind.ARBITRATION, DeadlineKind.ACKNOWLEDGE, DeadlineKind.CONCLUDE),
        )
    },
    "owed_answer": DeadlineKind.ANSWER.value,
    **{way.value: way.value for way in ClosedBy},
    "clock": Actor.CLOCK.value,
    "petitioner": Actor.PETITIONER.value,
    "fired": DeadlineState.FIRED.value,
    "merged": Status.MERGED.value,
}

_COUNT = sql.SQL(
    "SELECT count(*), coalesce((array_agg(DISTINCT id))[:%(most)s], '{{}}') FROM ({}) doubted (id)"
)


@dataclass(frozen=True, slots=True)
class DoubtedCases:
    """The number of rows that violate a rule, and the ids of the first cases they belong to."""

    count: int
    ids: list[int]


def check() -> dict[str, DoubtedCases]:
    """Return for each check which cases are not as their events say."""
    doubted = {}
    with connection.cursor() as cursor:
        for name, query in CHECKS.items():
            statement = _COUNT.format(sql.SQL(query))
            cursor.execute(statement, {**PARAMETERS, "most": MOST_NAMED})
            doubted[name] = DoubtedCases(*cursor.fetchone())
    return doubted
