"""Content-Encoding undone step by step, never past a cap.

httpx undoes it in one go: 660 bytes of doubly packed zeros became 300 MiB in one chunk (reference: polling 4.1). Here
nothing is inflated beyond the cap, and packing inside packing is refused.
"""

import zlib

from monitor.records import MonitorError

_STEP = 256 * 1024


class UnpackError(MonitorError):
    """The body is packed in a way that is not understood, or broken. The fetcher makes a failure of it."""


class TooBigError(MonitorError):
    """More came out than the cap allows. The fetcher makes a failure of it."""


class Plain:
    """Collects a body up to `cap` bytes."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._body = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take what came over the wire; TooBigError, UnpackError."""
        self._add(chunk)

    def finish(self) -> bytes:
        """The whole body; UnpackError when it ended early."""
        return bytes(self._body)

    def _add(self, piece: bytes) -> None:
        self._body += piece
        if len(self._body) > self._cap:
            raise TooBigError


class Inflating(Plain):
    """Undoes gzip (one or several members) and deflate, with or without zlib's header: servers send both."""

    def __init__(self, cap: int) -> None:
        super().__init__(cap)
        self._stream: zlib._Decompress | None = None
        self._taken = 0

    def feed(self, chunk: bytes) -> None:
        # Members that hold nothing come to nothing, and without end: what comes over the wire counts too.
        self._taken += len(chunk)
        if self._taken > self._cap:
            raise TooBigError
        while chunk:
            if self._stream is None:
                self._stream = zlib.decompressobj(_window(chunk))
            try:
                piece = self._stream.decompress(chunk, _STEP)
            except zlib.error as error:
                raise UnpackError(f"the compressed body is broken: {error}") from error
            self._add(piece)
            if self._stream.eof:
                chunk = self._stream.unused_data
                self._stream = None
                if chunk and not chunk.startswith(b"\x1f\x8b"):
                    # Padding after the last member is common and harmless; gzip itself ignores it.
                    return
            else:
                chunk = self._stream.unconsumed_tail

    def finish(self) -> bytes:
        if self._stream is not None:
            raise UnpackError("the compressed body ended early")
        return super().finish()


def unpacker(encoding: str, cap: int) -> Plain:
    """What undoes a Content-Encoding header's value; UnpackError for one that was not asked for."""
    names = [name for part in encoding.lower().split(",") if (name := part.strip()) not in ("", "identity")]
    if not names:
        return Plain(cap)
    if len(names) > 1 or names[0] not in ("gzip", "x-gzip", "deflate"):
        raise UnpackError(f"the body came with Content-Encoding {encoding!r}, which was not asked for")
    return Inflating(cap)


def _window(head: bytes) -> int:
    if head.startswith(b"\x1f"):
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if head[0] & 0x0F == 8 else -zlib.MAX_WBITS
