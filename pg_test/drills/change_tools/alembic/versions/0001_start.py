import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False, unique=True),
        sa.Column("note", sa.Text),
        sa.Column("pager", sa.Text, server_default="none"),
        sa.Column("fax", sa.Text),
        sa.Column("age", sa.Integer),
    )
    op.create_index("ix_customer_phone", "customer", ["phone", "name"])
    op.create_index("ix_customer_fax", "customer", ["fax"])
    op.create_table(
        "legacy",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
    )
    op.create_index("ix_legacy_code", "legacy", ["code"])
