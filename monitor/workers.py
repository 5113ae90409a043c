"""The killable pool: parsing feeds, extracting pages and reading claims in processes of their own.

A page that hangs, crashes or eats memory costs itself alone. Workers start by forkserver: under fork, killing one fired
the service's own SIGTERM handler (DESIGN §8), and a fork server is quick to replace a killed worker and, unlike spawn,
is not the child of a thread whose end would take its workers along.
"""

import asyncio
import contextlib
import ctypes
import hashlib
import multiprocessing
import os
import resource
import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any, Literal, TypeVar

from pebble import ProcessExpired, ProcessPool

from extractors.article import ExtractedPage, extract
from extractors.feed import ParsedFeed, parse_feed
from extractors.records import Article, Names, Reading
from monitor.loops import step

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1
# Libraries leak (trafilatura about 1 MB a page, reference: polling 3.10): a worker is replaced after so many jobs.
_JOBS_OF_A_WORKER = 2_000
_LEXICONS_KEPT = 2
# What a process says in one line is heard up to so many bytes.
_SAID = 4_000


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """A job that came to nothing: out of time, out of memory, the process died, or an exception in the code itself."""

    kind: Literal["timeout", "crash", "memory", "error"]
    detail: str


@dataclass(frozen=True, slots=True)
class _LexiconMissing:
    """A worker's word that it has not compiled these names yet."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a job of each sort may take before its process is ended."""

    feed: timedelta = timedelta(seconds=10)
    page: timedelta = timedelta(seconds=20)
    claims: timedelta = timedelta(seconds=10)


class Workers:
    """A pool of `count` processes; each job has its `patience`, each process `memory` bytes of address space.

    `names` are those of all watches. Jobs carry only their digest: a worker that lacks them asks, and gets them once.
    So a change of watches (`use`) needs no new pool. One of the processes (`resize`) does, and the old pool ends with
    the last of its jobs. `failures` counts the jobs that came to nothing, by kind.

    `said` is given each line that a process writes to its stderr, in a thread of its own; without it they go to the
    stderr of the service. Libraries write there what they like, and a dying process what it can.
    """

    def __init__(
        self,
        names: Sequence[Names] = (),
        *,
        count: int = 2,
        patience: Patience = Patience(),
        memory: int = 1536 * 2**20,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self._voice = None if said is None else _Voice(said)
        self._count, self._patience, self._memory = count, patience, memory
        self._context = multiprocessing.get_context("forkserver")
        # What a job imports by itself is loaded once, in the server that workers are forked from.
        self._context.set_forkserver_preload([__name__, "trafilatura", "feedparser"])
        self._closed = False
        self.failures: Counter[str] = Counter()
        self._jobs = 0
        self._pool = self._new_pool()
        self._leaving: dict[ProcessPool, threading.Thread] = {}
        self.use(names)

    def use(self, names: Sequence[Names]) -> None:
        """Read claims by these names from the next job on."""
        self._names = tuple(names)
        self._digest = digest_of(self._names)

    @property
    def digest(self) -> str:
        """That of the names in use (`digest_of`)."""
        return self._digest

    def resize(self, *, count: int, patience: Patience, memory: int) -> None:
        """Give the next jobs such processes. Those that have begun end as they began."""
        self._patience = patience
        if (count, memory) == (self._count, self._memory):
            return
        self._count, self._memory = count, memory
        old, self._pool = self._pool, self._new_pool()
        old.close()  # type: ignore[no-untyped-call]
        # A thread of its own: what a job may take, minutes, must not keep those that read files.
        leaving = threading.Thread(target=old.join, name="old workers", daemon=True)
        self._leaving = {pool: thread for pool, thread in self._leaving.items() if thread.is_alive()} | {old: leaving}
        leaving.start()

    async def parse_feed(
        self, body: bytes, url: str, content_type: str | None, zone: str, now: datetime | None = None
    ) -> ParsedFeed | WorkerFailure:
        """`extractors.feed.parse_feed` in a worker."""
        return await self.call(parse_feed, body, url, content_type, zone, now, patience=self._patience.feed)

    async def extract(self, page: bytes, url: str, charset: str | None) -> ExtractedPage | WorkerFailure:
        """`extractors.article.extract` in a worker."""
        return await self.call(extract, page, url, charset, patience=self._patience.page)

    async def read(self, article: Article, names: Sequence[Names] | None = None) -> Reading | WorkerFailure:
        """`extractors.claims.read_claims` in a worker, by the names in use or by others."""
        own = names is None
        names, digest = (self._names, self._digest) if own else (tuple(names or ()), digest_of(names or ()))
        reading = await self.call(_read, article, digest, None, patience=self._patience.claims)
        if isinstance(reading, _LexiconMissing):
            reading = await self.call(_read, article, digest, names, patience=self._patience.claims)
        assert not isinstance(reading, _LexiconMissing)
        return reading

    async def call(self, work: Callable[..., T], *args: object, patience: timedelta | None = None) -> T | WorkerFailure:
        """Run a function of a module in a worker, by default with the patience of a page.

        Expected ends are values; a job after `close` is an error.
        """
        seconds = (patience or self._patience.page).total_seconds()
        self._jobs += 1
        try:
            # First come, first served: each job before may use its patience up, and a broken pool begins again.
            with step("in the workers' hands", 2 * (self._jobs / self._count + 1) * self._longest(seconds)):
                done = await self._call(work, args, seconds)
        finally:
            self._jobs -= 1
        if isinstance(done, WorkerFailure):
            self.failures[done.kind] += 1
        return done

    def _longest(self, seconds: float) -> timedelta:
        own = self._patience
        return max(timedelta(seconds=seconds), own.feed, own.page, own.claims)

    async def _call(self, work: Callable[..., T], args: tuple[object, ...], seconds: float) -> T | WorkerFailure:
        # An idle worker killed from outside breaks pebble's whole pool; the job is not at fault and goes to a new one.
        for _ in range(2):
            pool = self._pool
            try:
                future: Future[T | WorkerFailure] = pool.schedule(_guarded, args=(work, args), timeout=seconds)
                return await asyncio.wrap_future(future)
            except TimeoutError:
                return WorkerFailure("timeout", f"not done after {seconds:g} s; its process was ended")
            except ProcessExpired as error:
                return WorkerFailure("crash", f"its process died ({_death(error.exitcode)})")
            except (BrokenProcessPool, RuntimeError) as error:
                if self._closed:
                    return WorkerFailure("error", f"the pool is closed: {error}")
                await self._replace(pool)
            except (CancelledError, asyncio.CancelledError):
                # Ours only when the pool was closed under the job; else the caller itself is being cancelled.
                if not self._closed:
                    raise
                return WorkerFailure("crash", "the pool was closed while it ran")
        return WorkerFailure("crash", "the pool broke twice in a row")

    async def close(self) -> None:
        """End all workers at once, whatever they are doing. Within a second or two; may be called again."""
        self._closed = True
        for pool in self._leaving:
            # Its own thread waits for its end: from two threads the library closes its pipes twice.
            pool.stop()  # type: ignore[no-untyped-call]
        ends = (asyncio.to_thread(thread.join) for thread in self._leaving.values())
        await asyncio.gather(asyncio.to_thread(_end, self._pool), *ends)
        if self._voice is not None:
            await asyncio.to_thread(self._voice.close)

    async def _replace(self, broken: ProcessPool) -> None:
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(_end, broken)

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._count,
            max_tasks=_JOBS_OF_A_WORKER,
            initializer=_start,
            initargs=(self._memory, self._voice and self._voice.into),
            context=self._context,
        )


class _Voice:
    """A pipe in the place of the workers' stderr, and the thread that hears it, until `close`."""

    def __init__(self, said: Callable[[str], None]) -> None:
        self._said = said
        self._out, self.into = multiprocessing.Pipe(duplex=False)
        self._hearing = threading.Thread(target=self._hear, name="what workers say", daemon=True)
        self._hearing.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.into.close()
        self._hearing.join(timeout=1)

    def _hear(self) -> None:
        with os.fdopen(os.dup(self._out.fileno()), "rb") as lines:
            self._out.close()
            while line := lines.readline(_SAID):
                if text := line.decode(errors="replace").strip():
                    self._said(text)


def digest_of(names: Sequence[Names]) -> str:
    """What tells two sets of names apart: a reading by other names is another reading."""
    return hashlib.blake2b(repr(tuple(names)).encode(), digest_size=16).hexdigest()


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit status {code}"


def _guarded(work: Callable[..., T], args: tuple[object, ...]) -> T | WorkerFailure:
    """In a worker: what a job raises, as a value.

    Raised across processes, a StopIteration would leave the caller waiting for ever, and an exception that does not
    unpickle would break the whole pool.
    """
    try:
        return work(*args)
    except MemoryError:
        return WorkerFailure("memory", f"it needed more than {resource.getrlimit(resource.RLIMIT_AS)[0] // 2**20} MiB")
    except Exception as error:  # noqa: BLE001 - the parent decides what becomes of it
        return WorkerFailure("error", f"{type(error).__name__}: {error}")


def _start(memory: int, voice: Connection | None) -> None:
    """In a new worker: die with the service, at once when asked, and not of the operator's Ctrl-C; `voice` takes what
    it says on stderr."""
    parent = os.getppid()
    if voice is not None:
        os.dup2(voice.fileno(), 2)
        voice.close()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The fork server ends when the last writing end of its pipe to the service is closed. It hands a copy to every
    # worker (CPython 3.11, forkserver._serve_one): a busy one would keep the server, and so itself, alive.
    alive = vars(forkserver._forkserver).get("_forkserver_alive_fd")
    if alive is not None:
        os.close(alive)
        vars(forkserver._forkserver)["_forkserver_alive_fd"] = None
    if os.getppid() != parent or parent == 1:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # pebble waits three seconds for a worker to clean up after itself; there is nothing to clean.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_lexicons: dict[str, Any] = {}


def _read(article: Article, digest: str, names: tuple[Names, ...] | None) -> Reading | _LexiconMissing:
    from extractors.claims import read_claims
    from extractors.lexicon import compile_lexicon

    if digest not in _lexicons:
        if names is None:
            return _LexiconMissing()
        while len(_lexicons) >= _LEXICONS_KEPT:
            del _lexicons[next(iter(_lexicons))]
        _lexicons[digest] = compile_lexicon(names)
    return read_claims(article, _lexicons[digest])
