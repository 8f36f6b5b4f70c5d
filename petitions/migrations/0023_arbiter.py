"""Add who decides on the return of a case, and who returned it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

ARBITER = models.ForeignKey(
    "branches.organisation",
    django.db.models.deletion.PROTECT,
    db_index=False,
    null=True,
    related_name="+",
)
RETURNED_BY = models.ForeignKey(
    settings.AUTH_USER_MODEL,
    django.db.models.deletion.SET_NULL,
    db_index=False,
    null=True,
    related_name="+",
)
# Without foreign keys and checks, which would be validated by a scan under the lock of this
# statement; the next migration validates them without one.
ADD = """
ALTER TABLE petitions_petition ADD COLUMN arbiter_id bigint, ADD COLUMN returned_by_id bigint;
ALTER TABLE petitions_petition
    ADD CONSTRAINT petition_arbiter_exists FOREIGN KEY (arbiter_id)
        REFERENCES branches_organisation (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE petitions_petition
    ADD CONSTRAINT petition_returner_exists FOREIGN KEY (returned_by_id)
        REFERENCES members_user (id) DEFERRABLE INITIALLY DEFERRED NOT VALID;
ALTER TABLE petitions_petition
    ADD CONSTRAINT petition_returner_never_arbiter
        CHECK (NOT (arbiter_id = organisation_id AND status = 'returned')) NOT VALID;
"""
DROP = "ALTER TABLE petitions_petition DROP COLUMN arbiter_id, DROP COLUMN returned_by_id;"


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0022_reveal_index"),
        ("branches", "0001_organisations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            ADD,
            DROP,
            [
                migrations.AddField("petition", "arbiter", ARBITER),
                migrations.AddField("petition", "returned_by", RETURNED_BY),
                migrations.AddConstraint(
                    "petition",
                    models.CheckConstraint(
                        condition=models.Q(
                            ("arbiter", models.F("organisation")),
                            ("status", "returned"),
                            _negated=True,
                        ),
                        name="petition_returner_never_arbiter",
                    ),
                ),
            ],
        )
    ]
