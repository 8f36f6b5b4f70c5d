"""Delete the results at doors that earlier releases kept when a case was declined or redirected.

The writers of a case erase them when it ends; this deletes the rows of cases that have ended.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("petitions", "0047_constraint_messages")]

    operations = [
        migrations.RunSQL(
            "DELETE FROM petitions_doorvisit d USING petitions_petition p"
            " WHERE p.id = d.petition_id"
            " AND p.status IN ('declined', 'redirected', 'closed', 'withdrawn', 'merged')",
            migrations.RunSQL.noop,
        )
    ]
