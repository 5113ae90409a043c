"""The bare Debian that tests of the service's installation stand on: a real service manager with credentials."""

from pathlib import Path
from typing import Any

import pytest

from farends.debianroot import booted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

Layer = Any

_UNIT = """
[Service]
Type=notify
NotifyAccess=all
DynamicUser=yes
StateDirectory=probe
PrivateUsers=yes
ProtectSystem=strict
LoadCredential=a.word:/etc/word
WatchdogSec=1
ExecStart=/bin/sh -c 'cp $CREDENTIALS_DIRECTORY/a.word /var/lib/probe/ && systemd-notify --ready && sleep 100'
"""


def test_a_booted_root_gives_services_users_credentials_and_a_watchdog(debian: Layer) -> None:
    root = debian.above()
    root.write("/etc/word", "sesame")
    root.write("/etc/systemd/system/probe.service", _UNIT)
    with booted(root) as machine:
        assert machine.run("systemctl start probe && cat /var/lib/probe/a.word").stdout == "sesame"
        assert machine.run("stat -c %u /var/lib/probe/").stdout.strip() != "0"
        machine.until("systemctl show -p Result probe | grep watchdog")
    assert not Path(f"/proc/{machine.init}").exists()
    assert not (root.beside / "root" / "etc").exists()
