"""A plugin for pytest: the named tests of etiquette, run with the reader of `mutants` that PARLEY_HABIT names."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutants import MUTANTS

from monitor import fetch
from monitor.app import web

_MUTANT = MUTANTS[os.environ["PARLEY_HABIT"]]
# Before conftest.py takes them by name.
fetch.Fetcher = _MUTANT.fetcher
if _MUTANT.user_agent is not None:
    web.user_agent = lambda _: _MUTANT.user_agent
_MUTANT.patch(pytest.MonkeyPatch())


_lines: dict[str, int] = {}
_broken: set[str] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _lines.update({name: number for number, name in item.module.covered.items()})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _broken.add(report.nodeid.rpartition("::")[2].partition("[")[0])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"broken: {json.dumps(sorted({_lines[name] for name in _broken}))}")
