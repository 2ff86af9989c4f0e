"""An index and its column: each is a change of its own."""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_apart")]
    operations = [
        migrations.RemoveIndex("customer", "ix_customer_fax"),
        migrations.RemoveField("customer", "fax"),
    ]
