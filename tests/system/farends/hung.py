"""The program with functions that hang, each while a file is there: `python hung.py WHERE,… FOLDER ARGUMENTS…`.

A function hangs from its next call on while FOLDER/WHERE is there, for ever where it blocks the event loop, and makes a
file FOLDER/begun.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts import attempts
from alerts.channels import email
from alerts.kinds import Kind
from monitor import pages, poller
from monitor.app import assembly, reloading
from monitor.cli import main
from monitor.store import outbox

WHERE: dict[str, tuple[Any, str]] = {
    "poll": (poller, "ask"),
    "page": (pages.Pages, "article"),
    "sender": (outbox.StoreOutbox, "due"),
    "send": (email.EmailChannel, "send"),
    "loop": (poller.Poller, "set_off"),
    "start": (assembly, "prepare"),
    "blocked start": (assembly, "prepare"),
    "reload": (reloading, "prepare"),
}


def hung(inner: Callable[..., Any], flag: Path, *, block: bool) -> Callable[..., Any]:
    def begun() -> bool:
        if not flag.exists():
            return False
        with contextlib.suppress(OSError):  # a service that may not write there
            (flag.parent / "begun").touch()
        if block:
            time.sleep(3600)
        return True

    async def outer(*args: Any, **kwargs: Any) -> Any:
        while begun():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.05)
        return await inner(*args, **kwargs)

    return outer


if __name__ == "__main__":
    places, flags = sys.argv[1].split(","), Path(sys.argv[2])
    del sys.argv[1:3]
    for where in places:
        owner, name = WHERE[where]
        setattr(owner, name, hung(getattr(owner, name), flags / where, block=where in ("loop", "blocked start")))
    if "send" in places:
        # What a mail server may take by its own rules is an hour.
        vars(attempts)["KINDS"] = {"email": Kind("mail", longest=timedelta(seconds=1))}
    main()
