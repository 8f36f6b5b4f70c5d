"""Makes the security log append-only for half a year, whatever code runs."""

from django.db import migrations

# A line never changes (only its link to a removed account empties) and stays at least six months.
# Source: 网络安全法, network logs are kept for not less than six months.
FORWARD = """
CREATE FUNCTION members_keep_security_log() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER members_keep_security_log BEFORE UPDATE OR DELETE ON members_securityevent
    FOR EACH ROW EXECUTE FUNCTION members_keep_security_log();
"""
BACKWARD = """
DROP TRIGGER members_keep_security_log ON members_securityevent;
DROP FUNCTION members_keep_security_log();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0003_hats_exclude_each_other")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
