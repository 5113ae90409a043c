"""What the service counts of itself, by Prometheus' conventions: base units, `_total`, labels of few values.

Counters begin at 0 with the process, which is Prometheus' way; what the store knows is read at the scrape
(`monitor.gauges`) and survives. README says what each one means, and a test holds the two together.
"""

import platform
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from alerts.records import INTERRUPTS, Delivery, Next, Outcome
from monitor.gauges import Figures, Live, cycle_family, live_families, store_families
from monitor.intake import Taken
from monitor.jobs import MISHAPS
from monitor.poll import Polled

# The gravest first: what a change is counted as when several things moved.
_MOVES = ("opened", "withdrawn", "status", "date", "place", "ordinal", "counts", "part", "edited", "family", "article")
_FETCH = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# From a feed that is asked each minute to the age beyond which nothing rings (72 h, DESIGN §5).
_NEWS = tuple(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)) + tuple(_HOUR * n for n in (1, 2, 4, 8, 16, 24, 48, 72))
# DESIGN §7 asks for one second; a channel that is down is tried for two days.
_DELIVERY = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, _HOUR, 6 * _HOUR, _DAY, 2 * _DAY)
# DESIGN §7: no gap of the loop over 250 ms.
_LAG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Meter:
    """The metrics of one service, in a registry of its own. No clock and no I/O: moments are handed in, aware UTC."""

    def __init__(self, version: str = "") -> None:
        self._registry = of = CollectorRegistry()
        self._taken = True
        self._shown = _Shown()
        of.register(self._shown)
        ProcessCollector(registry=of)
        Info("parley_build", "The version of Parley and of Python.", registry=of).info(
            {"version": version, "python": platform.python_version()}
        )
        self._fetches = Counter("parley_feed_fetch", "Polls of feeds, by what came of them.", ["result"], registry=of)
        self._fetch_took = Histogram(
            "parley_feed_fetch_duration_seconds", "How long feeds took to answer.", buckets=_FETCH, registry=of
        )
        self._articles = Counter(
            "parley_articles", "Entries of feeds that were settled or put off, by how.", ["result"], registry=of
        )
        self._claims = Counter(
            "parley_claims", "Claims of articles, by where they went.", ["kind", "verdict"], registry=of
        )
        self._events = Counter(
            "parley_events", "Changes of events, by topic and what moved.", ["kind", "reason"], registry=of
        )
        self._alerts = Counter("parley_alerts", "Alerts decided, by topic and reason.", ["kind", "reason"], registry=of)
        self._suppressed = Counter(
            "parley_suppressed", "Changes that alerted nobody, by the rule of the policy.", ["reason"], registry=of
        )
        self._news_took = Histogram(
            "parley_publication_to_alert_seconds",
            "From an article's publication to the alert that interrupts.",
            buckets=_NEWS,
            registry=of,
        )
        self._attempts = Counter(
            "parley_delivery_attempts", "Attempts to send, by outcome.", ["channel", "reason"], registry=of
        )
        self._deliveries = Counter(
            "parley_deliveries", "Deliveries that were accepted (sent) or given up (dead).", ["channel", "outcome"],
            registry=of,
        )  # fmt: skip
        self._delivery_took = Histogram(
            "parley_delivery_latency_seconds",
            "From the decision to alert to acceptance by the far end.",
            ["channel"],
            buckets=_DELIVERY,
            registry=of,
        )
        self._mishaps = Counter(
            "parley_scheduler_mishaps", "Ticks that were missed, overlapped another or failed.", ["kind"], registry=of
        )
        self._lag = Histogram(
            "parley_event_loop_lag_seconds", "How much later than asked the event loop woke.", buckets=_LAG, registry=of
        )
        self._scrape_errors = Counter(
            "parley_scrape_errors", "Scrapes that the store could not be read for in time.", registry=of
        )
        self._reloaded = Gauge(
            "parley_config_last_reload_successful", "Whether the last configuration was taken: 1 or 0.", registry=of
        )
        self._reloaded_at = Gauge(
            "parley_config_last_reload_success_timestamp_seconds", "When a configuration was last taken.", registry=of
        )
        # What never happened has to stand at 0: a rate of what is not there is nothing, also to an alert.
        for result in ("read", "known"):
            self._articles.labels(result)
        for kind in MISHAPS.values():
            self._mishaps.labels(kind)

    @property
    def in_force(self) -> bool:
        """Whether the configuration that was given last is the one in force."""
        return self._taken

    # What the parts of the service tell.

    def polled(self, polled: Polled, took: timedelta) -> None:
        """A feed was polled, and answered or failed within `took`."""
        # A status is the far end's to choose: any of 900. Its class tells what to do.
        result = re.sub(r"^status (\d)\d\d$", r"status \1xx", polled.outcome)
        self._fetches.labels(_word(result)).inc()
        self._fetch_took.observe(took.total_seconds())

    def article(self, result: str) -> None:
        """An entry was settled so, or is to be tried again."""
        self._articles.labels(_word(result)).inc()

    def taken(self, taken: Taken) -> None:
        """What an article led to: claims, changes of events, alerts."""
        for judged in taken.judged:
            self._claims.labels(judged.claim.kind, judged.trace.verdict).inc()
        # Claims of one article that tell of one event share its decisions.
        made = (*(each for judged in taken.judged for each in judged.decisions), *taken.revised)
        for decision in {id(each): each for each in made}.values():
            change = decision.change
            moved = next((move for move in _MOVES if move in change.moves), "article")
            self._events.labels(change.event.kind, moved).inc()
            if decision.silence is not None:
                self._suppressed.labels(decision.silence.rule).inc()
        for alert in taken.alerts:
            self._alerts.labels(alert.kind, alert.reason).inc()
            if alert.reason in INTERRUPTS and alert.source.published is not None:
                self._news_took.observe(_seconds(alert.source.published, alert.decided))

    def attempted(self, delivery: Delivery, outcome: Outcome, then: Next, now: datetime) -> None:
        """An attempt at a delivery ended `now`."""
        channel = delivery.target.channel
        self._attempts.labels(channel, outcome.kind).inc()
        if then.state not in ("sent", "dead"):
            return
        self._deliveries.labels(channel, then.state).inc()
        # What was made to be sent later, should nobody answer, is not late.
        if then.state == "sent" and delivery.role == "":
            self._delivery_took.labels(channel).observe(_seconds(delivery.created, now))

    def channels(self, names: Iterable[str]) -> None:
        """Channels there are: a rate shows their first failure only if they stood at 0 before."""
        for name in names:
            for state in ("sent", "dead"):
                self._deliveries.labels(name, state)
            for reason in ("sent", "transient", "ambiguous", "bad_target", "bad_credential", "bad_content"):
                self._attempts.labels(name, reason)
            self._delivery_took.labels(name)

    def mishap(self, kind: str) -> None:
        """A tick of the scheduler was missed, overlapped another or failed."""
        self._mishaps.labels(kind).inc()

    def lagged(self, late: timedelta) -> None:
        """The event loop woke so much later than it was asked to."""
        self._lag.observe(max(late.total_seconds(), 0))

    def reloaded(self, now: datetime, *, taken: bool) -> None:
        """A configuration was taken, or refused and the old one kept."""
        self._taken = taken
        self._reloaded.set(int(taken))
        if taken:
            self._reloaded_at.set(now.timestamp())

    # What a scrape shows.

    def exposition(self, accept: str, live: Live, figures: Figures | None, now: datetime) -> tuple[bytes, str]:
        """All metrics as a scraper's `Accept` asks for them, and their content type. Without `figures` of the store,
        that is told in place of them."""
        if figures is None:
            self._scrape_errors.inc()
        known = store_families(figures, live.channels, now)
        self._shown.families = (*live_families(live), *cycle_family(live, figures), *known)
        encode, content_type = choose_encoder(accept)
        return encode(self), content_type

    def collect(self) -> Iterator[Metric]:
        """The metrics, without the moment of birth of each series: that is a second series for each."""
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class _Shown(Collector):
    """What was read for one scrape."""

    families: tuple[Metric, ...] = ()

    def collect(self) -> Iterable[Metric]:
        return self.families


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text)


def _seconds(since: datetime, until: datetime) -> float:
    """Clocks differ, and newsrooms date ahead: never less than nothing."""
    return max((until - since).total_seconds(), 0)
