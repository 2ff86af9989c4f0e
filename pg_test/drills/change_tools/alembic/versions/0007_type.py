import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    op.alter_column("customer", "age", type_=sa.BigInteger)
