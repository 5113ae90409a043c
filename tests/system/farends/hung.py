"""The program with one function that hangs for ever once a file is there: `python hung.py WHERE FILE ARGUMENTS…`."""

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
from monitor.app import assembly
from monitor.cli import main
from monitor.store import outbox

WHERE: dict[str, tuple[Any, str]] = {
    "poll": (poller, "ask"),
    "page": (pages.Pages, "article"),
    "sender": (outbox.StoreOutbox, "due"),
    "send": (email.EmailChannel, "send"),
    "loop": (poller.Poller, "set_off"),
    "start": (assembly, "begin"),
    "blocked start": (assembly, "begin"),
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
        if begun():
            await asyncio.Event().wait()
        return await inner(*args, **kwargs)

    return outer


if __name__ == "__main__":
    where, flag = sys.argv[1], Path(sys.argv[2])
    del sys.argv[1:3]
    owner, name = WHERE[where]
    setattr(owner, name, hung(getattr(owner, name), flag, block=where in ("loop", "blocked start")))
    if where == "send":
        # What a mail server may take by its own rules is an hour.
        vars(attempts)["KINDS"] = {"email": Kind("mail", longest=timedelta(seconds=1))}
    main()
