"""When a service is ready, and what is told where it is not."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from monitor.app.readiness import Check, Seen, as_json, as_text, checks
from monitor.app.vitals import Hanging, Vitals

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ROUNDS = MappingProxyType({"poller": 2 * SECOND, "reader": 3 * MINUTE, "sender": SECOND})
WELL = Vitals(T, (), ROUNDS)
STUCK = Vitals(T, (Hanging("reader", T - 9 * MINUTE, 9 * MINUTE, "https://a.example/1: asks the host"),), ROUNDS)
TURNED = {"poll": 3, "read": 1, "deliver": 2}


def bad(seen: Seen) -> list[Check]:
    return [check for check in checks(seen) if not check.fine]


def test_a_service_that_does_its_work_is_ready() -> None:
    made = checks(Seen(WELL, TURNED, 9 * SECOND))
    assert all(check.fine for check in made)
    assert as_text(made) == (
        "ready\n"
        "ok  configuration: loaded\n"
        "ok  store: written 9 s ago\n"
        "ok  first cycle: done\n"
        "ok  poller: came round 2 s ago\n"
        "ok  reader: came round 3 min ago\n"
        "ok  sender: came round 1 s ago\n"
    )


def test_a_refused_reload_leaves_it_ready_and_is_told() -> None:
    made = checks(Seen(WELL, TURNED, SECOND, reloaded=False))
    assert all(check.fine for check in made)
    assert made[0].detail == "loaded; the last reload was refused, see the log"


@pytest.mark.parametrize(
    ("vitals", "turns", "wrote", "more", "told"),
    [
        (WELL, TURNED, None, {}, Check("store", False, "has not taken a write yet")),
        (WELL, TURNED, 3 * MINUTE, {}, Check("store", False, "no write for 3 min", T - 3 * MINUTE)),
        (
            WELL, TURNED, SECOND, {"stalled": ("the disk is full", T - MINUTE)},
            Check("store", False, "takes no writes: the disk is full", T - MINUTE),
        ),
        (
            WELL, {"poll": 1, "read": 0, "deliver": 0}, SECOND, {},
            Check("first cycle", False, "reader and sender not come round yet"),
        ),
        (
            STUCK, TURNED, SECOND, {},
            Check("reader", False, "hangs for 9 min (https://a.example/1: asks the host)", T - 9 * MINUTE),
        ),
        (WELL, TURNED, SECOND, {"stopping": True}, Check("stopping", False, "the service is about to end")),
    ],
    ids=["never written", "not written lately", "stalled", "first cycle", "hangs", "stopping"],
)  # fmt: skip
def test_what_keeps_it_from_its_work_is_the_one_check_that_fails(
    vitals: Vitals, turns: dict[str, int], wrote: timedelta | None, more: Mapping[str, object], told: Check
) -> None:
    assert bad(Seen(vitals, turns, wrote, **more)) == [told]


def test_a_person_and_a_program_are_told_the_same() -> None:
    made = checks(Seen(STUCK, TURNED, SECOND))
    text = as_text(made)
    assert text.startswith("not ready\n")
    assert "NOT reader: hangs for 9 min (https://a.example/1: asks the host), since 2026-03-01 11:51:00Z\n" in text
    value = json.loads(as_json(made, pid=17, version="9.9"))
    assert (value["ready"], value["pid"], value["version"]) == (False, 17, "9.9")
    assert [(each["name"], each["ok"], each["since"]) for each in value["checks"] if not each["ok"]] == [
        ("reader", False, "2026-03-01T11:51:00+00:00")
    ]
