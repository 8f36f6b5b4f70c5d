"""Fill the dates of the answers and decisions that are owed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0038_answer_dates")]

    operations = [
        migrations.RunSQL(
            "UPDATE petitions_petition p SET answer_due_at = d.due_at, answer_soon_at = d.remind_at"
            " FROM petitions_deadline d WHERE p.is_answer_owed AND p.answer_due_at IS NULL"
            " AND d.petition_id = p.id AND d.kind = 'answer' AND d.settled_at IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE petitions_petition p SET decision_due_at = d.due_at,"
            " decision_soon_at = d.remind_at FROM petitions_deadline d"
            " WHERE p.status = 'returned' AND d.petition_id = p.id AND d.kind = 'arbitration'"
            " AND d.settled_at IS NULL",
            migrations.RunSQL.noop,
        ),
    ]
