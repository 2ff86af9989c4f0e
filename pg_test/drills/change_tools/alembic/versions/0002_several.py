"""Several operations in one file, which is one transaction."""
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("customer", sa.Column("email", sa.Text))
    op.drop_column("customer", "phone")
    op.alter_column("customer", "name", new_column_name="full_name")
    op.drop_table("legacy")


def downgrade():
    op.create_table(
        "legacy",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
    )
    op.create_index("ix_legacy_code", "legacy", ["code"])
    op.alter_column("customer", "full_name", new_column_name="name")
    op.add_column("customer", sa.Column("phone", sa.Text))
    op.drop_column("customer", "email")
