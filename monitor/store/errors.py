"""What goes wrong with a store."""

from monitor.records import MonitorError


class StoreError(MonitorError):
    """A store cannot be opened, read or written; the message names it and says what to do."""


class StoreBusy(StoreError):  # noqa: N818 - named after what happened, as the other refusals of a run are
    """Another run holds this store; the message names that run."""
