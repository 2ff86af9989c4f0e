# Connects as libpq's environment says. SQLAlchemy logs what the server says as INFO of its dialect.
import logging

from alembic import context
from sqlalchemy import create_engine, pool

logging.basicConfig(format="%(message)s")
logging.getLogger("sqlalchemy.dialects.postgresql").setLevel(logging.INFO)
URL = "postgresql+psycopg://"
if context.is_offline_mode():
    context.configure(url=URL, transactional_ddl=False)
    context.run_migrations()
else:
    with create_engine(URL, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
