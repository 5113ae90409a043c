"""The schema of a store: which one it has, and the way to the newest."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.store.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest of MIGRATIONS. Written here so that a store that is current, which it is at every start but one, is opened
# without the migration tool; a test holds the two together.
HEAD = "0007"


def is_current(tx: Connection, migrations: Path) -> bool:
    """Whether the database has the newest schema that these migrations know."""
    if migrations == MIGRATIONS:
        there = sa.inspect(tx).has_table("alembic_version")
        return there and tx.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
    return _current(tx) == newest(migrations)


def newest(migrations: Path) -> str | None:
    """The newest schema that these migrations lead to."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(migrations)).get_current_head()


def known(migrations: Path = MIGRATIONS) -> frozenset[str]:
    """The schemas that these migrations can take to the newest, and that one."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_config(migrations)).walk_revisions())


def _current(tx: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(tx).get_current_revision()


def upgrade(tx: Connection, where: str, migrations: Path, keep: Callable[[str], None]) -> None:
    """Take the database to the newest schema, inside the write transaction `tx`: all steps are kept, or none.

    `keep` is called with the old revision before anything changes in a store that holds something. StoreError for a
    schema that these migrations do not know, and for a database of something else.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    config = _config(migrations)
    config.attributes["connection"] = tx
    scripts = ScriptDirectory.from_config(config)
    head, current = scripts.get_current_head(), _current(tx)
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


def _config(migrations: Path) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
