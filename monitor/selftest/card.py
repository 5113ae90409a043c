"""The score card: every line of the checklist put to the test, one after the other."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from monitor.fetch import Fetcher
from monitor.selftest import manners, pace, trouble, validators
from monitor.selftest.rig import Finding, Tools, equipped
from monitor.selftest.site import Asked

_LINES: tuple[tuple[str, Callable[[Tools], Awaitable[Finding]]], ...] = (
    ("Last-Modified comes back byte for byte", validators.last_modified),
    ("If-Modified-Since is this address's own", validators.since_is_of_this_address),
    ("ETag comes back byte for byte", validators.etag),
    ("If-None-Match is this address's own", validators.match_is_of_this_address),
    ("no invented If-Modified-Since", validators.no_invented_since),
    ("no invented If-None-Match", validators.no_invented_match),
    ("validators are one set", validators.one_set),
    ("failures leave validators alone", validators.failures_keep_them),
    ("no periodic amnesia", validators.no_amnesia),
    ("an hour between conditional requests", pace.conditional_interval),
    ("a day between unconditional ones", pace.unconditional_interval),
    ("Retry-After is waited for", pace.retry_after),
    ("bare 429 and 503 lengthen the wait", pace.bare_refusals),
    ("max-age and Expires are waited for", pace.freshness),
    ("quiet feeds are asked less often", pace.quiet_feeds),
    ("ttl, skipHours and skipDays are kept", pace.wishes_of_the_feed),
    ("one request at a time to a host", manners.one_at_a_time),
    ("a feed is added by one request", trouble.adding),
    ("due times outlive the process", pace.restarts),
    ("GET only", manners.only_get),
    ("User-Agent names program and contact", manners.user_agent),
    ("no cookies, Referer or added parameters", manners.no_junk),
    ("only a 200 with a feed is added", trouble.refusals),
    ("the server's words reach the operator", trouble.server_text),
    ("repeated failures make polls rare", trouble.long_failures),
    ("410 ends the polling", trouble.gone),
    ("moves are saved only if all permanent", manners.permanent_moves),
    ("passing redirects are never saved", manners.passing_moves),
    ("gzip is asked for and undone", manners.packed),
    ("a 304 is a success", manners.not_modified),
    ("loops and slow answers end", manners.bounded),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the checklist (reference: polling 2), by its number there; `evidence` is a sentence with figures."""

    line: int
    rule: str
    passed: bool
    evidence: str


async def verdicts(tools: Tools, lines: Sequence[int] = tuple(range(1, len(_LINES) + 1))) -> AsyncIterator[Verdict]:
    """Put these lines to the test, each as soon as the one before is done. A line that cannot be tested has failed."""
    for number in lines:
        rule, scenario = _LINES[number - 1]
        try:
            found = await scenario(tools)
        except Exception as error:  # noqa: BLE001 - whatever a broken reader raises, the other lines are still told
            found = Finding(False, f"it could not be tested: {type(error).__name__}: {error}")
        yield Verdict(number, rule, found.passed, found.evidence)


async def run(
    *,
    user_agent: str,
    fetcher: Callable[..., Fetcher] = Fetcher,
    say: Callable[[Verdict], None] = lambda _: None,
) -> tuple[tuple[Verdict, ...], str]:
    """The whole card, and what all requests together were like. `say` is told each verdict as it comes."""
    told: list[Verdict] = []
    async with equipped(user_agent, fetcher) as tools:
        async for verdict in verdicts(tools):
            say(verdict)
            told.append(verdict)
        return tuple(told), totals(tools.requests)


def totals(asked: Sequence[Asked]) -> str:
    """All requests in one sentence, in the columns of a feed reader's score."""
    conditional = sum(each.conditional for each in asked)
    cookies, referers = (sum(name in each.headers for each in asked) for name in ("cookie", "referer"))
    others = sum(each.method != "GET" for each in asked)
    return (
        f"{len(asked)} requests: {conditional} conditional, {len(asked) - conditional} not; with cookies {cookies}, "
        f"with a referrer {referers}, other than GET {others}"
    )


def in_words(verdict: Verdict) -> str:
    """The verdict in one line."""
    wide = max(len(rule) for rule, _ in _LINES)
    return f"{verdict.line:>2}  {'ok  ' if verdict.passed else 'FAIL'}  {verdict.rule:<{wide}}  {verdict.evidence}"


def as_json(verdict: Verdict) -> str:
    """The verdict as one object in one line: `line`, `rule`, `passed`, `evidence`."""
    return json.dumps(asdict(verdict), ensure_ascii=False)
