"""Several operations in one file, which is one transaction."""
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_start")]
    operations = [
        migrations.AddField("customer", "email", models.TextField(null=True)),
        migrations.RemoveField("customer", "phone"),
        migrations.RenameField("customer", "name", "full_name"),
        migrations.DeleteModel("Legacy"),
    ]
