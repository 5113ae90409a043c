"""The home of the month: its feeds and settings, what its operator edits, and what befalls its clock."""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from farends.slack import TOKEN
from monitor.homes import initialise
from month.press import LANGUAGES, Press
from month.web import whole
from simulated.world import DAY, HOUR, START

FEEDS, DAYS, SEED = 300, 30, 4
BACK, ASLEEP, FORWARD = 11.5 * DAY, 13 * DAY + HOUR, 14 * DAY + 6 * HOUR
"""When the clock is set back by two hours, the machine sleeps for eight, the clock is set forward by three: steady time
since START."""
SLEPT = 8 * HOUR


def true(steady: float) -> datetime:
    """The time of day when steady time is that many seconds."""
    passed = timedelta(seconds=steady)
    return START + passed + (SLEPT if passed >= ASLEEP else 0 * HOUR)


def wall(steady: float) -> datetime:
    """What the machine's clock shows then."""
    passed = timedelta(seconds=steady)
    wrong = 1 * HOUR if passed >= FORWARD else -2 * HOUR if passed >= BACK else 0 * HOUR
    return true(steady) + wrong


def intervals() -> Mapping[str, timedelta]:
    """The operator's own interval of all newsrooms but every tenth, which goes by etiquette."""
    return {_url(n): 8 * HOUR for n in range(FEEDS) if n % 10}


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the far ends listen: the mail server's port, the file of its authority, Slack's base and its channel."""

    mail: int
    authority: Path
    slack: str
    channel: str


def begin(path: Path, ends: Ends, press: Press) -> None:
    """Write the home, and into it what its newsrooms publish.

    What passes is kept for so short a time that all of it has been dropped for days by mid-month.
    """
    initialise(path)
    (path / "moment").write_bytes(bytes(8))
    (path / "requests").touch()
    (path / "press").write_bytes(pickle.dumps(press))
    (path / "config" / "parley.yaml").write_text(
        "watches: [ru-ua]\n"
        "contact: https://example.org/first\n"
        "polling:\n  host_gap: 1s\n  page_deadline: 20s\n"
        "workers: {count: 2, memory: 512MB, feed_timeout: 2m, page_timeout: 2m, claims_timeout: 2m}\n"
        "keep: {entries: 3d, articles: 5d, journal: 5d, archive: 3d, archive_size: 5MB}\n"
        "http: {listen: 'off'}\n"
        "log: {level: info, format: logfmt}\n"
        "channels:\n"
        f"  mail: {{kind: email, host: 127.0.0.1, port: {ends.mail}, security: starttls,"
        f" sender: parley@example.org, ca_file: '{ends.authority}'}}\n"
        f"  room: {{kind: slack, token: {TOKEN}, api_url: '{ends.slack}'}}\n"
        "recipients:\n"
        "  desk: {channel: mail, to: desk@example.org}\n"
        "  night: {channel: mail, to: night@example.org, zone: Europe/Kyiv,"
        " quiet: [{from: '22:00', to: '07:00', then: hold}]}\n"
        "  daily: {channel: mail, to: daily@example.org, zone: Europe/Kyiv}\n"
        f"  room: {{channel: room, to: {ends.channel}}}\n"
        "routes:\n"
        "  - {to: [desk, room]}\n"
        "  - {to: [night], reasons: [new, advanced, reversed]}\n"
        "  - {to: [daily], digest: {at: '08:00'}}\n"
    )
    _feeds(path, without=None)


def edit(path: Path, day: int) -> None:
    """What the operator changes on that day: by turns the feeds, the settings, the watch."""
    match day % 3:
        case 0:
            # One feed leaves, and the one that left three days ago is back.
            _feeds(path, without=FEEDS - 1 - day)
        case 1:
            # By turns something that the reader goes by, the fetcher, the pool, a channel.
            key, value = (
                ("page_deadline", f"{20 + day}s"),
                ("contact", f"https://example.org/edition-{day}"),
                ("memory", f"{512 + day}MB"),
                ("sender", f"Parley {day} <parley@example.org>"),
            )[day // 3 % 4]
            file = path / "config" / "parley.yaml"
            text, changed = re.subn(rf"\b{key}: [^,}}\n]+", f"{key}: {value}", file.read_text(encoding="utf-8"))
            assert changed == 1, key
            file.write_text(text, encoding="utf-8")
        case _:
            file = path / "seeds" / "watches" / "ru-ua.yaml"
            text = file.read_text(encoding="utf-8")
            file.write_text(
                re.sub(r"(?m)^title: .*$", f"title: Talks and exchanges, edition {day}", text), encoding="utf-8"
            )


def _feeds(path: Path, without: int | None) -> None:
    chosen = intervals()
    rows = []
    for n in range(FEEDS):
        if n == without:
            continue
        more = ", interval: 8h" if _url(n) in chosen else ""
        more += ", pages: false" if whole(n) else ""
        rows.append(f"  - {{url: '{_url(n)}', outlet: Courier {n}, language: {LANGUAGES[n % 4]}{more}}}\n")
    # As an editor writes it: whole or not at all.
    file = path / "config" / "feeds.yaml"
    fresh = file.with_name("feeds.new")
    fresh.write_text("feeds:\n" + "".join(rows), encoding="utf-8")
    fresh.replace(file)


def _url(number: int) -> str:
    return f"http://site-{number}.example/feed.xml"
