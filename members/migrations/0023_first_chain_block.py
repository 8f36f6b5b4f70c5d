"""Begin the chain of the security log behind the lines of earlier releases.

A worker appends the blocks, those lines included; this reads only the highest id.
"""

from django.db import migrations

from config.lib.audit.legacy_rows import begin_chain

TABLE = "members_securityevent"


class Migration(migrations.Migration):
    dependencies = [("members", "0022_hash_chain")]

    operations = [migrations.RunPython(begin_chain(TABLE), migrations.RunPython.noop)]
