"""Trigger functions look tables up in a fixed order, so that no temporary table replaces one.

Without it `CREATE TEMP TABLE petitions_event …` lets the guards read rows of the caller's own.
Covers the functions of every app; `tests/petitions/ops/test_trigger_functions.py` requires it of later
ones.
"""

from django.db import migrations

FOR_EACH_FUNCTION = """
DO $$
DECLARE
    changed regprocedure;
BEGIN
    FOR changed IN
        SELECT p.oid FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype
            AND p.proowner = current_user::regrole
            AND NOT EXISTS (
                SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = p.oid
                    AND d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e')
    LOOP
        EXECUTE pg_catalog.format('ALTER FUNCTION %s {setting}', changed);
    END LOOP;
END $$;
"""
FORWARD = FOR_EACH_FUNCTION.replace("{setting}", "SET search_path = pg_catalog, public, pg_temp")
BACKWARD = FOR_EACH_FUNCTION.replace("{setting}", "RESET search_path")


class Migration(migrations.Migration):
    dependencies = [
        ("petitions", "0044_actor_choices"),
        ("members", "0023_first_chain_block"),
        ("branches", "0007_open_cases"),
        ("grids", "0007_office_hours_apart"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
