import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    op.alter_column("customer", "age", type_=sa.BigInteger)
