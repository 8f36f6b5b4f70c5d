"""Begin the chain of events behind the events of earlier releases.

A worker appends the blocks, those events included; this reads only the highest id.
"""

from django.db import migrations

from config.lib.audit.legacy_rows import begin_chain

TABLE = "petitions_event"


class Migration(migrations.Migration):
    dependencies = [("petitions", "0042_event_signature")]

    operations = [migrations.RunPython(begin_chain(TABLE), migrations.RunPython.noop)]
