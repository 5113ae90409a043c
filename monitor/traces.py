"""PURE: the id by which an alert is followed from the poll that brought its news to its delivery.

A trace says when what it follows began: the first eight digits are the second, so that ids sort by time, and the other
eight tell what began in one second apart. Sixteen hexadecimal digits, as a span has in other tracing systems
(W3C Trace Context 3.2.2.4). The same beginning always has the same one.
"""

import hashlib
import re
from datetime import UTC, datetime

_SECONDS = 2**32


def trace_of(what: str, at: datetime) -> str:
    """The trace of what begins `at` (aware UTC): a poll of the feed `what`, a look at the page `what`, ..."""
    told = hashlib.blake2b(f"{what}|{at.isoformat()}".encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return f"{int(at.timestamp()) % _SECONDS:08x}{told}"


def began(trace: str) -> datetime:
    """The second (aware UTC) in which what has this trace began."""
    return datetime.fromtimestamp(int(trace[:8], 16), UTC)


def is_trace(text: str) -> bool:
    """Whether a text has the form of a trace."""
    return re.fullmatch(r"[0-9a-f]{16}", text) is not None
