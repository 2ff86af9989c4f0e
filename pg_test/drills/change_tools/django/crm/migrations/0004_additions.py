"""What needs no change: additions, as PostgreSQL makes them without keeping anybody waiting."""
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_two_columns")]
    operations = [
        migrations.AddField("customer", "country", models.CharField(max_length=2, default="GR")),
        AddConstraintNotValid(
            "customer", models.CheckConstraint(condition=models.Q(age__gte=0), name="ck_customer_age")
        ),
    ]
