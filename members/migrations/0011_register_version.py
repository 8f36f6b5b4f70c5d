"""Posts, and locking or unlocking an account, change the version of the registers.

Who heads which organisation is cached with the registers.
"""

from django.db import migrations

FORWARDS = """
CREATE TRIGGER branches_next_edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
    ON members_post FOR EACH STATEMENT EXECUTE FUNCTION branches_next_edition();
CREATE TRIGGER branches_next_edition AFTER UPDATE OF is_active
    ON members_user FOR EACH ROW WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active)
    EXECUTE FUNCTION branches_next_edition();
"""
BACKWARDS = """
DROP TRIGGER branches_next_edition ON members_user;
DROP TRIGGER branches_next_edition ON members_post;
"""


class Migration(migrations.Migration):
    dependencies = [("branches", "0003_edition"), ("members", "0010_valid_enrolment_dates")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
