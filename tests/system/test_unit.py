"""The unit that `parley install-service` writes, under a real service manager: its first process is systemd itself."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from farends.debianroot import Layer, Machine, booted
from farends.image import Image

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHECKOUT = Path(__file__).parents[2]
SETTINGS = """\
watches: [ru-ua]
polling: {open_to: [127.0.0.0/8], host_gap: 0s}
channels:
  mail: {kind: email, host: smtp.example.org, username: p, password_file: mail.password, sender: p@example.org}
recipients: {desk: {channel: mail, to: desk@example.org}}
"""
SETTINGS_FILE = "/etc/parley/config/parley.yaml"
FEED = """<?xml version='1.0'?><rss version='2.0'><channel><title>Courier</title>
<item><title>Rain</title><link>http://127.0.0.1:8080/rain</link><guid>1</guid></item></channel></rss>"""
# The same service with a poll that hangs, and a manager that has less patience.
HUNG = """\
[Service]
WatchdogSec=4
RestartSec=1
ExecStart=
ExecStart=/opt/parley/bin/python /opt/hung.py poll /etc/parley/hang --home /etc/parley run
ExecStopPost=/bin/sh -c 'echo ended by $$SERVICE_RESULT'
"""
# What libraries do behind our backs that would write to memory and run it, within the unit's own bounds.
EXTRAS = """\
[Service]
Type=oneshot
WatchdogSec=0
Restart=no
ExecStart=
ExecStart=/opt/parley/bin/python /opt/extras.py
"""
LOADED = """\
import ctypes, ahocorasick_rs, aiosmtplib, apprise, lxml.etree, psycopg, slack_sdk, sqlalchemy, trafilatura
from extractors import claims, feed
from monitor import workers
assert psycopg.pq.__impl__ == "binary"
assert ctypes.CDLL(None).prctl(1, 9) == 0
print("all loaded")
"""


@dataclass(slots=True)
class Polls:
    """A newsroom in the network of the machine."""

    runner: web.AppRunner
    number: int = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.number += 1
        return web.Response(text=FEED, content_type="application/rss+xml")

    async def listen(self, machine: Machine) -> None:
        self.runner.app.router.add_get("/feed", self.answer)
        await self.runner.setup()
        await web.SockSite(self.runner, machine.listen("127.0.0.1", 8080)).start()


@pytest.fixture
async def newsroom() -> AsyncIterator[Polls]:
    made = Polls(web.AppRunner(web.Application(), access_log=None, shutdown_timeout=0.1))
    yield made
    await made.runner.cleanup()


def shown(machine: Machine, key: str) -> str:
    return machine.run(f"systemctl show parley -p {key} --value").stdout.strip()


@pytest.fixture
def installed(image: Image) -> Layer:
    """A Debian with this checkout as the image has it: test_operators_section.py installs it as the README says."""
    root = image.root.above()
    root.run("rmdir /var/lib/parley && ln -s /opt/parley/bin/parley /usr/local/bin/")
    root.write("/opt/hung.py", (CHECKOUT / "tests/system/farends/hung.py").read_text())
    root.write("/opt/extras.py", LOADED)
    return root


async def test_the_service_lives_and_dies_under_systemd_as_its_unit_says(installed: Layer, newsroom: Polls) -> None:
    with booted(installed) as machine:
        await newsroom.listen(machine)
        for part in (
            installs, works, reloads, is_looked_after_by_root, stops, restarts_what_hangs, rests_when_misconfigured,
            lives_within_its_bounds,
        ):  # fmt: skip
            # The newsroom goes on meanwhile.
            await asyncio.to_thread(part, machine)


def installs(machine: Machine) -> None:
    machine.run("parley init /etc/parley")
    machine.run(f"cat > {SETTINGS_FILE} <<'END'\n{SETTINGS}END")
    row = "{url: 'http://127.0.0.1:8080/feed', outlet: Courier, language: en, interval: 1s}"
    machine.run(f'echo "feeds: [{row}]" > /etc/parley/config/feeds.yaml')
    machine.run("umask 077; echo sesame > /etc/parley/mail.password")
    said = machine.run("parley --home /etc/parley install-service").stderr
    for line in said.splitlines()[-2:]:
        machine.run(line)  # the two commands that it says


def works(machine: Machine) -> None:
    """As a user of its own, who is handed the secret and may read nothing else of root's; a shell finds its store."""
    assert shown(machine, "ActiveState") == "active"
    pid = shown(machine, "MainPID")
    assert machine.run(f"stat -c %u /proc/{pid}").stdout.strip() != "0"
    assert machine.run("stat -c %a /etc/parley/mail.password").stdout.strip() == "600"
    machine.until("journalctl -u parley | grep outcome=read")  # workers included
    assert shown(machine, "StatusText") == "1 feed; cycle is current; queue is empty"
    said = machine.run("parley --home /etc/parley status").stdout
    assert re.search(rf"(?m)^service     runs since .*, pid {pid} on .*; last sign of life 2", said), said
    machine.run("test -s /var/lib/parley/parley.db && test ! -e /etc/parley/state/parley.db")


def reloads(machine: Machine) -> None:
    """All of it or nothing, and the same process goes on."""
    before = shown(machine, "MainPID")
    machine.run(f"echo 'notices: {{after: 9d}}' >> {SETTINGS_FILE} && systemctl reload parley")
    machine.until("journalctl -u parley | grep 'reloaded.*notices.after'")
    machine.run(f"echo 'keeep: {{}}' >> {SETTINGS_FILE} && systemctl reload parley")
    machine.until("systemctl show parley -p StatusText | grep 'the reload at .* failed'")
    refused = machine.run("parley --home /etc/parley reload", check=False)
    assert refused.returncode == 1
    assert "config/parley.yaml:10: keeep:" in refused.stderr
    assert shown(machine, "ActiveState") == "active"
    machine.run(f"sed -i /keeep/d {SETTINGS_FILE} && systemctl reload parley")
    machine.until("systemctl show parley -p StatusText | grep 'StatusText=1 feed; cycle is current; queue is empty'")
    assert shown(machine, "MainPID") == before


def is_looked_after_by_root(machine: Machine) -> None:
    """Who is no user of its store, and leaves nothing there that the service could not write to: neither beside the
    service nor after it has ended."""
    said = machine.run("parley --home /etc/parley reload --reread 7").stdout
    assert said.startswith("nothing changed\narticles of the last 7 days are being read again")
    machine.until("parley --home /etc/parley status | grep '^read again  .*: ended 2'")
    looks_after_it(machine, "first")
    machine.run("systemctl stop parley")
    looks_after_it(machine, "second")
    machine.run("systemctl start parley")
    machine.until("systemctl show parley -p StatusText | grep 'StatusText=1 feed; cycle is current; queue is empty'")
    machine.run("parley --home /etc/parley reload")  # the service has written its answer down


def looks_after_it(machine: Machine, name: str) -> None:
    for words in ("status", f"backup /root/{name}.tar.gz"):
        machine.run(f"parley --home /etc/parley {words}")
    files = machine.run("find /var/lib/parley/ -printf '%P %U\\n'").stdout.splitlines()
    assert "parley.db.lock" in {line.split()[0] for line in files}
    assert {line.split()[-1] for line in files} == {machine.run("stat -c %u /var/lib/parley/").stdout.strip()}, files


def stops(machine: Machine) -> None:
    machine.run("systemctl stop parley")
    assert (shown(machine, "Result"), shown(machine, "ExecMainStatus")) == ("success", "0")


def restarts_what_hangs(machine: Machine) -> None:
    overlaid(machine, HUNG)
    machine.run("systemctl start parley && mkdir /etc/parley/hang && touch /etc/parley/hang/poll")
    machine.until("journalctl -u parley | grep 'loop hangs.*loop=poller'")
    machine.until('test "$(systemctl show parley -p NRestarts --value)" -ge 1')
    machine.until("journalctl -u parley | grep 'ended by watchdog'")
    machine.run("rm -r /etc/parley/hang")
    machine.until("systemctl is-active parley")
    machine.until("systemctl show parley -p StatusText | grep 'StatusText=1 feed; cycle is current; queue is empty'")
    machine.run("systemctl stop parley")


def rests_when_misconfigured(machine: Machine) -> None:
    overlaid(machine, "")
    machine.run(f"echo 'keeep: {{}}' >> {SETTINGS_FILE}")
    assert machine.run("systemctl start parley", check=False).returncode != 0
    assert (shown(machine, "ActiveState"), shown(machine, "ExecMainStatus")) == ("failed", "2")


def lives_within_its_bounds(machine: Machine) -> None:
    """Every extra, without memory that is written and run."""
    overlaid(machine, EXTRAS)
    machine.run("systemctl start parley")
    machine.until("journalctl -u parley | grep 'all loaded'")


def overlaid(machine: Machine, unit: str) -> None:
    place = "/run/systemd/system/parley.service.d"
    machine.run(f"mkdir -p {place} && cat > {place}/test.conf <<'END'\n{unit}END\nsystemctl daemon-reload")
