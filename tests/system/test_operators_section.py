"""The README's way from a fresh Debian to alerts, to another machine and to a new version, followed to the letter under
a real service manager."""

import asyncio
import re
import shutil
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from farends.debianroot import Layer, Machine, booted
from farends.mail import MailServer

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def commands(title: str) -> list[str]:
    """The blocks of commands under a heading of the README, in order."""
    section = re.search(rf"^### {title}\n(.*?)(?=^##)", README, re.DOTALL | re.MULTILINE)
    assert section is not None
    return re.findall(r"^```\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)


def given(name: str) -> str:
    """What the settings of step 4 or the password of step 5 say."""
    found = re.search(name, "".join(commands("On a fresh Debian")))
    assert found is not None
    return found[1]


HOST = given(r"host: (\S+)")
LOGIN = (given(r"username: (\S+)"), given(r"echo '(.*)' > \S+password"))
DESK = given(r"to: (\S+@[^\s}]+)")


@dataclass(frozen=True, slots=True)
class Shell:
    """A person at the machine: in the folder of the sources, with what earlier lines exported. Only packages come from
    outside; whatever else is done has but the machine itself to talk to.
    """

    machine: Machine

    def type(self, lines: str) -> str:
        network = re.search(r"\bapt-get\b|\bpip install\b", lines) is not None
        remembered = f"if [ -f /run/shell ]; then . /run/shell; fi; cd /root/parley\n{lines}\nexport -p > /run/shell"
        done = self.machine.run(remembered, network=network)
        return done.stdout + done.stderr


@pytest.fixture
async def office() -> AsyncIterator[tuple[MailServer, str]]:
    """The mail server that the README speaks of, and the certificate of the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    server = MailServer(lambda _step, _story: None, lambda: 0, context, LOGIN)
    yield server, authority.cert_pem.bytes().decode()
    await server.stop()


async def test_the_operators_section_leads_to_a_test_alert_to_another_machine_and_to_a_new_version(
    debian: Layer, office: tuple[MailServer, str]
) -> None:
    server, authority = office
    root = debian.above()
    left = shutil.ignore_patterns(".*", "tests", "dist", "build", "state", "__pycache__")
    shutil.copytree(CHECKOUT, root.upper / "root" / "parley", ignore=left)
    root.write("/etc/hosts", f"127.0.0.1 localhost {HOST}\n")
    root.write("/usr/local/share/ca-certificates/test.crt", authority)
    with booted(root) as machine:
        machine.run("update-ca-certificates")  # the world's authorities vouch for the operator's server already
        await server.start(machine.listen("127.0.0.1", 587))
        shell = Shell(machine)

        async def follow(*blocks: str) -> str:
            return "".join([await asyncio.to_thread(shell.type, lines) for lines in blocks])

        begun = time.monotonic()
        steps = commands("On a fresh Debian")
        said = await follow(*steps)
        print(f"from nothing to alerts: {time.monotonic() - begun:.0f} s")
        assert "desk (mail, email): sent" in said
        assert [f"To: {DESK}".encode() in raw for raw in server.raw] == [True]
        assert machine.run("systemctl is-active parley").stdout == "active\n"
        assert machine.run("systemctl is-enabled parley").stdout == "enabled\n"
        known = await follow("parley events --json 2>/dev/null")
        assert "ru-ua.talks_round" in known

        first = machine.run("systemctl show -p MainPID parley").stdout
        machine.run("echo 'notices: {after: 9d}' >> /etc/parley/config/parley.yaml")
        await follow(*commands("Changing something"))
        machine.until("journalctl -b -u parley | grep 'reloaded.*notices.after'")
        assert machine.run("systemctl is-active parley").stdout == "active\n"
        assert machine.run("systemctl show -p MainPID parley").stdout == first

        backup, restore = commands("Backing up, and moving to another machine")
        await follow(backup, "mv /var/backups/parley-*.tar.gz /root/parley.tar.gz")
        await follow("systemctl disable --now parley")
        machine.run("rm -r /etc/parley /etc/systemd/system/parley.service /var/lib/parley /var/lib/private/parley")
        await follow(restore, *steps[4:])  # the fifth is the password
        assert len(server.raw) == 2
        assert await follow("parley events --json 2>/dev/null") == known
        assert machine.run("systemctl is-active parley").stdout == "active\n"

        before = machine.run("systemctl show -p MainPID parley").stdout
        await follow(*commands("Upgrading"))
        assert machine.run("systemctl is-active parley").stdout == "active\n"
        assert machine.run("systemctl show -p MainPID parley").stdout != before
        assert await follow("parley events --json 2>/dev/null") == known

        machine.run("dd if=/dev/urandom of=/var/lib/parley/parley.db bs=4096 seek=2 count=9 conv=notrunc")
        assert machine.run("PARLEY_HOME=/etc/parley parley check --store", check=False).returncode == 1
        await follow(*commands("A full disk, a damaged store"))
        assert machine.run("systemctl is-active parley").stdout == "active\n"
        assert "store: whole" in await follow("parley check --store")
        assert await follow("parley events --json 2>/dev/null") == known
        assert "ERROR" not in machine.run("journalctl -b -u parley -p err --output cat").stdout
