"""The sign of life to a dead-man's switch such as healthchecks.io. Its address is a secret and stands in no log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal

import httpx
from structlog.typing import FilteringBoundLogger

from monitor.heartbeat import Beaten, next_sign, taken
from monitor.settings import Heartbeat

DEADLINE = timedelta(seconds=10)


class Heart:
    """Sends what `monitor.heartbeat` says is due. What is not taken is logged once, and tried again at the next look.

    A stuck loop is told to `<url>/fail` by POST, with the names in one line (https://healthchecks.io/docs/http_api/).
    `steady` is a clock that only goes forward. Nothing here raises for what the network does.
    """

    def __init__(self, own: Heartbeat, agent: str, steady: Callable[[], timedelta], log: FilteringBoundLogger) -> None:
        self._url, self._every, self._steady, self._log = own.url, own.every, steady, log
        self._client = (
            httpx.AsyncClient(headers={"User-Agent": agent}, timeout=DEADLINE.total_seconds())
            if own.url is not None
            else None
        )
        self._beaten = Beaten({})
        self._looking = asyncio.Lock()
        self._refused = False

    async def look(self, turns: Mapping[str, int], stuck: Sequence[str], *, reachable: bool) -> None:
        """Send a sign if one is due, within ten seconds."""
        if self._client is None:
            return
        async with self._looking:
            await self._look(self._client, turns, stuck, reachable=reachable)

    async def _look(
        self, client: httpx.AsyncClient, turns: Mapping[str, int], stuck: Sequence[str], *, reachable: bool
    ) -> None:
        now, turns = self._steady(), dict(turns)
        sign = next_sign(self._beaten, turns, stuck, reachable=reachable, every=self._every, now=now)
        if sign is None:
            return
        because = await self._send(client, sign, stuck)
        if because is None:
            self._beaten = taken(self._beaten, sign, turns, now)
            if self._refused:
                self._log.info("heartbeat taken again")
        elif not self._refused:
            self._log.warning("heartbeat not taken", because=because)
        self._refused = because is not None

    async def close(self) -> None:
        """When a look that is under way has ended, within ten seconds."""
        if self._client is not None:
            async with self._looking:
                await self._client.aclose()

    async def _send(
        self, client: httpx.AsyncClient, sign: Literal["alive", "stuck"], stuck: Sequence[str]
    ) -> str | None:
        """None when it was taken, else why not, without the address."""
        assert self._url is not None
        try:
            url = httpx.URL(self._url.get_secret_value())
            if sign == "stuck":
                url = url.copy_with(path=url.path.rstrip("/") + "/fail")
            ask = client.build_request("GET" if sign == "alive" else "POST", url, content=_line(sign, stuck))
            async with asyncio.timeout(DEADLINE.total_seconds()):
                # Streamed: the answer is of no interest, however long it is.
                answer = await client.send(ask, stream=True)
                await answer.aclose()
        except TimeoutError:
            return f"no answer within {DEADLINE.total_seconds():.0f} s"
        except Exception as error:  # noqa: BLE001 - a port of 99999 raises an ExceptionGroup; this must end nothing
            # Only the type: the message may hold the address.
            return type(error).__name__
        return None if answer.is_success else f"status {answer.status_code}"


def _line(sign: Literal["alive", "stuck"], stuck: Sequence[str]) -> bytes | None:
    return f"stuck: {', '.join(stuck)}\n".encode() if sign == "stuck" else None
