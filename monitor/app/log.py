"""The log of the service: one line per decision on stderr, key=value."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger


def logger(level: str) -> FilteringBoundLogger:
    """One line per decision on stderr, key=value."""
    sink = Sink(sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            sink.tell_lost,
            _only_what_is_known,
            _only_what_shows,
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"), drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    # Libraries speak through the standard library's logging; only their warnings concern an operator.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    log: FilteringBoundLogger = structlog.get_logger()
    return log


class Sink(structlog.PrintLogger):
    """Writes lines, and ends nothing when it cannot: its disk is full, or whoever read it is gone.

    The next line that is written tells how many were lost before it, as `lines_lost`.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lost = 0

    def msg(self, message: str) -> None:
        try:
            super().msg(message)
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._lost += 1
        else:
            self._lost = 0

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg

    def tell_lost(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        return {**line, "lines_lost": self._lost or None}


def _only_what_is_known(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Without its empty values: `silence=` would read as if something had been lost."""
    return {key: value for key, value in line.items() if value is not None}


def _only_what_shows(_logger: object, _method: str, line: EventDict) -> EventDict:
    """With escapes for what a terminal would obey: a far end's or a page's words may hold anything."""
    return {key: _shown(value) if isinstance(value, str) else value for key, value in line.items()}


def _shown(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
