"""Append-only tables by triggers, also against TRUNCATE; the chain of blocks over their rows.

A line of the security log never changes. The owner may remove lines older than six months, and may
empty the tables only after `SET LOCAL zhaozhibu.allow_truncate`, to remove the sample. Any other
role must sign what it adds.
"""

from django.db import migrations, models
from django.utils import timezone

FORWARD = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('zhaozhibu.allow_truncate', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only (row %)', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION audit_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('zhaozhibu.allow_truncate', true) IS DISTINCT FROM 'yes' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION audit_require_signature() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RAISE EXCEPTION 'a row of % must be signed', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION members_keep_security_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The security log is append-only for six months.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER members_security_log_is_kept BEFORE TRUNCATE ON members_securityevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
CREATE TRIGGER members_security_log_is_signed BEFORE INSERT ON members_securityevent
    FOR EACH ROW WHEN (NEW.signature IS NULL) EXECUTE FUNCTION audit_require_signature();
CREATE TRIGGER members_chain_is_final BEFORE UPDATE OR DELETE ON members_chainblock
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER members_chain_is_kept BEFORE TRUNCATE ON members_chainblock
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncate();
CREATE TRIGGER members_chain_is_signed BEFORE INSERT ON members_chainblock
    FOR EACH ROW WHEN (NEW.signature IS NULL) EXECUTE FUNCTION audit_require_signature();
"""
BACKWARD = """
DROP TRIGGER members_chain_is_signed ON members_chainblock;
DROP TRIGGER members_chain_is_kept ON members_chainblock;
DROP TRIGGER members_chain_is_final ON members_chainblock;
DROP TRIGGER members_security_log_is_signed ON members_securityevent;
DROP TRIGGER members_security_log_is_kept ON members_securityevent;
CREATE OR REPLACE FUNCTION members_keep_security_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '183 days' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL
        AND (NEW.id, NEW.at, NEW.action, NEW.detail) = (OLD.id, OLD.at, OLD.action, OLD.detail)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The security log is append-only for six months.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP FUNCTION audit_require_signature();
DROP FUNCTION audit_refuse_truncate();
DROP FUNCTION audit_refuse_change();
"""
BLOCK = [
    ("id", models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )),
    ("signature", models.BinaryField(null=True)),
    ("table", models.CharField(max_length=60)),
    ("number", models.PositiveIntegerField()),
    ("last_id", models.BigIntegerField(default=0)),
    ("legacy_id", models.BigIntegerField(default=0)),
    ("entries", models.BinaryField(default=b"")),
    ("previous", models.BinaryField(default=b"")),
    ("appended_at", models.DateTimeField()),
]


class Migration(migrations.Migration):
    dependencies = [("members", "0021_refusal_count")]

    operations = [
        migrations.CreateModel(
            "ChainBlock",
            BLOCK,
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("table", "number"), name="chain_block_once")
                ]
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
