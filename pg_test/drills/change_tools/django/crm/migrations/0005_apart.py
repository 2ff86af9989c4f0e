from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0004_additions")]
    operations = [
        ValidateConstraint("customer", "ck_customer_age"),
        AddIndexConcurrently("customer", models.Index(fields=["age"], name="ix_customer_age")),
    ]
