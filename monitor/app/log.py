"""The log of the service: one line per decision on stderr, key=value."""

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger


def logger(level: str) -> FilteringBoundLogger:
    """One line per decision on stderr, key=value."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging; only their warnings concern an operator.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    log: FilteringBoundLogger = structlog.get_logger()
    return log
