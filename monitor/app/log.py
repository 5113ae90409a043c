"""The log of the service: one line per decision on stderr, in the form of whoever reads it.

Whatever speaks has that form: Parley itself, the libraries through the standard library's logging, warnings, and
exceptions that nobody caught. Each is one line, but for the trace of an exception on a terminal.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, TextIO, cast

import structlog
from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from monitor.app.sink import Sink

Form = Literal["text", "logfmt", "json", "journald"]
_FIRST = ("timestamp", "level", "event")
# sd-daemon(3); what has no level of its own there is what stands nearest.
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_COLOURS = {
    "critical": "\x1b[1;31m",
    "error": "\x1b[31m",
    "warning": "\x1b[33m",
    "info": "\x1b[32m",
    "debug": "\x1b[2m",
}
_BOLD, _FAINT, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
# journald cuts a line at 48 KiB (journald.conf(5), LineMax), and the rest would have no priority.
_TRACE_START, _TRACE_END = 4_000, 12_000


def logger(level: str, setting: str = "auto") -> FilteringBoundLogger:
    """The log from `level` on (debug, info, warning, error) in the form that the setting log.format asks for.

    May be called again, at any time: every logger that it gave follows. One made by `bind` keeps what it began with.
    """
    stream, least = sys.stderr, logging.getLevelNamesMapping()[level.upper()]
    form = chosen(setting, stream, os.environ)
    sink = Sink(stream, encoding="utf-8" if form == "json" else None)
    chain: list[Processor] = [structlog.processors.add_log_level, *_chain(form, sink, colours=_coloured(stream))]
    structlog.configure(
        processors=chain,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    log: FilteringBoundLogger = structlog.get_logger()
    # Only the warnings of libraries concern an operator.
    root = logging.getLogger()
    root.handlers[:] = [*(each for each in root.handlers if not isinstance(each, _Libraries)), _Libraries(chain, sink)]
    root.setLevel(max(logging.WARNING, least))
    if stream is sys.__stderr__:
        _take_over(log)
    return log


def chosen(setting: str, stream: TextIO, env: Mapping[str, str]) -> Form:
    """What `auto` comes to: journald when `stream` leads there (systemd.exec(5), $JOURNAL_STREAM), text on a terminal,
    else logfmt."""
    if setting != "auto":
        return cast(Form, setting)
    if stream.isatty():
        return "text"
    try:
        stat = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return "logfmt"
    return "journald" if env.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}" else "logfmt"


def _coloured(stream: TextIO) -> bool:
    """On a terminal, unless its user wants none (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _chain(form: Form, sink: Sink, *, colours: bool) -> list[Processor]:
    def note_lost(_logger: object, _method: str, line: EventDict) -> EventDict:
        if sink.lost:
            line["lines_lost"] = sink.lost
        return line

    chain: list[Processor] = [note_lost, _only_what_is_known, structlog.processors.format_exc_info]
    if form == "text":
        return [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False), *chain, _text(colours=colours)]
    chain.append(_within_a_line)
    fields = structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True)
    if form == "journald":  # which has its own clock

        def with_priority(logger: object, method: str, line: EventDict) -> str:
            priority = _PRIORITIES.get(str(line.get("level")), 6)
            return f"<{priority}>{_shown(fields(logger, method, line))}"

        return [*chain, with_priority]

    stamped: list[Processor] = [structlog.processors.TimeStamper(fmt="iso", utc=True), *chain]
    if form == "json":
        return [*stamped, _json]
    return [*stamped, lambda logger, method, line: _shown(fields(logger, method, line))]


def _text(*, colours: bool) -> Processor:
    bold, faint, plain = (_BOLD, _FAINT, _PLAIN) if colours else ("", "", "")

    def levelled(value: object) -> str:
        return f"{_COLOURS.get(str(value), '') if colours else ''}{value!s:<7}{plain}"

    renderer = ConsoleRenderer(
        sort_keys=False,
        columns=[
            Column("timestamp", KeyValueColumnFormatter(None, faint, plain, str)),
            Column("level", KeyValueColumnFormatter(None, "", "", levelled)),
            Column("event", KeyValueColumnFormatter(None, bold, plain, lambda value: _shown(str(value)))),
            Column("", KeyValueColumnFormatter(faint, "", plain, _quoted)),
        ],
    )

    def render(logger: object, method: str, line: EventDict) -> str:
        trace = line.pop("exception", None)
        shown = renderer(logger, method, line)
        return "\n    ".join([shown, *map(_shown, str(trace).splitlines())]) if trace else shown

    return render


def _json(_logger: object, _method: str, line: EventDict) -> str:
    """The values as they are; what a terminal would obey is written as the escape that JSON has for it."""
    ordered = {**{key: line[key] for key in _FIRST if key in line}, **line}
    text = json.dumps(ordered, ensure_ascii=False, default=str)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _only_what_is_known(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Without its empty values: `silence=` would read as if something had been lost."""
    return {key: value for key, value in line.items() if value is not None}


def _within_a_line(_logger: object, _method: str, line: EventDict) -> EventDict:
    trace = line.get("exception")
    if isinstance(trace, str) and len(trace) > _TRACE_START + _TRACE_END:
        line["exception"] = f"{trace[:_TRACE_START]}\n[...]\n{trace[-_TRACE_END:]}"
    return line


def _quoted(value: object) -> str:
    text = _shown(str(value))
    return text if text and not set(text) & set(' ="') else '"' + text.replace('"', '\\"') + '"'


def _shown(text: str) -> str:
    """With escapes for what a terminal would obey: a far end's or a page's words may hold anything."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class _Libraries(logging.Handler):
    """What is said through the standard library's logging, by the same chain."""

    def __init__(self, chain: list[Processor], sink: Sink) -> None:
        super().__init__()
        self._own_chain, self._sink = chain, sink

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a library that formats badly must not break the form of the log
            said = f"{record.msg!s} ({type(error).__name__} with its values)"
        line: object = {"event": said, "logger": record.name, "exc_info": record.exc_info}
        for step in self._own_chain:
            line = step(None, record.levelname.lower(), cast(EventDict, line))
        self._sink.msg(str(line))


def _take_over(log: FilteringBoundLogger) -> None:
    """Have what nobody caught, and warnings, told as every line is."""

    def ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("not caught", error=repr(error), exc_info=(kind, error, trace))

    def thread_ended(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and args.exc_type is not SystemExit:
            ended(args.exc_type, args.exc_value, args.exc_traceback)

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            log.error(
                "not caught",
                error=repr(args.exc_value),
                where=args.err_msg or "where nothing can be raised",
                exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
            )

    sys.excepthook, threading.excepthook, sys.unraisablehook = ended, thread_ended, unraisable
    logging.captureWarnings(capture=True)
