"""The README's way from a fresh Debian to alerts, followed to the letter under a real service manager."""

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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


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


async def test_the_operators_section_leads_from_a_fresh_debian_to_a_test_alert(
    debian: Layer, office: tuple[MailServer, str]
) -> None:
    server, authority = office
    root = debian.above()
    left = shutil.ignore_patterns(".*", "tests", "dist", "build", "state", "__pycache__")
    shutil.copytree(CHECKOUT, root.upper / "root" / "parley", ignore=left)
    root.write("/etc/hosts", f"127.0.0.1 localhost {HOST}\n")
    root.write("/usr/local/share/ca-certificates/test.crt", authority)
    begun = time.monotonic()
    with booted(root) as machine:
        machine.run("update-ca-certificates")  # the world's authorities vouch for the operator's server already
        await server.start(machine.listen("127.0.0.1", 587))
        shell = Shell(machine)
        said = [await asyncio.to_thread(shell.type, lines) for lines in commands("On a fresh Debian")]
        print(f"from nothing to alerts: {time.monotonic() - begun:.0f} s")

        (mail,) = server.accepted
        assert mail.story is None
        assert f"To: {DESK}".encode() in server.raw[0]
        assert "desk (mail, email): sent" in said[-1]
        assert machine.run("systemctl is-active parley").stdout == "active\n"
        assert machine.run("systemctl is-enabled parley").stdout == "enabled\n"
