"""Carries out config/Containerfile where no container engine runs: each step in a bare Debian, and what comes of it run
as a container.

Only what that file uses is understood, by the reference of its format; anything else is an AssertionError.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from signal import Signals

import pathspec
from dockerfile_parse import DockerfileParser

from farends.debianroot import Layer


@dataclass(frozen=True, slots=True)
class Image:
    """What was built: its tree, and how it is to be run."""

    root: Layer
    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    folder: str = "/"
    volumes: tuple[str, ...] = ()
    stop: Signals = Signals.SIGTERM
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()

    def volume(self, folder: Path) -> Path:
        """A new volume in `folder`: as an engine makes one, it takes owner and mode from what the image has there."""
        (place,) = self.volumes
        like = (self.root.upper / place.lstrip("/")).stat()
        folder.mkdir()
        os.chown(folder, like.st_uid, like.st_gid)
        folder.chmod(like.st_mode)
        return folder

    def start(
        self,
        volume: Path,
        *words: str,
        output: Path,
        user: str | None = None,
        env: dict[str, str] | None = None,
        readonly: bool = True,
    ) -> "Container":
        """A container without any capability, with `words` instead of the command, in this machine's network."""
        (place,) = self.volumes
        command = (
            *("env", f"--chdir={self.folder}"),
            *_as(user or self.user),
            *self.entrypoint,
            *(words or self.command),
        )
        binds = [(volume, place, "rw")]
        given = self.env | (env or {})
        process = self.root.start(command, binds=binds, readonly=readonly, env=given, output=output)
        return Container(self, process, output, user or self.user, given)


def _as(user: str) -> tuple[str, ...]:
    number, _, group = user.partition(":")
    rights = ("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all")
    return ("setpriv", f"--reuid={number}", f"--regid={group or 0}", "--clear-groups", *rights)


@dataclass(frozen=True, slots=True)
class Container:
    """A running one. `log` is what it printed so far."""

    image: Image
    process: subprocess.Popen[bytes]
    output: Path
    user: str
    env: dict[str, str]

    @property
    def log(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def inside(self) -> dict[int, dict[str, str]]:
        """The processes of its pid namespace with what /proc/PID/status says of them, by their number inside."""
        here, found = Path("/proc/self/ns/pid").readlink(), {}
        todo = [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                todo += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                status = dict(re.findall(r"^(\w+):\t(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))
                away = Path(f"/proc/{pid}/ns/pid").readlink() != here
            except ProcessLookupError:
                continue  # a zombie has no namespace any more, and is seen by its parent's list of children
            except FileNotFoundError:
                continue
            if away:
                found[int(status["NSpid"].split()[-1])] = status
        return found

    def zombies(self) -> list[str]:
        """Names of those below it that ended and that nobody has asked about."""
        todo, found = [self.process.pid], []
        while todo:
            pid = todo.pop()
            try:
                todo += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                status = Path(f"/proc/{pid}/status").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "\nState:\tZ" in status:
                found.append(status.partition("\n")[0])
        return found

    def first(self) -> int:
        """Its first process, as this machine numbers it."""
        return int(self.inside()[1]["Pid"])

    def words(self) -> list[str]:
        """How its first process was called."""
        return Path(f"/proc/{self.first()}/cmdline").read_bytes().decode().split("\0")[:-1]

    def call(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Another command inside, as its user, such as an engine's health check."""
        enter = ("nsenter", f"--target={self.first()}", "--mount", "--pid", "--root", "--wd")
        where = ("env", f"--chdir={self.image.folder}")
        return subprocess.run((*enter, *where, *_as(self.user), *words), env=self.env, capture_output=True, text=True)

    def stop(self) -> None:
        """The signal that the image asks for; whoever waits sees how it ended."""
        os.kill(self.first(), self.image.stop)

    def kill(self) -> None:
        """At once, with all that runs in it."""
        if self.process.poll() is None:
            inside = self.inside()
            if 1 in inside:
                os.kill(int(inside[1]["Pid"]), Signals.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()


def build(file: Path, context: Path, base: Layer) -> Image:
    """The image of `file`. `base` stands for whatever it says behind FROM."""
    stages: dict[str, Image] = {}
    image: Image | None = None
    with file.open("rb") as source:
        steps = list(DockerfileParser(fileobj=source).structure)
    for step in steps:
        word, value = step["instruction"], step["value"]
        if word == "COMMENT":
            continue
        if word == "FROM":
            _, _, name = value.partition(" AS ")
            image = stages[name] = Image(base.above())
            continue
        assert image is not None
        image = _step(image, word, value, stages, context)
        for name, before in stages.items():
            if before.root == image.root:
                stages[name] = image
    assert image is not None
    return image


def _step(image: Image, word: str, value: str, stages: dict[str, Image], context: Path) -> Image:
    match word:
        case "RUN":
            image.root.run(f"cd {image.folder}\n{value}", env=image.env)
        case "COPY":
            *flags, target = shlex.split(value)
            origins = [stages[flag.removeprefix("--from=")] for flag in flags if flag.startswith("--from=")]
            sources = [flag for flag in flags if not flag.startswith("--")]
            assert len(origins) + len(sources) == len(flags), value
            place = image.root.upper / str(PurePosixPath(image.folder) / target).lstrip("/")
            for source in sources:
                top = origins[0].root.upper if origins else _sent(context, image.root.beside / "context")
                _copy(top / source.lstrip("/"), place, into=target.endswith("/"))
        case "ENV":
            return replace(image, env=image.env | _pairs(value, image.env))
        case "LABEL":
            return replace(image, labels=image.labels | _pairs(value, {}))
        case "USER":
            return replace(image, user=value)
        case "WORKDIR":
            (image.root.upper / value.lstrip("/")).mkdir(parents=True, exist_ok=True)
            return replace(image, folder=value)
        case "VOLUME":
            return replace(image, volumes=(*image.volumes, value))
        case "STOPSIGNAL":
            return replace(image, stop=Signals[value])
        case "ENTRYPOINT":
            return replace(image, entrypoint=tuple(json.loads(value)))
        case "CMD":
            return replace(image, command=tuple(json.loads(value)))
        case "HEALTHCHECK":
            return replace(image, health=tuple(json.loads(value.partition(" CMD ")[2])))
        case _:
            raise AssertionError(f"{word} is not understood")
    return image


def _pairs(value: str, known: dict[str, str]) -> dict[str, str]:
    usual = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"} | known
    pairs = (word.partition("=") for word in shlex.split(value))
    return {name: re.sub(r"\$\{(\w+)\}", lambda found: usual[found[1]], text) for name, _, text in pairs}


def _sent(context: Path, folder: Path) -> Path:
    """What an engine is sent of the context: all that .dockerignore does not keep back; made once."""
    if not folder.exists():
        spec = pathspec.PathSpec.from_lines("gitignore", (context / ".dockerignore").read_text().splitlines())
        for path in sorted(context.rglob("*")):
            inner = path.relative_to(context)
            if path.is_file() and not spec.match_file(inner) and ".git" not in inner.parts:
                (folder / inner).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, folder / inner)
    return folder


def _copy(source: Path, place: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        return
    target = place / source.name if into else place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
