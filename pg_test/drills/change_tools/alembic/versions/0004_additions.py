"""What needs no change: additions, as PostgreSQL makes them without keeping anybody waiting."""
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade():
    op.add_column("customer", sa.Column("country", sa.Text, nullable=False, server_default="GR"))
    op.alter_column("customer", "country", server_default=None)
    op.create_check_constraint("ck_customer_age", "customer", "age >= 0", postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE customer VALIDATE CONSTRAINT ck_customer_age")
        op.create_index("ix_customer_age", "customer", ["age"], postgresql_concurrently=True)


def downgrade():
    op.drop_constraint("ck_customer_age", "customer")
