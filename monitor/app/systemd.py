"""What a service manager is told, by hand: sd_notify is one datagram of lines (sd_notify(3)).

Nothing here raises into the service, and without a manager nothing is done. Type=notify-reload needs systemd 253, so a
reload is told step by step, in the way that 252 knows.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import timedelta

# The event loop may stand still for no longer than a quarter of a second (DESIGN §7).
_PATIENCE = 0.2
# While something lasts, so much more time is asked for, thrice as often as it runs out.
EXTENSION = timedelta(seconds=30)


class Manager:
    """The service manager behind `address`, the value of NOTIFY_SOCKET; None: there is none.

    `watchdog` is how soon after one sign of progress it wants the next; None: it waits for none.
    """

    def __init__(self, address: str | None = None, watchdog: timedelta | None = None) -> None:
        self._address, self.watchdog = address, watchdog if address else None
        self._status = ""

    @classmethod
    def of(cls, env: MutableMapping[str, str]) -> "Manager":
        """The one that `env` names. Its variables are taken out of there: they are not for the workers."""
        address, usec, pid = (env.pop(key, "") for key in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"))
        if not address.startswith(("/", "@")):
            return cls()
        mine = pid in ("", str(os.getpid()))
        return cls(address, timedelta(microseconds=int(usec)) if mine and usec.isdecimal() and int(usec) else None)

    def ready(self, status: str = "") -> None:
        """The start, or a reload, is over."""
        self._status = status or self._status
        self._tell("READY=1", f"STATUS={_line(self._status)}")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it, whatever came of it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str) -> None:
        """The end begins."""
        self._status = status
        self._tell("STOPPING=1", f"STATUS={_line(status)}")

    def status(self, text: str) -> None:
        """One line on how the service does, for `systemctl status`; the same again is not told."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={_line(text)}")

    def progress(self) -> None:
        """A ping of the watchdog."""
        self._tell("WATCHDOG=1")

    @contextmanager
    def patient(self, longest: timedelta) -> Iterator[None]:
        """Ask for more time as long as this lasts, also while it blocks the event loop, and at most until `longest`."""
        if self._address is None:
            yield
            return
        over = threading.Event()

        def ask() -> None:
            for _ in range(max(1, round(longest / (EXTENSION / 3)))):
                self._tell(f"EXTEND_TIMEOUT_USEC={EXTENSION // timedelta(microseconds=1)}")
                if over.wait(EXTENSION.total_seconds() / 3):
                    return

        asking = threading.Thread(target=ask, name="systemd", daemon=True)
        asking.start()
        try:
            yield
        finally:
            over.set()
            asking.join()

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire,
        ):
            wire.settimeout(_PATIENCE)
            wire.connect(address)
            wire.sendall("\n".join(lines).encode())


def _line(text: str) -> str:
    return " ".join(text.split())
