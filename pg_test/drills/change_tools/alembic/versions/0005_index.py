"""An index and its column: each is a change of its own."""
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    op.drop_index("ix_customer_fax", "customer")
    op.drop_column("customer", "fax")
