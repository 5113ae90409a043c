"""The service as a monitoring system sees it: real scrapes that Debian's promtool accepts, and its health check."""

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitor.homes import shipped

pytestmark = pytest.mark.slow

Newsroom = PostOffice = Home = Program = Any  # the records of conftest.py, which tests cannot import
HERE = Path(__file__).parent


def promtool(*arguments: str, given: bytes = b"", cwd: Path | None = None) -> str:
    """What promtool says; fails with it where it finds anything wrong."""
    path = shutil.which("promtool")
    assert path is not None, "apt-get install --no-install-recommends prometheus"
    done = subprocess.run([path, *arguments], input=given, capture_output=True, cwd=cwd)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, said
    return said


async def answering(home: Home, service: Program) -> None:
    """Wait until the endpoint of this run stands in the lock file."""
    await service.until(lambda: home.lock.exists() and f'"pid": {service.process.pid},' in home.lock.read_text())
    await service.until(lambda: json.loads(home.lock.read_text())["listen"] is not None)


async def test_what_happened_is_counted_and_promtool_takes_every_scrape(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    service = await home.run()
    await answering(home, service)
    _, early = await home.get("/metrics")
    await service.until(lambda: newsroom.polls() >= 2)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    shown = await home.metrics()
    feed = f'parley_feed_last_success_timestamp_seconds{{feed="{newsroom.base}/feed"}}'
    # What is read of the store is kept for some seconds.
    while not (shown.get('parley_deliveries_total{channel="mail",outcome="sent"}') and shown.get(feed)):
        await asyncio.sleep(0.2)
        shown = await home.metrics()
    assert shown['parley_feed_fetch_total{result="read"}'] >= 2
    assert shown['parley_articles_total{result="read"}'] == 1
    assert shown['parley_claims_total{kind="talks_round",verdict="opened"}'] == 1
    assert shown['parley_events_total{kind="talks_round",reason="opened"}'] == 1
    assert shown['parley_alerts_total{kind="talks_round",reason="new"}'] == 1
    assert shown["parley_publication_to_alert_seconds_count"] == 1
    assert shown['parley_delivery_attempts_total{channel="mail",reason="sent"}'] == 1
    assert shown['parley_delivery_latency_seconds_bucket{channel="mail",le="10.0"}'] == 1
    assert shown['parley_feeds{state="ok"}'] == 1
    assert shown[feed] > 1.7e9
    assert (shown["parley_ready"], shown["parley_store_up"]) == (1, 1)
    _, late = await home.get("/metrics")
    for scrape in (early, late):
        assert promtool("check", "metrics", given=scrape.encode()) == ""
    # A start later, counters begin anew, and the store still knows.
    await service.end()
    await answering(home, await home.run())
    again = await home.metrics()
    assert 'parley_alerts_total{kind="talks_round",reason="new"}' not in again
    assert again['parley_feeds{state="ok"}'] == 1
    assert again[feed] >= shown[feed]


async def test_the_health_check_goes_by_the_service_of_this_home(newsroom: Newsroom, home: Home) -> None:
    code, out, _ = await home.call("healthcheck")
    assert (code, out.splitlines()[0]) == (1, "not ready")
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    for _ in range(50):
        code, out, _ = await home.call("healthcheck", "--json")
        if code == 0:
            break
        await asyncio.sleep(0.2)
    assert (code, json.loads(out)["pid"]) == (0, service.process.pid)
    _, out, _ = await home.call("status")
    assert re.search(rf"^service     runs since \S+ \S+Z, pid {service.process.pid} on ", out, re.MULTILINE)
    assert f"\nendpoint    {home.endpoint}: /healthz, /readyz, /metrics\n" in out
    await service.end()
    code, out, _ = await home.call("healthcheck")
    assert (code, out.splitlines()[1].split(":")[0]) == (1, "NOT service")


async def test_a_port_that_is_taken_costs_no_alert_and_is_told(
    newsroom: Newsroom, office: PostOffice, home: Home
) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    listen = f"127.0.0.1:{taken.sockets[0].getsockname()[1]}"
    home.settings(listen=listen)
    service = await home.run()
    await service.until(lambda: newsroom.polls() >= 1)
    newsroom.publish_round()
    await service.until(lambda: office.mails)
    assert re.search(rf'level=error event="no endpoint" listen={listen} because="Address already in use"', service.log)
    code, out, _ = await home.call("healthcheck")
    assert code == 0
    assert "sign of life" in out
    _, out, _ = await home.call("status")
    assert f"endpoint    none, though http.listen is {listen}: the log of the service says why\n" in out
    taken.close()


def test_promtool_takes_the_alert_rules_which_fire_when_they_should_and_only_then() -> None:
    rules = shipped("config") / "alerts.rules.yaml"
    number = len(re.findall(r"^      - alert: ", rules.read_text(encoding="utf-8"), re.MULTILINE))
    assert f"SUCCESS: {number} rules found" in promtool("check", "rules", str(rules))
    tests = (HERE / "alert_rules.yaml").read_text(encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", str(HERE / "alert_rules.yaml"), cwd=HERE)
    names = re.findall(r"^      - alert: (\w+)", rules.read_text(encoding="utf-8"), re.MULTILINE)
    told = re.split(r"^  - name: ", tests, flags=re.MULTILINE)[1:]
    assert [block.partition("\n")[0] for block in told] == names, "each alert has a test"
    for block in told:
        # Each is shown to be silent and to fire, or its test would hold for a rule that never does.
        assert "exp_alerts: []" in block
        assert "exp_labels" in block


def test_promtool_takes_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    board = json.loads((shipped("config") / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    assert len(asked) > 40
    filled = [
        expr.replace("$__rate_interval", "5m").replace("$job", "parley").replace("$instance", ".*") for expr in asked
    ]
    assert not any("$" in expr for expr in filled)
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(filled)]
    # JSON is YAML.
    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"SUCCESS: {len(asked)} rules found" in promtool("check", "rules", str(tmp_path / "rules.yaml"))
