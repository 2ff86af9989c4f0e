from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0006_index")]
    operations = [RemoveIndexConcurrently("customer", "ix_customer_age")]
