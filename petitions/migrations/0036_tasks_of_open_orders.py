"""Make tasks of the orders to departments that earlier releases stored in a column.

A department that was ordered keeps its access to the case. If the case is still handled, the order
becomes a task: sent by the organisation whose answer it was, with the words of that answer. Its
deadlines start with the migration, by the length of the city's standard; a day of eight working
hours counts as a day of the calendar, since SQL does not know the working hours.
"""

from django.db import migrations

KEEP_ACCESS = """
UPDATE petitions_petition SET doer_ids = ARRAY[department_id]
    WHERE department_id IS NOT NULL AND doer_ids = '{}';
"""
TASKS = """
INSERT INTO petitions_casetask (petition_id, orderer_id, doer_id, text, state, version, round, sent_at,
    acknowledge_by, due_at)
SELECT p.id, e.to_organisation_id, p.department_id, coalesce(n.body, ''), 'sent', 1, 1, now(),
    now() + s.acknowledge_within * s.factor, now() + s.conclude_within * s.factor
FROM petitions_petition p
JOIN LATERAL (
    SELECT to_organisation_id, answered_at FROM petitions_escalation
    WHERE petition_id = p.id AND answer_kind = 'department' ORDER BY id DESC LIMIT 1) e ON true
JOIN LATERAL (
    SELECT s.acknowledge_within, s.conclude_within, 3 - 2 * s.is_round_the_clock::int AS factor
    FROM petitions_standard s JOIN grids_area a ON a.id = s.region_id
    WHERE s.urgency = p.urgency AND starts_with(p.path, a.path)
    ORDER BY length(a.path) DESC LIMIT 1) s ON true
LEFT JOIN petitions_event v ON v.petition_id = p.id AND v.verb = 'answer' AND v.at = e.answered_at
LEFT JOIN petitions_note n ON n.event_id = v.id
WHERE p.department_id IS NOT NULL AND e.to_organisation_id <> p.department_id
    AND p.status IN ('submitted', 'returned', 'accepted', 'assigned', 'in_progress', 'reopened')
    AND NOT EXISTS (SELECT 1 FROM petitions_casetask t WHERE t.petition_id = p.id);
"""
DEADLINES = """
INSERT INTO petitions_deadline (petition_id, kind, organisation_id, task_id, started_at, remind_at,
    due_at, is_provisional, state, attempts)
SELECT t.petition_id, k.kind, t.doer_id, t.id, t.sent_at, t.sent_at + (k.due_at - t.sent_at) * 0.8,
    k.due_at, false, 'open', 0
FROM petitions_casetask t
CROSS JOIN LATERAL (VALUES ('acknowledge', t.acknowledge_by), ('conclude', t.due_at)) AS k (kind, due_at)
WHERE NOT EXISTS (SELECT 1 FROM petitions_deadline d WHERE d.task_id = t.id);
"""
REMOVE = """
DELETE FROM petitions_deadline WHERE task_id IS NOT NULL;
DELETE FROM petitions_casetask;
"""


class Migration(migrations.Migration):
    dependencies = [("petitions", "0035_task_choices")]

    operations = [
        migrations.RunSQL(KEEP_ACCESS, migrations.RunSQL.noop),
        migrations.RunSQL(TASKS + DEADLINES, REMOVE),
    ]
