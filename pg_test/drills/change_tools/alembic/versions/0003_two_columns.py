import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.drop_column("customer", "note")
    op.drop_column("customer", "pager")


def downgrade():
    op.add_column("customer", sa.Column("pager", sa.Text))
    op.add_column("customer", sa.Column("note", sa.Text))
