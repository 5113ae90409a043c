"""SIGHUP: a reload, unless it tells that the terminal at which the service was started has ended."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HANGUP = (signal.SIGHUP,)


@contextmanager
def hangups_held() -> Iterator[None]:
    """Have each SIGHUP wait for `on_hangup`, from here on unless the block raises: one that comes while the settings
    are read must not end the process, and may tell of an edit that was not seen any more. After `on_hangup` it waits
    for ever."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANGUP)
    try:
        yield
    except BaseException:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise


@contextmanager
def on_hangup(
    loop: asyncio.AbstractEventLoop, *, reload: Callable[[], None], stop: Callable[[], None]
) -> Iterator[None]:
    """Call `reload` at each SIGHUP; at the one that ends the terminal `stop`, or nothing under nohup.

    A service without a terminal, as systemd, cron or setsid start it, has none to lose.
    """
    at_terminal = _has_terminal()
    nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN

    def hung_up() -> None:
        if not at_terminal or _has_terminal():
            reload()
        elif not nohup:
            stop()

    loop.add_signal_handler(signal.SIGHUP, hung_up)
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANGUP)
    try:
        yield
    finally:
        # The loop gives the signal back to the system when it is closed, which would end the process.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_terminal() -> bool:
    """Whether this process belongs to a terminal: of one that has ended, /dev/tty opens no more (tty(4))."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
