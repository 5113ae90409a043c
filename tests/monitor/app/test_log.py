import io
import json
import logging
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.log import chosen, logger
from smalldisk import SmallDisk

FORMATS = ("text", "logfmt", "json", "journald")


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


def test_a_line_is_keys_and_values_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").warning("feed polled", feed="https://example.org/rss", new=0, detail="no answer")
    said = capsys.readouterr()
    assert said.out == ""
    stamp, rest = said.err.split(" ", 1)
    assert re.fullmatch(r"timestamp=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", stamp)
    assert rest == 'level=warning event="feed polled" feed=https://example.org/rss new=0 detail="no answer"\n'


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("text", r'\d\d:\d\d:\d\d warning feed polled new=0 ok=False because="no answer" who=\[\'a\'\]'),
        (
            "logfmt",
            r'timestamp=\S+Z level=warning event="feed polled" new=0 ok=false because="no answer" who=\[\'a\'\]',
        ),
        (
            "json",
            r'\{"timestamp": "\S+Z", "level": "warning", "event": "feed polled", "new": 0, "ok": false, '
            r'"because": "no answer", "who": \["a"\]\}',
        ),
        ("journald", r'<4>level=warning event="feed polled" new=0 ok=false because="no answer" who=\[\'a\'\]'),
    ],
)
def test_a_line_in_each_format(form: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger("info", form).warning("feed polled", new=0, ok=False, because="no answer", who=["a"], silence=None)
    assert re.fullmatch(line + "\n", capsys.readouterr().err)


def test_the_times_of_json_are_of_rfc_3339(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info", "json").info("service started", after=timedelta(seconds=2))
    said = json.loads(capsys.readouterr().err)
    assert datetime.fromisoformat(said["timestamp"]).utcoffset() == timedelta(0)
    assert said["after"] == "0:00:02"


@pytest.mark.parametrize(("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)])
def test_the_journal_gets_a_priority_with_every_line(
    level: str, priority: int, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(logger("debug", "journald"), level)("something happened", detail="one\ntwo")
    said = capsys.readouterr().err
    assert said.startswith(f"<{priority}>level={level} ")
    assert said.count("\n") == 1


def test_what_is_unknown_is_left_out_and_what_is_nought_or_empty_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").info("article read", silence=None, alerts=0, kept=False, title="")
    assert capsys.readouterr().err.split(" ", 1)[1] == 'level=info event="article read" alerts=0 kept=false title=\n'


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_a_level_silences_what_is_below_it(level: str, heard: int, capsys: pytest.CaptureFixture[str]) -> None:
    log = logger(level)
    for speak in (log.debug, log.info, log.warning, log.error):
        speak("something happened")
    assert capsys.readouterr().err.count("something happened") == heard


def test_a_reload_changes_level_and_format_for_every_logger_that_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("error")
    log.info("not heard")
    logger("info", "json")
    log.info("heard")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "heard"


@pytest.mark.parametrize("form", ["logfmt", "json", "journald"])
def test_a_text_of_several_lines_stays_one_line(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger("info", form).error("job failed", detail='first\nsecond="x" level=info')
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_terminal_would_obey_is_escaped(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("info", form)
    log.info("feed polled", title="\x1b[2J\u202eмир\x00\r\n", all=["\x1b[2J"], where="\x9b1m \u2028")
    logging.getLogger("some.library").warning("\x1b]0;title\x07 %s", "\u202e")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "мир" in said[0]
    assert all(line.isprintable() for line in said)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text() | st.integers() | st.booleans()))
def test_every_line_of_json_is_one_line_and_gives_its_values_back(values: dict[str, str | int | bool]) -> None:
    values = {f"v_{name}": value for name, value in values.items()}
    sys.stderr, before = io.StringIO(), sys.stderr
    try:
        logger("info", "json").info("said", **values)
        said = sys.stderr.getvalue()
    finally:
        sys.stderr = before
    assert said.removesuffix("\n").isprintable()
    assert {name: value for name, value in json.loads(said).items() if name.startswith("v_")} == values


def _fail() -> None:
    try:
        raise ValueError("first\nsecond \x1b[2J")
    except ValueError as error:
        raise RuntimeError("third") from error


@pytest.mark.parametrize("form", ["logfmt", "json", "journald"])
def test_an_exception_is_one_line_with_its_trace(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("info", form)
    try:
        _fail()
    except RuntimeError:
        log.exception("article failed")
        logging.getLogger("some.library").exception("it failed")
    ours, theirs = capsys.readouterr().err.splitlines()
    for line in (ours, theirs):
        assert line.isprintable()
        for words in ("Traceback", "ValueError: first", "RuntimeError: third"):
            assert words in line
    if form == "json":
        assert json.loads(ours)["exception"].endswith("\nRuntimeError: third")


def test_on_a_terminal_a_trace_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("info", "text")
    try:
        _fail()
    except RuntimeError:
        log.exception("article failed", url="https://a.example/1")
    first, *trace = capsys.readouterr().err.splitlines()
    assert first.endswith("error   article failed url=https://a.example/1")
    assert trace[-1] == "    RuntimeError: third"
    assert len(trace) > 5
    assert all(line.startswith("    ") and line.isprintable() for line in trace)


def test_a_trace_of_any_length_is_short_enough_for_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    log = logger("info", "journald")
    try:
        raise ValueError("x" * 100_000 + " the end")
    except ValueError:
        log.exception("article failed")
    said = capsys.readouterr().err
    assert len(said) < 48 * 1024
    assert "the end" in said


def test_what_a_library_says_wrongly_is_said_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers.clear()  # those of the test runner, which cannot read it either
    logger("info", "json")
    logging.getLogger("some.library").warning("%d pages", "many")
    logging.getLogger("some.library").info("chatter")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["level"], said["logger"]) == ("warning", "some.library")
    assert said["event"].startswith("%d pages (TypeError")


def test_auto_is_the_journal_where_stderr_leads_there_and_logfmt_in_a_file_or_pipe(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        stat = os.fstat(file.fileno())
        mine = {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino}"}
        assert chosen("auto", file, mine) == "journald"
        # What a parent's stderr was, and this one's is no more.
        assert chosen("auto", file, {"JOURNAL_STREAM": f"{stat.st_dev}:{stat.st_ino + 1}"}) == "logfmt"
        assert chosen("auto", file, {}) == "logfmt"
        assert chosen("json", file, mine) == "json"
    assert chosen("auto", io.StringIO(), mine) == "logfmt"


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_auto_is_text_on_a_terminal_with_colour_unless_that_is_not_wanted(
    env: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = os.openpty()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with os.fdopen(mine, "rb", buffering=0) as terminal, os.fdopen(theirs, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        logger("info").warning("feed polled", new=1)
        monkeypatch.undo()
        said = terminal.read(1000).decode()
    assert ("\x1b[" in said) is coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", said)
    assert re.fullmatch(r"\d\d:\d\d:\d\d warning feed polled new=1\r\n", plain)


PROGRAM = """
import asyncio, gc, os, sys, threading, warnings
from monitor.app.log import logger
log = logger("info", "{form}")
class Odd:
    def __del__(self):
        raise OSError("in the dark")
async def never(): raise LookupError("nobody asked")
async def main():
    task = asyncio.create_task(never())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
asyncio.run(main())
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
del [Odd()][0]
warnings.warn("soon gone", FutureWarning)
log.info("last words")
raise RuntimeError("the end")
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "journald"])
def test_what_nobody_caught_is_a_line_like_all_others(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, text=True, check=False
    )
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    for words in ("LookupError: nobody asked", "ZeroDivisionError", "OSError: in the dark", "soon gone", "the end"):
        assert sum(words in line for line in lines) == 1, done.stderr
    assert len(lines) == 6
    if form == "json":
        assert [json.loads(line)["level"] for line in lines] == ["error"] * 3 + ["warning", "info", "error"]
    else:
        assert [line[:3] for line in lines] == ["<3>"] * 3 + ["<4>", "<6>", "<3>"]


FULL = """
import sys
from monitor.app.log import logger
log = logger("info", "json")
for number in range(3):
    log.info("said", number=number, text="x" * 3000)
sys.exit(7)
"""


def test_a_disk_that_is_full_or_a_pipe_that_nobody_reads_ends_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        assert subprocess.run([sys.executable, "-c", FULL], stderr=full, check=False).returncode == 7
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert subprocess.run([sys.executable, "-c", FULL], stderr=writing, check=False).returncode == 7
    finally:
        os.close(writing)


class Stream(io.StringIO):
    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_lines_that_were_lost_are_counted_in_the_next_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    log = logger("info", "json")
    stream.full = True
    log.info("one")
    log.info("two")
    stream.full = False
    log.info("three")
    log.info("four")
    three, four = map(json.loads, stream.getvalue().splitlines())
    assert (three["event"], three["lines_lost"]) == ("three", 2)
    assert "lines_lost" not in four


TORN = """
import os, resource, signal, sys
from monitor.app.sink import Sink
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sink = Sink(sys.stderr)
resource.setrlimit(resource.RLIMIT_FSIZE, (5, resource.RLIM_INFINITY))
sink.msg("0123456789")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sink.msg("whole")
"""


def test_a_line_that_was_torn_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        subprocess.run([sys.executable, "-c", TORN], stderr=file, check=True)
    assert (tmp_path / "log").read_text() == "01234\nwhole\n"


STALLED = """
import sys, time
from monitor.app.log import logger
logger("info", "json").info("before", text="x" * 100_000)
log = logger("info", "json")  # as a reload makes it anew
longest = 0
for number in range(9_000):
    began = time.monotonic()
    log.info("said", number=number, text="x" * 1000)
    longest = max(longest, time.monotonic() - began)
print(longest, flush=True)
sys.stdin.readline()
time.sleep(0.5)
log.info("after")
"""


def test_a_reader_that_hangs_holds_nobody_up_and_later_gets_whole_lines_in_order_with_the_count_of_those_lost() -> None:
    piped = subprocess.PIPE
    ran = [sys.executable, "-c", STALLED]
    with subprocess.Popen(ran, text=True, stdin=piped, stdout=piped, stderr=piped) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        assert service.stderr is not None
        try:
            ready, _, _ = select.select([service.stdout], [], [], 20)
            assert ready, "the log waits for its reader"
            assert float(service.stdout.readline()) < 5
            service.stdin.write("go on\n")
            service.stdin.flush()
            lines = [json.loads(line) for line in service.stderr]
        finally:
            service.kill()
    said = [line["number"] for line in lines if line["event"] == "said"]
    assert (lines[0]["event"], lines[-1]["event"]) == ("before", "after")
    assert said == list(range(len(said)))
    assert 1_000 < len(said) < 9_000
    assert len(said) + lines[-1]["lines_lost"] == 9_000


def test_a_reader_that_never_goes_on_does_not_hold_up_the_end() -> None:
    reading, writing = os.pipe()
    try:
        code = FULL.replace("range(3)", "range(300)")
        assert subprocess.run([sys.executable, "-c", code], stderr=writing, check=False, timeout=20).returncode == 7
    finally:
        os.close(reading)
        os.close(writing)


SPEAKS_WHILE_IT_SPEAKS = """
from monitor.app import sink
from monitor.app.log import logger
log = logger("info", "json")
write = sink.os.write
def collected(descriptor, line):  # as a destructor that the collector calls in the middle of a line
    sink.os.write = write
    log.error("inside")
    return write(descriptor, line)
sink.os.write = collected
log.info("outside")
log.info("after")
"""


def test_a_line_that_is_said_within_another_waits_for_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPEAKS_WHILE_IT_SPEAKS], stderr=subprocess.PIPE, text=True, check=True, timeout=20
    )
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["outside", "inside", "after"]


@pytest.mark.slow
def test_a_log_on_a_full_disk_costs_nothing_but_its_lines_and_says_how_many(small_disk: SmallDisk) -> None:
    with (small_disk.path / "log").open("w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stream)
        log = logger("info")
        log.info("before")
        small_disk.fill()
        for n in range(2000):  # more than the page that the file has already
            log.info("lost", n=n)
        small_disk.free()
        log.info("after")
        log.info("and on")
    first, *_, after, last = (small_disk.path / "log").read_text().splitlines()
    assert "event=before" in first
    lost = re.search(r"event=after lines_lost=(\d+)", after)
    assert lost is not None
    assert 1900 < int(lost[1]) <= 2000
    assert last.endswith('event="and on"')
