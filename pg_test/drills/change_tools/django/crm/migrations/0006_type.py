from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_apart")]
    operations = [migrations.AlterField("customer", "age", models.BigIntegerField(null=True))]
