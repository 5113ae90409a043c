"""Readers with one bad habit each, and the lines of the checklist that it breaks."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, ClassVar

from pytest import MonkeyPatch

from monitor import fetch, poll, schedule, subscriptions
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.turns import Turns


class Forgetful(Fetcher):
    """Sends no validators."""

    async def get(self, url: str, **more: Any) -> Any:
        return await super().get(url, **more | {"etag": None, "last_modified": None})


class Tidy(Fetcher):
    """Writes dates as they ought to be."""

    async def get(self, url: str, **more: Any) -> Any:
        with suppress(TypeError, ValueError):
            date = parsedate_to_datetime(more.get("last_modified")).astimezone(UTC)
            more["last_modified"] = format_datetime(date, usegmt=True)
        return await super().get(url, **more)


class Strong(Fetcher):
    """Believes that no ETag is weak."""

    async def get(self, url: str, **more: Any) -> Any:
        return await super().get(url, **more | {"etag": (more.get("etag") or "").removeprefix("W/") or None})


class Inventive(Fetcher):
    """Has a date where the server gave none."""

    async def get(self, url: str, **more: Any) -> Any:
        since = more.get("last_modified") or "Thu, 01 Jan 1970 00:00:00 GMT"
        return await super().get(url, **more | {"last_modified": since})


class Naming(Fetcher):
    """Has an ETag where the server gave none."""

    async def get(self, url: str, **more: Any) -> Any:
        return await super().get(url, **more | {"etag": more.get("etag") or "null"})


class Mixing(Fetcher):
    """Keeps an old validator beside a new one of the other sort."""

    held: dict[str, tuple[str | None, str | None]]

    async def get(self, url: str, **more: Any) -> Any:
        got = await super().get(url, **more)
        if isinstance(got, Fetched):
            self.held = getattr(self, "held", {})
            etag, modified = self.held.get(url, (None, None))
            got = replace(got, etag=got.etag or etag, last_modified=got.last_modified or modified)
            self.held[url] = got.etag, got.last_modified
        return got


class Offended(Fetcher):
    """Takes a 304 for a failure."""

    async def get(self, url: str, **more: Any) -> Any:
        got = await super().get(url, **more)
        return FetchFailure("status", "304", 304) if isinstance(got, NotModified) else got


class Headed(Fetcher):
    """Sends another header, or another value of one."""

    more: ClassVar[tuple[bytes, bytes]]

    async def _hop(self, target: Any, url: Any, moved: Any, headers: Any, cap: Any, seconds: Any) -> Any:
        kept = [each for each in headers if each[0].lower() != self.more[0].lower()]
        return await super()._hop(target, url, moved, [*kept, self.more], cap, seconds)


class Biscuits(Headed):
    more = b"Cookie", b"id=7"


class Telltale(Headed):
    more = b"Referer", b"https://example.org/"


class Loose(Headed):
    more = b"Accept-Encoding", b"identity"


class Mask(Headed):
    more = b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64)"


class Buster(Fetcher):
    """Adds a parameter against caches."""

    async def get(self, url: str, **more: Any) -> Any:
        return await super().get(url + "&_=1" if "?" in url else url, **more)


class Stubborn(Fetcher):
    """Asks once more at once when a connection breaks."""

    async def get(self, url: str, **more: Any) -> Any:
        got = await super().get(url, **more)
        return await super().get(url, **more) if isinstance(got, FetchFailure) and got.kind == "protocol" else got


def nothing(patch: MonkeyPatch) -> None:
    """A mutant by its fetcher alone."""


def deaf(patch: MonkeyPatch) -> None:
    patch.setattr(fetch, "retry_after", ignored)


def hasty(patch: MonkeyPatch) -> None:
    patch.setattr(fetch, "fresh_for", ignored)


def ignored(headers: Any, now: datetime) -> None:
    """What a server asks for is not heard."""


def pushy(patch: MonkeyPatch) -> None:
    @asynccontextmanager
    async def of(self: Turns, host: str) -> AsyncIterator[None]:
        yield

    patch.setattr(Turns, "of", of)


def fifty_nine_minutes(patch: MonkeyPatch) -> None:
    patch.setattr(schedule, "INTERVAL", timedelta(minutes=59))


def twenty_hours(patch: MonkeyPatch) -> None:
    patch.setattr(schedule, "UNCONDITIONAL", timedelta(hours=20))


def never_slower(patch: MonkeyPatch) -> None:
    def pace(state: Any, now: datetime, least: timedelta) -> timedelta:
        return least

    patch.setattr(schedule, "pace", pace)


def sleepless(patch: MonkeyPatch) -> None:
    def awake(state: Any, moment: datetime, *, spread: bool = False) -> datetime:
        return moment

    patch.setattr(schedule, "_awake", awake)


def tireless(patch: MonkeyPatch) -> None:
    patch.setattr(schedule, "_WEIGHTS", dict.fromkeys(schedule._WEIGHTS, 0.0))


def hopeful(patch: MonkeyPatch) -> None:
    weigh = schedule.weigh
    patch.setattr(schedule, "weigh", lambda kind, status: weigh(kind, 404 if status == 410 else status))


def uncapped(patch: MonkeyPatch) -> None:
    patch.setattr(schedule, "LONGEST", timedelta(days=7))


def settler(patch: MonkeyPatch) -> None:
    patch.setattr(fetch, "_PERMANENT", fetch._REDIRECTS)


def dizzy(patch: MonkeyPatch) -> None:
    patch.setattr(fetch, "_REDIRECT_LIMIT", 50)


def silent(patch: MonkeyPatch) -> None:
    async def told(response: Any, headers: Any) -> str:
        return str(response.status_code)

    patch.setattr(fetch, "_told", told)


def panicky(patch: MonkeyPatch) -> None:
    failed = poll._failed

    def forgets(feed: Any, state: Any, *more: Any) -> Any:
        return failed(feed, replace(state, etag=None, last_modified=None), *more)

    patch.setattr(poll, "_failed", forgets)


def credulous(patch: MonkeyPatch) -> None:
    read = subscriptions._read

    def believes(answer: Any, url: str) -> Any:
        parsed = answer.parsed
        return parsed if parsed is not None and getattr(parsed, "problem", None) == "html page" else read(answer, url)

    patch.setattr(subscriptions, "_read", believes)


@dataclass(frozen=True)
class Mutant:
    """A bad habit, and the lines that it breaks."""

    lines: tuple[int, ...]
    fetcher: type[Fetcher] = Fetcher
    patch: Callable[[MonkeyPatch], None] = nothing
    user_agent: str | None = None


MUTANTS = {
    "sends no validators": Mutant((1, 3, 4, 7, 8, 9, 18, 28, 30), Forgetful),
    "reformats dates": Mutant((1,), Tidy),
    "strengthens ETags": Mutant((3,), Strong),
    "invents dates": Mutant((2, 5, 7), Inventive),
    "invents ETags": Mutant((4, 6, 7), Naming),
    "mixes validators": Mutant((7,), Mixing),
    "forgets validators when something fails": Mutant((8, 30), patch=panicky),
    "takes 304 for a failure": Mutant((7, 14, 15, 30), Offended),
    "sends cookies": Mutant((22,), Biscuits),
    "sends a referrer": Mutant((22,), Telltale),
    "adds a parameter": Mutant((22,), Buster),
    "asks for no compression": Mutant((29,), Loose),
    "passes for a browser": Mutant((21,), Mask),
    "is a library's default": Mutant((21,), user_agent="python-httpx/0.28.1"),
    "gives no contact": Mutant((21,), user_agent="Parley/0"),
    "does not hear Retry-After": Mutant((12, 19), patch=deaf),
    "does not hear max-age": Mutant((14, 19), patch=hasty),
    "asks a host in parallel": Mutant((17,), patch=pushy),
    "asks twice in a poll": Mutant((31,), Stubborn),
    "asks every 59 minutes": Mutant((10,), patch=fifty_nine_minutes),
    "asks for whole answers every 20 hours": Mutant((9, 11), patch=twenty_hours),
    "never slows down": Mutant((15,), patch=never_slower),
    "knows no rest": Mutant((16,), patch=sleepless),
    "knows no back-off": Mutant((13, 25), patch=tireless),
    "asks for what is gone": Mutant((26,), patch=hopeful),
    "waits for a week when asked": Mutant((12,), patch=uncapped),
    "saves passing redirects": Mutant((27, 28), patch=settler),
    "follows fifty redirects": Mutant((31,), patch=dizzy),
    "keeps what servers say to itself": Mutant((24,), patch=silent),
    "adds web pages": Mutant((23,), patch=credulous),
}
