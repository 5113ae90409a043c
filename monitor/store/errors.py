"""What goes wrong with a store."""

from monitor.records import MonitorError


class StoreError(MonitorError):
    """A store cannot be opened, read or written; the message names it and says what to do."""


class StoreStalled(StoreError):  # noqa: N818 - named after what happened, as the other refusals of a run are
    """A store takes no transaction for a reason that lies outside and can be mended while the program runs.

    Nothing of the transaction was kept; the same one may be tried again.
    """


class StoreBusy(StoreError):  # noqa: N818 - named after what happened, as the other refusals of a run are
    """Another run holds this store; the message names that run."""
