from django.db import migrations


class Migration(migrations.Migration):
    """A transaction for each statement."""

    atomic = False
    dependencies = [("crm", "0002_several")]
    operations = [
        migrations.RemoveField("customer", "note"),
        migrations.RemoveField("customer", "pager"),
    ]
