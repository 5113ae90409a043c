"""What is counted is what happened, and README says what each metric means."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from alerts.records import Alert, Change, Decision, Delivery, Next, Outcome, Silence, Snapshot, Source, Target
from extractors.records import Claim, Dating
from monitor.gauges import AGES, Figures, Live, Loop, Queue, labels
from monitor.homes import initialise, shipped
from monitor.intake import Judged, Taken
from monitor.metrics import Meter
from monitor.poll import Polled
from monitor.records import FeedState
from monitor.resolve.records import Trace

TOP = Path(__file__).parents[3]
README = (TOP / "README.md").read_text(encoding="utf-8")
T = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIVE = Live(True, (Loop("poller", 3, T, False),), {"mail": True, "room": False}, {"crash": 2}, T, T, False, 10**9)
QUEUE = Queue("mail", 2, 3, 4, T - MINUTE)
FIGURES = Figures(
    {"ok": 2, "blocked": 1}, (1,) * len(AGES), 2, 90_000.0, {"https://a.example/rss": T}, (QUEUE,), {"planned": 2},
    {"disk": 1}, 5, 6, T - MINUTE, 7,
)  # fmt: skip
EVENT = Snapshot(
    "ru-ua.1", "ru-ua", "talks_round", "planned", None, "Istanbul", 5, None, {}, ("Russia", "Ukraine"), 1, 1
)
SOURCE = Source("https://a.example/1", "Talks", "a.example", "a", T - 40 * MINUTE, T)
CHANGE = Change(EVENT, None, ("date", "opened"), SOURCE, "planned", (), ())
ALERT = Alert(
    "1", "new", "ru-ua", "talks_round", "planned", "ru-ua.1", "Talks", None, None, 5, None, {}, (), SOURCE, (), 1, 1,
    (), T,
)  # fmt: skip
CLAIM = Claim("ru-ua", "talks_round", "planned", "news", Dating(date(2026, 3, 2), date(2026, 3, 2), "explicit"), None,
    5, {}, (), (), ())  # fmt: skip


def read(meter: Meter, figures: Figures | None = FIGURES, live: Live = LIVE) -> dict[str, float]:
    """A scrape as Prometheus' own reader sees it: each sample by name and labels."""
    body, _ = meter.exposition("", live, figures, T)
    shown = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            inside = ",".join(f"{label}={value}" for label, value in sorted(sample.labels.items()))
            shown[sample.name + (f"{{{inside}}}" if inside else "")] = sample.value
    return shown


def everything() -> Meter:
    """A meter that has counted each thing once."""
    meter = Meter("9.9")
    meter.channels(["mail"])
    meter.polled(Polled(FeedState("https://a.example", T), "read"), SECOND)
    decided = Decision(CHANGE, (ALERT,)), Decision(CHANGE, silence=Silence("copy", "it is a copy"))
    judged = Judged("ru-ua", 0, CLAIM, Trace(0, "opened", "ru-ua.1", ()), decided)
    meter.taken(Taken(known=False, judged=(judged, replace(judged, index=1)), alerts=(ALERT,)))
    return meter


def table() -> dict[str, tuple[str, set[str]]]:
    """README's metrics: type and labels by name."""
    block = README.split("<!-- metrics -->")[1].split("<!-- /metrics -->")[0]
    rows = re.findall(r"^\| `([a-z_]+)` \| ([a-z ]+) \| ([^|]*)\|", block, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", names))) for name, kind, names in rows}


def test_every_metric_is_in_the_readme_with_its_type_and_labels_and_every_one_in_the_readme_exists() -> None:
    there: dict[str, tuple[str, set[str]]] = {}
    meter = everything()
    meter.exposition("", LIVE, FIGURES, T)
    for family in meter.collect():
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        kind = {"info": "gauge", "gaugehistogram": "gauge histogram"}.get(family.type, family.type)
        assert family.samples, f"{name} shows nothing"
        there[name] = kind, {label for sample in family.samples for label in sample.labels} - {"le"}
    assert table() == there


def test_a_poll_is_counted_by_its_result_and_a_status_by_its_class() -> None:
    meter = Meter()
    for outcome in ("read", "not modified", "status 404", "status 410", "status 503", "parser timeout", "read"):
        meter.polled(Polled(FeedState("https://a.example", T), outcome), SECOND / 5)
    shown = read(meter)
    assert {name: value for name, value in shown.items() if name.startswith("parley_feed_fetch_total")} == {
        "parley_feed_fetch_total{result=read}": 2,
        "parley_feed_fetch_total{result=not_modified}": 1,
        "parley_feed_fetch_total{result=status_4xx}": 2,
        "parley_feed_fetch_total{result=status_5xx}": 1,
        "parley_feed_fetch_total{result=parser_timeout}": 1,
    }
    assert shown["parley_feed_fetch_duration_seconds_count"] == 7
    assert shown["parley_feed_fetch_duration_seconds_bucket{le=0.1}"] == 0
    assert shown["parley_feed_fetch_duration_seconds_bucket{le=0.25}"] == 7


def test_claims_events_alerts_and_silences_of_an_article_are_counted_each_decision_once() -> None:
    shown = read(everything())
    assert shown["parley_claims_total{kind=talks_round,verdict=opened}"] == 2
    assert shown["parley_events_total{kind=talks_round,reason=opened}"] == 2
    assert shown["parley_alerts_total{kind=talks_round,reason=new}"] == 1
    assert shown["parley_suppressed_total{reason=copy}"] == 1
    assert shown["parley_publication_to_alert_seconds_sum"] == 40 * 60
    assert shown["parley_publication_to_alert_seconds_bucket{le=1800.0}"] == 0
    assert shown["parley_publication_to_alert_seconds_bucket{le=3600.0}"] == 1


def test_only_alerts_that_interrupt_on_dated_articles_say_how_fast_news_is() -> None:
    meter = Meter()
    undated = replace(ALERT, source=replace(SOURCE, published=None))
    ahead = replace(ALERT, source=replace(SOURCE, published=T + MINUTE))
    meter.taken(Taken(known=False, alerts=(replace(ALERT, reason="confirmed"), undated, ahead)))
    shown = read(meter)
    assert shown["parley_publication_to_alert_seconds_count"] == 1
    assert shown["parley_publication_to_alert_seconds_sum"] == 0


def delivery(**more: Any) -> Delivery:
    target = Target("desk", "mail", "email", "desk@example.org")
    return Delivery("1", "1", "ru-ua.1", target, b"", T - 90 * SECOND, **more)


def test_attempts_deliveries_and_their_latency_are_counted_by_channel() -> None:
    meter = Meter()
    meter.channels(["mail", "room"])
    meter.attempted(delivery(), Outcome("transient"), Next("retry", T), T)
    meter.attempted(delivery(), Outcome("sent"), Next("sent"), T)
    meter.attempted(delivery(role="escalation"), Outcome("sent"), Next("sent"), T)
    meter.attempted(delivery(), Outcome("bad_target"), Next("dead"), T)
    shown = read(meter)
    assert shown["parley_delivery_attempts_total{channel=mail,reason=transient}"] == 1
    assert shown["parley_delivery_attempts_total{channel=mail,reason=sent}"] == 2
    assert shown["parley_deliveries_total{channel=mail,outcome=sent}"] == 2
    assert shown["parley_deliveries_total{channel=mail,outcome=dead}"] == 1
    assert shown["parley_delivery_latency_seconds_sum{channel=mail}"] == 90
    assert shown["parley_delivery_latency_seconds_count{channel=mail}"] == 1
    # What never happened stands at 0, or the first of it would be no increase.
    assert shown["parley_deliveries_total{channel=room,outcome=dead}"] == 0
    assert shown["parley_articles_total{result=read}"] == 0


def test_a_refused_reload_is_shown_and_the_moment_of_the_last_good_one_stays() -> None:
    meter = Meter()
    meter.reloaded(T - MINUTE, taken=True)
    meter.reloaded(T, taken=False)
    shown = read(meter)
    assert not meter.in_force
    assert shown["parley_config_last_reload_successful"] == 0
    assert shown["parley_config_last_reload_success_timestamp_seconds"] == (T - MINUTE).timestamp()


def test_queues_of_channels_with_nothing_in_them_are_empty_and_those_of_channels_that_are_no_more_stay() -> None:
    shown = read(Meter(), live=replace(LIVE, channels={"room": True}))
    assert shown["parley_delivery_oldest_pending_seconds{channel=mail}"] == 60
    assert shown["parley_dead_letters{channel=mail}"] == 4
    assert shown["parley_delivery_oldest_pending_seconds{channel=room}"] == 0
    assert shown["parley_deliveries_held{channel=room}"] == 0


def test_before_its_first_cycle_a_run_shows_that_of_the_run_before() -> None:
    name = "parley_cycle_last_success_timestamp_seconds"
    assert read(Meter())[name] == T.timestamp()
    assert read(Meter(), live=replace(LIVE, cycle=None))[name] == (T - MINUTE).timestamp()
    assert name not in read(Meter(), None, replace(LIVE, cycle=None))


def test_two_services_in_one_process_share_nothing() -> None:
    one, other = Meter(), Meter()
    one.article("read")
    assert read(one)["parley_articles_total{result=read}"] == 1
    assert read(other)["parley_articles_total{result=read}"] == 0


def test_secrets_in_the_address_of_a_feed_are_no_label() -> None:
    urls = ["https://a.example/rss", "https://me:geheim@a.example/rss", "https://a.example/rss?token=geheim&x=1#geheim"]
    found = list(labels(urls))
    assert found[0] == "https://a.example/rss"
    assert all(re.fullmatch(r"https://a\.example/rss#[0-9a-f]{4}", label) for label in found[1:])
    assert not any("geheim" in label for label in found)


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(0, 300))
def test_each_feed_has_a_label_of_its_own(hosts: list[str], queries: int) -> None:
    urls = [f"https://{host}.example/" for host in hosts] + [f"https://a.example/?k={n}" for n in range(queries)]
    assert len(set(labels(urls))) == len(urls)


def test_the_dashboard_is_whole_and_asks_only_for_metrics_that_exist() -> None:
    board = json.loads((shipped("config") / "grafana.json").read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {each["name"] for each in board["templating"]["list"]} == {"datasource", "job", "instance"}
    taken: set[tuple[int, int]] = set()
    asked: set[str] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["title"]
        for target in panel.get("targets", ()):
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            asked |= set(re.findall(r"\b(?:parley|process)_\w+", target["expr"]))
    assert asked <= names_in_a_scrape()
    # A metric that nobody looks at is one too many, or a panel too few.
    assert {name for name in table() if not any(each.startswith(name) for each in asked)} == set()


def names_in_a_scrape() -> set[str]:
    return {name.partition("{")[0] for name in read(everything())}


@pytest.mark.parametrize("name", ["grafana.json", "alerts.rules.yaml"])
def test_what_is_for_a_monitoring_system_is_shipped_and_not_copied_into_a_home(name: str, tmp_path: Path) -> None:
    assert (shipped("config") / name).is_file()
    initialise(tmp_path / "home")
    assert not (tmp_path / "home/config" / name).exists()


def test_every_alert_rule_asks_for_metrics_that_exist_and_readme_says_what_to_do() -> None:
    text = (shipped("config") / "alerts.rules.yaml").read_text(encoding="utf-8")
    names = re.findall(r"- alert: (\w+)", text)
    rows = re.findall(r"^\| `(Parley\w+)` \| \S", README, re.MULTILINE)
    assert names == rows
    assert set(re.findall(r"\b(?:parley|process)_\w+_\w+", text)) <= names_in_a_scrape()
    anchors = {re.sub(r"\W+", "-", title.lower()) for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)}
    assert set(re.findall(r'runbook: "README.md#([\w-]+)"', text)) <= anchors
    assert text.count("runbook:") == text.count("severity:") == text.count("summary:") == len(names)
