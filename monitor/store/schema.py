"""The schema of a store: which one it has, and the way to the newest."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from monitor.store.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(tx: Connection, migrations: Path) -> bool:
    """Whether the database has the newest schema that these migrations know."""
    head = ScriptDirectory.from_config(_config(migrations)).get_current_head()
    return MigrationContext.configure(tx).get_current_revision() == head


def upgrade(tx: Connection, where: str, migrations: Path, keep: Callable[[str], None]) -> None:
    """Take the database to the newest schema, inside the write transaction `tx`: all steps are kept, or none.

    `keep` is called with the old revision before anything changes in a store that holds something. StoreError for a
    schema that these migrations do not know, and for a database of something else.
    """
    config = _config(migrations)
    config.attributes["connection"] = tx
    scripts = ScriptDirectory.from_config(config)
    head, current = scripts.get_current_head(), MigrationContext.configure(tx).get_current_revision()
    if current == head:
        return
    if current is None:
        if tables := sa.inspect(tx).get_table_names():
            raise StoreError(f"{where} is a database of something else (it has {tables[0]}): name another store")
    elif current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"the store {where} has schema {current}, newer than this Parley ({head}): install the newer Parley, "
            f"or restore the copy that it made when it changed the schema ({where}.before-...)"
        )
    else:
        keep(current)
    command.upgrade(config, "head")


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
