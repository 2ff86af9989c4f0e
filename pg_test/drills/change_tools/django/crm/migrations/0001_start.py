from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("name", models.CharField(max_length=100)),
                ("phone", models.CharField(max_length=100, unique=True)),
                ("note", models.TextField(null=True)),
                ("pager", models.TextField(null=True)),
                ("fax", models.TextField(null=True)),
                ("age", models.IntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Legacy",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("code", models.CharField(max_length=10, db_index=True)),
            ],
        ),
        migrations.AddIndex("customer", models.Index(fields=["fax"], name="ix_customer_fax")),
    ]
