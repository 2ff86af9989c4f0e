from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_index_apart")]
    operations = [migrations.AlterField("customer", "age", models.BigIntegerField(null=True))]
