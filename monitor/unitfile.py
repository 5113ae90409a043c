"""PURE: the systemd unit of one install. Every key is known to systemd 252, unless `manager` says that it is newer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath

STATE = PurePath("/var/lib")
# The poller, the reader and the sender have half of it to show progress, and what hangs is started anew within twice.
WATCHDOG = timedelta(minutes=3)
_MIB = 2**20
# Beside the workers: the service itself (DESIGN §7), SQLite's pages and the libraries of channels.
_MAIN = 1000 * _MIB
_HOMES = (PurePath("/home"), PurePath("/root"), PurePath("/run/user"))


@dataclass(frozen=True, slots=True)
class Install:
    """What a unit is for. `program` is the command, `home` absolute, `state` the folder of store and archive.

    `user` None: one of systemd's own making, whose `state` lies below /var/lib. `credentials` are files by the name of
    their secret. `reads` are what the program is made of and needs beside the home, links followed. `workers` is how
    many bytes they may have together, `grace` what sends may take at a stop. `manager` is the version of systemd.
    """

    program: tuple[str, ...]
    home: PurePath
    state: PurePath | None
    user: str | None = None
    credentials: Mapping[str, PurePath] = field(default_factory=dict)
    reads: tuple[PurePath, ...] = ()
    workers: int = 2 * 512 * 10**6
    grace: timedelta = timedelta(seconds=30)
    manager: int = 252


def unit(own: Install) -> str:
    """The unit as text. Raises ValueError for a path that no unit can hold."""
    if "$" in own.program[0]:
        raise ValueError(f"{own.program[0]!r} cannot be the program of a unit")
    user = f"User={own.user}" if own.user else "DynamicUser=yes"
    memory = -(-(own.workers + _MAIN) // (256 * _MIB)) * 256
    lines = [
        user,
        *_state(own),
        *(f"LoadCredential={name}:{_bare(path)}" for name, path in sorted(own.credentials.items())),
    ]
    paths = (PurePath(own.program[0]), own.home, *own.reads, *([own.state] if own.state else []))
    inside = any(path.is_relative_to(top) for path in paths for top in _HOMES)
    slower = "RestartSteps=6\nRestartMaxDelaySec=10min\n" if own.manager >= 254 else ""
    return _TEMPLATE.format(
        home=own.home,
        command=" ".join([*map(_word, own.program), "--home", _word(own.home), "run"]),
        watchdog=round(WATCHDOG.total_seconds()),
        slower=slower,
        stop=round(own.grace.total_seconds()) + 30,
        own="\n".join(lines),
        homes="read-only" if inside else "yes",
        memory=memory,
    )


def _state(own: Install) -> list[str]:
    if own.state is None:
        return []
    if own.state.is_relative_to(STATE) and own.state != STATE:
        return [f"StateDirectory={_bare(own.state.relative_to(STATE))}", "StateDirectoryMode=0700"]
    return [f"ReadWritePaths={_word(own.state, command=False)}"]


def _word(word: str | PurePath, *, command: bool = True) -> str:
    """As one word of a unit (systemd.syntax(7), systemd.unit(5) on specifiers). Only in a command is $ a variable."""
    text = str(word)
    if not text.isprintable():
        raise ValueError(f"{text!r} cannot stand in a unit")
    text = text.replace("%", "%%")
    if not any(each in text for each in " \"'\\$;"):
        return text
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("$", "$$") if command else text}"'


def _bare(word: PurePath) -> str:
    """As what stands between colons, where systemd knows no quotes."""
    text = str(word)
    if not text.isprintable() or any(each in text for each in ": \"'\\"):
        raise ValueError(f"{text!r} cannot stand in a unit")
    return text.replace("%", "%%")


_TEMPLATE = """\
# The unit of Parley for the home {home}, by `parley install-service`, which writes it anew for what has changed there.
# What is your own belongs into `systemctl edit parley`, which no upgrade touches.
[Unit]
Description=Parley: alerts about talks and exchanges
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target
# it is started again and again, however often it fails
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
# all of it is checked first, and on any fault the old settings stay; secrets are loaded at a start alone
ExecReload=/bin/sh -c "kill -HUP $MAINPID"
# pinged while polling, reading and sending make progress
WatchdogSec={watchdog}
Restart=on-failure
RestartSec=10
{slower}# a fault in the configuration does not go away by starting again
RestartPreventExitStatus=2
# a large store is brought forward at a start, and says so meanwhile
TimeoutStartSec=120
# delivery.grace for what is being sent, and a margin
TimeoutStopSec={stop}
# the workers go with the service, but it ends them itself
KillMode=mixed
# a worker that is killed for its memory costs itself alone
OOMPolicy=continue

{own}
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateUsers=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectHome={homes}
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# the workers limit their own memory
SystemCallFilter=setrlimit prlimit64
SystemCallErrorNumber=EPERM
DevicePolicy=closed
MemoryMax={memory}M
TasksMax=256

[Install]
WantedBy=multi-user.target
"""
