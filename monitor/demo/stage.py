"""The demo played: newsroom, receivers and the real service as a process of its own, until the story is told."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import monitor
from monitor.demo.home import write_home
from monitor.demo.message import Message
from monitor.demo.newsroom import Newsroom
from monitor.demo.receivers import Receivers
from monitor.demo.script import Script, load
from monitor.demo.show import arrived, table
from monitor.demo.verdict import CHANNELS, Speed, Verdict, complete, judge, speed
from monitor.homes import shipped

HARD_STOP = 50.0
SETTLED = 3.0  # seconds without a message after which the told story counts as told
STUCK = 9.0  # the same while something expected is still missing
FAREWELL = 10.0  # what a service may take to stop
LOG = "service.log"
_OURS = ("[0-9][0-9]-mail.eml", "[0-9][0-9]-mail.html", "[0-9][0-9]-slack.json", LOG)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo came to: `messages` in order of arrival, and `faults`, sentences for a person (none: all is well).

    `script` is what was played, `seconds` how long it took, `out` the folder with the messages and the service's log.
    `speeds`: by channel, how soon those that interrupt were accepted.
    """

    out: Path
    script: Script
    messages: tuple[Message, ...]
    verdict: Verdict
    faults: tuple[str, ...]
    seconds: float
    speeds: Mapping[str, Speed]

    @property
    def ok(self) -> bool:
        """Whether each event interrupted once per phase, on both channels, and nothing else did."""
        return not self.faults


def run(out: Path, *, clock: Callable[[], datetime], say: Callable[[str], None] = lambda _: None) -> DemoResult:
    """Play the demo once, in under a minute and without a network; messages and the log are left in `out`.

    `clock` gives aware UTC: its day is the day of the story. `say` gets the account for a person, line by line. Files
    that an earlier demo left in `out` are replaced, others stay. Raises MonitorError when the demo's data are broken.
    """
    return asyncio.run(_play(out, clock, say))


async def _play(out: Path, clock: Callable[[], datetime], say: Callable[[str], None]) -> DemoResult:
    began = time.monotonic()
    messages: list[Message] = []
    last = [began]
    heard_at: list[float] = []

    def heard(message: Message) -> None:
        last[0] = time.monotonic()
        messages.append(message)
        heard_at.append(last[0])
        say(arrived(message, last[0] - began))

    data = shipped("seeds") / "demo"
    script = load(data, clock().date())
    _clear(out)
    with tempfile.TemporaryDirectory(prefix="parley-demo-") as folder:
        async with Newsroom(script, clock, time.monotonic) as newsroom, Receivers(out, heard) as receivers:
            feeds = {outlet.id: newsroom.feed_url(outlet) for outlet in script.outlets}
            write_home(Path(folder), script, feeds, receivers.smtp_port, receivers.slack_url)
            say(f"newsroom at {newsroom.base}: {len(script.outlets)} outlets, {len(script.items)} articles")
            say(f"mail server at 127.0.0.1:{receivers.smtp_port}, Slack at {receivers.slack_url}")

            def told() -> bool:
                quiet = time.monotonic() - max(last[0], newsroom.last_read)
                return newsroom.over and quiet >= (SETTLED if complete(script, messages) else STUCK)

            faults = await _serve(Path(folder), out / LOG, told, began + HARD_STOP)
            faults += receivers.faults
            # What it remembers, and the archive of what it read: `parley replay demo-out/state/archive`.
            shutil.copytree(Path(folder, "state"), out / "state", dirs_exist_ok=True)
            if not newsroom.opened:
                faults.append("the service did not poll every feed once, so nothing was published")
            elif not newsroom.over:
                faults.append(f"pages never asked for: {', '.join(newsroom.unread)}")
    verdict = judge(script, messages)
    waits: dict[str, list[float]] = {channel: [] for channel in CHANNELS}
    for message, at in zip(messages, heard_at, strict=True):
        if message.interrupts and message.article in newsroom.asked:
            waits[message.channel].append(at - newsroom.asked[message.article])
    speeds = {channel: speed(each) for channel, each in waits.items() if each}
    took = time.monotonic() - began
    result = DemoResult(out, script, tuple(messages), verdict, (*faults, *verdict.faults), took, speeds)
    say("")
    say(table(verdict))
    return result


async def _serve(home: Path, log: Path, told: Callable[[], bool], deadline: float) -> list[str]:
    """Run the service in `home` until the story is told; what went wrong with the process itself."""
    with log.open("wb") as sink:
        service = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", "run", cwd=home, env=_environment(home), stdout=sink, stderr=sink
        )
        try:
            while not told() and time.monotonic() < deadline:
                if await _ended(service, 0.1):
                    return [f"the service ended by itself with status {service.returncode}; {log} says why"]
            service.send_signal(signal.SIGTERM)
            if not await _ended(service, FAREWELL):
                return [f"the service did not stop within {FAREWELL:.0f} s of SIGTERM and was killed; see {log}"]
        finally:
            if service.returncode is None:
                service.kill()
                await service.wait()
    return [] if service.returncode == 0 else [f"the service stopped with status {service.returncode}; see {log}"]


async def _ended(service: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether the service has ended, waiting for it no longer than that."""
    try:
        await asyncio.wait_for(service.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _environment(home: Path) -> dict[str, str]:
    """The service's environment: none of the operator's own settings, no proxy between two ends of one loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    # The demo may run from a checkout that is not installed, and the service starts in another folder.
    paths = [str(Path(monitor.__file__).parent.parent), kept.get("PYTHONPATH", "")]
    kept["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return kept | {"PARLEY_HOME": str(home), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _clear(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "state", ignore_errors=True)
    for pattern in _OURS:
        for file in sorted(out.glob(pattern)):
            file.unlink()
