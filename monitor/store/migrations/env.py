"""Where Alembic meets the store: always on a connection that is handed in, inside its transaction."""

from alembic import context

from monitor.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
