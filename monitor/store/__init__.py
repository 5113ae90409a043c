"""What is remembered: tables (SQLAlchemy Core), queries, migrations, the outbox and the lock of a run.

The modules named after what they keep (feeds, entries, articles, events, alerts, deliveries, meta) hold plain functions
that take the connection of an open transaction. `open_store` opens a database, `threads.StoreThread` keeps it off the
event loop, `lock.RunLock` keeps a second run out.
"""

from monitor.store.engine import Store, open_store
from monitor.store.errors import StoreBusy, StoreError

__all__ = ["Store", "StoreBusy", "StoreError", "open_store"]
