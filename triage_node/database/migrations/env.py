"""Alembic's environment; the connection comes from `Database.migrate`, or is a fresh one for `alembic revision`."""

from alembic import context
from sqlalchemy import create_engine

from triage_node.database.tables.schema import Base


def run(connection):
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    run(connection)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as own:
        run(own)
        own.commit()
