"""Signed records of the rows that give rights. A worker records the rows that exist."""

from django.db import migrations, models

FORWARD = """
CREATE TRIGGER members_rights_record_is_final BEFORE UPDATE OR DELETE ON members_rightsrecord
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER members_rights_record_is_kept BEFORE TRUNCATE ON members_rightsrecord
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
CREATE TRIGGER members_rights_record_is_signed BEFORE INSERT ON members_rightsrecord
    FOR EACH ROW WHEN (NEW.signature IS NULL) EXECUTE FUNCTION audit_require_signature();
"""
BACKWARD = """
DROP TRIGGER members_rights_record_is_signed ON members_rightsrecord;
DROP TRIGGER members_rights_record_is_kept ON members_rightsrecord;
DROP TRIGGER members_rights_record_is_final ON members_rightsrecord;
"""
RECORD = [
    ("id", models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )),
    ("signature", models.BinaryField(null=True)),
    ("at", models.DateTimeField()),
    ("table", models.CharField(max_length=60)),
    ("row", models.CharField(max_length=40)),
    ("digest", models.BinaryField(default=b"")),
]


class Migration(migrations.Migration):
    dependencies = [("members", "0023_first_chain_block")]

    operations = [
        migrations.CreateModel(
            "RightsRecord",
            RECORD,
            options={
                "indexes": [models.Index(fields=["table", "row"], name="rights_record_row")]
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
