import re
from collections.abc import Iterator

import pytest
import structlog

from monitor.app.log import logger
from smalldisk import SmallDisk


@pytest.fixture(autouse=True)
def _own_configuration() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_is_keys_and_values_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").warning("feed polled", feed="https://example.org/rss", new=0, detail="no answer")
    said = capsys.readouterr()
    assert said.out == ""
    stamp, rest = said.err.split(" ", 1)
    assert re.fullmatch(r"timestamp=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", stamp)
    assert rest == 'level=warning event="feed polled" feed=https://example.org/rss new=0 detail="no answer"\n'


def test_what_is_unknown_is_left_out_and_what_is_nought_or_empty_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").info("article read", silence=None, alerts=0, kept=False, title="")
    assert capsys.readouterr().err.split(" ", 1)[1] == 'level=info event="article read" alerts=0 kept=false title=\n'


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_a_level_silences_what_is_below_it(level: str, heard: int, capsys: pytest.CaptureFixture[str]) -> None:
    log = logger(level)
    for speak in (log.debug, log.info, log.warning, log.error):
        speak("something happened")
    assert capsys.readouterr().err.count("something happened") == heard


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


def test_a_text_of_several_lines_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").error("job failed", detail='first\nsecond="x" level=info')
    assert capsys.readouterr().err.count("\n") == 1


def test_what_a_terminal_would_obey_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    logger("info").info("feed polled", title="\x1b[2J\u202eмир\x00\r\n")
    said = capsys.readouterr().err
    assert "мир" in said
    assert said.removesuffix("\n").isprintable()
