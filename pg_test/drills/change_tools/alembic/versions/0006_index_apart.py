from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    with op.get_context().autocommit_block():
        op.drop_index("ix_customer_age", "customer", postgresql_concurrently=True)
