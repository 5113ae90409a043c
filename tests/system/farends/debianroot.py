"""A bare Debian on this machine: unpacked once, written to through layers, and booted with its own systemd where a test
wants a real service manager.

Everything is mounted in a mount namespace of its own and every process lives in a pid namespace whose first process
dies with the test: nothing is left behind, whatever fails. It takes root, debootstrap, util-linux and iproute2.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Self

_SUITE = "bookworm"  # the Debian whose Python is the oldest that Parley runs on
_INCLUDED = ("ca-certificates", "dbus", "systemd", "systemd-sysv")
_CLONE_NEWNET = 0x40000000
_MEMORY, _NAME = "/dev/shm", "parley-debian-"

# $1 is where the root is put together, $2 the options of its overlay, then the binds as FROM:TO:(ro|rw), `--`, and the
# command. /proc, /sys and /dev are as a container has them. systemd takes a container's mounts as they are: without
# shared propagation no service would see its credentials.
_ENTER = """
set -eu
root=$1; mount --make-rprivate /
mount -t overlay -o "$2" overlay "$root"; shift 2
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
for each in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<END
$each
END
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
ln -s /proc/self/fd "$root/dev/fd"; ln -s pts/ptmx "$root/dev/ptmx"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
while [ "$1" != -- ]; do
  IFS=: read -r from to how <<END
$1
END
  mount --bind "$from" "$root$to"
  if [ "$how" = ro ]; then mount -o remount,bind,ro "$root$to"; fi
  shift
done
shift
if [ -n "${CGROUP-}" ]; then
  ip link set lo up
  mount -t tmpfs -o mode=755 run "$root/run"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
fi
cd "$root"; pivot_root . mnt; umount -l /mnt; mount --make-rshared /; cd /
exec "$@"
"""

# A group of its own in the second hierarchy, wherever the machine has that mounted, so that systemd may divide it.
_JOIN = """
set -eu
mount --make-rprivate /; mount -t cgroup2 cgroup2 "$1"
mkdir "$1/$CGROUP"; echo $$ > "$1/$CGROUP/cgroup.procs"; umount "$1"; shift
exec unshare --mount --pid --cgroup --uts --ipc --net --fork --kill-child "$@"
"""
_LEAVE = """
mount --make-rprivate /; mount -t cgroup2 cgroup2 "$1"
find "$1/$CGROUP" -depth -type d -exec rmdir {} +
"""
# The test may die without a word: then what it started dies too.
_MORTAL = ("setpriv", "--pdeathsig", "KILL")


@dataclass(frozen=True, slots=True)
class Layer:
    """A root to write to: `lowers`, which stay as they are, under `upper`, the topmost first."""

    lowers: tuple[Path, ...]
    upper: Path

    def above(self) -> Self:
        """A new root on top of this one, beside it and as short-lived."""
        folder = Path(mkdtemp(dir=self.upper.parents[1]))
        (folder / "upper").mkdir()
        return type(self)((self.upper, *self.lowers), folder / "upper")

    @property
    def beside(self) -> Path:
        """A folder for what belongs to this layer and is not in it."""
        return self.upper.parent

    def write(self, path: str, text: str) -> None:
        """A file of this layer; not while something runs in it."""
        place = self.upper / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def _entered(
        self, command: Sequence[str], binds: Sequence[tuple[Path, str, str]], *, readonly: bool
    ) -> tuple[str, ...]:
        beside = self.beside
        (beside / "root").mkdir(exist_ok=True)
        lowers = ":".join(str(lower) for lower in ((self.upper, *self.lowers) if readonly else self.lowers))
        options = f"lowerdir={lowers}"
        if not readonly:
            (beside / "work").mkdir(exist_ok=True)
            options += f",upperdir={self.upper},workdir={beside / 'work'}"
        shown = [f"{source}:{target}:{how}" for source, target, how in binds]
        return ("sh", "-c", _ENTER, "enter", str(beside / "root"), options, *shown, "--", *command)

    def start(
        self,
        command: Sequence[str],
        *,
        binds: Sequence[tuple[Path, str, str]] = (),
        readonly: bool = False,
        env: Mapping[str, str] | None = None,
        output: Path,
    ) -> subprocess.Popen[bytes]:
        """`command` as the first process of a pid namespace in this root; both of its outputs go to the file `output`.

        `binds`: (folder of this machine, place in the root, "ro" or "rw").
        """
        words = (*_MORTAL, "unshare", "--mount", "--pid", "--fork", "--kill-child")
        with output.open("wb") as sink:
            return subprocess.Popen(
                (*words, *self._entered(command, binds, readonly=readonly)),
                env=_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    def run(self, script: str, *, env: Mapping[str, str] | None = None) -> str:
        """What `sh -c` prints in this root, the network and this machine's settings of pip at hand.

        Raises AssertionError with the whole output when it fails.
        """
        output = self.beside / "output"
        init = ("sh", "-c", 'sh -c "$1"', "init", script)  # the first process of a namespace is not exec'd away
        done = self.start(init, binds=_pip_folders(), env=_pip_variables() | dict(env or {}), output=output)
        code = done.wait()
        text = output.read_text(encoding="utf-8", errors="replace")
        assert code == 0, f"{script}\n{text}"
        return text


@contextmanager
def bare() -> Iterator[Layer]:
    """A minimal Debian with systemd, and this machine's way to the packages of Debian and Python; gone with the block.

    It is in memory where there is room, about 300 MB: a disk takes minutes for the many small files of a system.
    """
    for left in Path(_MEMORY).glob(f"{_NAME}*"):  # of tests that were killed
        if not Path(f"/proc/{left.name.removeprefix(_NAME)}").exists():
            shutil.rmtree(left)
    roomy = Path(_MEMORY).is_dir() and shutil.disk_usage(_MEMORY).free > 4e9
    folder = Path(_MEMORY if roomy else gettempdir()) / f"{_NAME}{os.getpid()}"
    try:
        yield _unpacked(folder / "bare")
    finally:
        shutil.rmtree(folder)


def _unpacked(folder: Path) -> Layer:
    base = folder / "base"
    folder.mkdir(parents=True)
    words = ("debootstrap", "--variant=minbase", f"--include={','.join(_INCLUDED)}", _SUITE, str(base))
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    shutil.copyfile("/etc/resolv.conf", base / "etc/resolv.conf")
    options = ("apt-config", "dump", "--no-empty", "--format", '%f "%v";%n')
    acquire = subprocess.run(options, capture_output=True, text=True, check=True).stdout
    lines = [line for line in acquire.splitlines() if line.startswith("Acquire::")]
    (base / "etc/apt/apt.conf.d/99machine").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for authority in Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(authority, base / "usr/local/share/ca-certificates")
    for file in _pip_files():
        place = base / str(file).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    for source, target, _ in _pip_folders():
        assert source.is_dir()
        (base / target.lstrip("/")).mkdir(parents=True)
    (folder / "upper").mkdir()
    layer = Layer((base,), folder / "upper")
    layer.run("update-ca-certificates && apt-get update -qq")
    return layer


def _pip(*words: str) -> str:
    return subprocess.run((sys.executable, "-m", "pip", *words), capture_output=True, text=True, check=True).stdout


def _named() -> list[Path]:
    """Files and folders of this machine that pip's settings name."""
    return [Path(name) for name in re.findall(r"(?<![\w:/])(?:file://)?(/\w[\w./+-]*)", _pip("config", "list"))]


def _pip_files() -> list[Path]:
    files = [Path(name) for name in re.findall(r"^\s*(/\S+), exists: True", _pip("config", "debug"), re.MULTILINE)]
    return files + [path for path in _named() if path.is_file() and "ca-certificates" not in path.name]


def _pip_folders() -> list[tuple[Path, str, str]]:
    """As they stand two steps below /, for an index leads to files beside it."""
    tops = sorted({Path(*path.parts[:3]) for path in _named() if path.is_dir()})
    return [(top, str(top), "ro") for top in tops]


def _pip_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PIP_")}


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **(more or {})}


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted Debian. It has a network of its own in which only loopback is up; `init` is its first process, as this
    machine numbers it.
    """

    init: int
    log: Path
    _environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, script: str, *, network: bool = False, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`bash -e` with these lines inside, as root. With `network`, in this machine's network: for packages.

        Raises AssertionError with the whole output when it fails and `check` is not taken away.
        """
        spaces = ("--mount", "--pid", "--cgroup", "--uts", "--ipc", *(() if network else ("--net",)))
        words = ("nsenter", f"--target={self.init}", *spaces, "--root", "--wd", "bash", "-e", "-c", script)
        env = _environment(_pip_variables() | dict(self._environment))
        done = subprocess.run((*_MORTAL, *words), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done

    def until(self, script: str, *, seconds: float = 30) -> str:
        """What the lines print once they end with 0. Raises AssertionError with the last output when time is up."""
        deadline = time.monotonic() + seconds
        while True:
            done = self.run(script, check=False)
            if done.returncode == 0:
                return done.stdout
            assert time.monotonic() < deadline, f"{script}\n{done.stdout}{done.stderr}"
            time.sleep(0.2)

    def listen(self, address: str, port: int) -> socket.socket:
        """A listening socket in the network of the machine, for a server that lives in the test."""
        made: list[socket.socket] = []

        def inside() -> None:  # a thread of its own goes there and ends: the others stay where they are
            libc = ctypes.CDLL(None, use_errno=True)
            with Path(f"/proc/{self.init}/ns/net").open("rb") as space:
                if libc.setns(space.fileno(), _CLONE_NEWNET) != 0:
                    return
            made.append(socket.create_server((address, port)))

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        (found,) = made
        return found


@contextmanager
def booted(layer: Layer, *, env: Mapping[str, str] | None = None) -> Iterator[Machine]:
    """The root with its own systemd as first process, up when the block begins, and gone when it ends.

    `env` is what every command run in it has in its environment. The unit of a service goes by what systemd gives it.
    """
    beside, group = layer.beside, f"parley-test-{os.getpid()}-{threading.get_native_id()}-{time.monotonic_ns()}"
    log = beside / "boot.log"
    (beside / "cgroup").mkdir(exist_ok=True)
    wanted = {"CGROUP": group}
    systemd = ("env", "-i", "container=parley", "/lib/systemd/systemd", "--system", "--log-target=console")
    entered = layer._entered(systemd, _pip_folders(), readonly=False)
    words = (*_MORTAL, "unshare", "--mount", "sh", "-c", _JOIN, "join", str(beside / "cgroup"), *entered)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            words, env=_environment(wanted), stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT
        )
    first: int | None = None
    try:
        first = _first(process, log)
        machine = Machine(first, log, dict(env or {}))
        machine.until('[ "$(cat /proc/1/comm)" = systemd ] && systemctl is-system-running --wait', seconds=60)
        yield machine
    finally:
        if first is None:
            process.kill()
        else:
            os.kill(first, signal.SIGKILL)  # whoever waits for it ends once all of its namespace have ended
        process.wait()
        leave = ("unshare", "--mount", "sh", "-c", _LEAVE, "leave", str(beside / "cgroup"))
        deadline = time.monotonic() + 10  # the last process of the group is gone a moment after the first
        while subprocess.run(leave, env=_environment(wanted), capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                raise AssertionError(f"something still runs in the group {group}")
            time.sleep(0.1)


def _first(process: subprocess.Popen[bytes], log: Path) -> int:
    """The first process of the new pid namespace, as this machine numbers it."""
    here, deadline = Path("/proc/self/ns/pid").readlink(), time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            with suppress(OSError):  # a step on the way, over already
                if Path(f"/proc/{child}/ns/pid").readlink() != here:
                    return int(child)
        time.sleep(0.02)
    raise AssertionError(f"nothing came up: {process.args}\n{log.read_text()}")
