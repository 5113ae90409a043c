"""Where nothing is fetched from, at whatever step of the way it comes up."""

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.addresses import Opened
from monitor.addresses import opened as opened_by
from monitor.fetch import Fetcher

PROXIED = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied"


def fetching(*opened: str, proxy: str | None = None) -> Fetcher:
    named = opened_by(opened)
    assert isinstance(named, Opened)
    return Fetcher(
        user_agent="Parley/0",
        clock=lambda: datetime(2025, 5, 16, 12, tzinfo=UTC),
        gap=timedelta(0),
        opened=named,
        proxy=proxy,
    )


async def get(fetcher: Fetcher, url: str) -> Any:
    return await fetcher.get(url, cap=1_000_000, deadline=timedelta(seconds=5), accept="text/html")


class Names:
    """A name server of the test's own; it counts how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> None:
        self.asked, self._answers = [], list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: bytes, port: int, **_: Any) -> list[Any]:
        self.asked.append(host.decode())
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "127.1", "localhost", "LOCALHOST", "[::1]",
     "[::ffff:127.0.0.1]", "[::127.0.0.1]", "0", "0.0.0.0", "[::]", "127。0。0。1"],
)  # fmt: skip
async def test_no_spelling_of_this_machine_is_asked(wire, host):
    got = await get(fetching(), f"http://{host}:{wire.port}/")
    assert got.kind == "forbidden"
    assert "polling.open_to" in got.detail
    assert wire.heard == []


@pytest.mark.parametrize(
    "authority",
    ["good.example\\@127.0.0.1", "127.0.0.1\\@good.example", "127.0.0.1%2f@good", "a b@127.0.0.1", "127%2e0%2e0%2e1",
     "good.example\\.127.0.0.1", "127.0.0.1\t", "good.example#@127.0.0.1", "0177.0.0.1", "user:pass@127.0.0.1"],
)  # fmt: skip
async def test_what_parsers_disagree_on_reaches_nobody(wire, monkeypatch, authority):
    Names(monkeypatch, ("127.0.0.1",))
    got = await get(fetching(), f"http://{authority}:{wire.port}/")
    assert got.kind in ("forbidden", "bad_url")
    assert "pass" not in got.detail or authority != "user:pass@127.0.0.1"
    assert wire.heard == []


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "100.64.0.1", "192.168.0.1", "[fe80::1]",
                                     "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]", "224.0.0.1"])  # fmt: skip
async def test_a_private_address_is_refused_with_host_reason_and_setting(address):
    got = await get(fetching(), f"http://{address}/")
    assert got.kind == "forbidden"
    assert f"{address.strip('[]')} leads to " in got.detail


async def test_a_redirect_into_a_private_network_is_refused(server):
    url = server.gives("/a", status=302, Location="http://169.254.169.254/latest/meta-data/")
    got = await get(fetching("127.0.0.1"), url)
    assert got.kind == "forbidden"
    assert "a link-local network" in got.detail


async def test_what_is_opened_is_not_more_than_what_was_named(server):
    end = server.gives("/b", b"secret").replace("127.0.0.1", "127.0.0.2")
    got = await get(fetching("127.0.0.1"), server.gives("/a", status=301, Location=end))
    assert got.kind == "forbidden"
    assert len(server.requests) == 1


async def test_a_name_of_a_private_address_is_refused(wire, monkeypatch):
    Names(monkeypatch, ("127.0.0.1", "10.0.0.8"))
    got = await get(fetching(), f"http://news.example:{wire.port}/")
    assert got.kind == "forbidden"
    assert "news.example leads to 127.0.0.1, this machine" in got.detail
    assert wire.heard == []


async def test_a_name_that_the_operator_opened_is_asked_wherever_it_is(wire, monkeypatch):
    Names(monkeypatch, ("127.0.0.1",))
    got = await get(fetching("news.example"), f"http://news.example:{wire.port}/")
    assert got.body == b"hi"


async def test_of_several_addresses_only_the_allowed_are_connected_to(wire, monkeypatch):
    Names(monkeypatch, ("127.0.0.2", "10.255.255.1", "127.0.0.1"))
    got = await get(fetching("127.0.0.1"), f"http://news.example:{wire.port}/")
    assert got.body == b"hi"


async def test_a_name_is_looked_up_once_so_that_it_cannot_turn_after_it_was_judged(wire, monkeypatch):
    names = Names(monkeypatch, ("127.0.0.1",), ("127.0.0.2",))
    got = await get(fetching("127.0.0.1"), f"http://rebind.example:{wire.port}/")
    assert (got.body, names.asked) == (b"hi", ["rebind.example"])
    again = await get(fetching("127.0.0.1"), f"http://rebind.example:{wire.port}/")
    assert again.kind == "forbidden"


async def test_a_dead_address_does_not_cost_the_deadline(wire, monkeypatch):
    Names(monkeypatch, ("127.0.0.3", "127.0.0.1"))
    got = await get(fetching("127.0.0.0/8"), f"http://news.example:{wire.port}/")
    assert got.body == b"hi"


async def test_a_name_of_65_letters_is_a_failure(fetcher):
    assert (await get(fetcher, f"http://{'a' * 65}.example/")).kind == "dns"


async def test_a_proxy_on_this_machine_is_asked_and_resolves_names_itself(wire):
    wire.answer = (PROXIED,)
    got = await get(fetching(proxy=wire.base), "http://news.example/feed?a")
    assert got.body == b"proxied"
    assert wire.heard[0].startswith(b"GET http://news.example/feed?a HTTP/1.1\r\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]", "169.254.169.254"])
async def test_a_proxy_is_not_asked_for_private_addresses(wire, host):
    got = await get(fetching(proxy=wire.base), f"http://{host}/")
    assert got.kind == "forbidden"
    assert wire.heard == []


async def test_a_proxy_is_asked_for_private_addresses_that_are_opened(wire):
    wire.answer = (PROXIED,)
    assert (await get(fetching("10.0.0.0/8", proxy=wire.base), "http://10.0.0.1/")).body == b"proxied"


async def test_a_proxy_that_refuses_is_told(wire):
    wire.answer = (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",)
    got = await get(fetching(proxy=wire.base), "https://news.example/")
    assert got.kind == "protocol"
    assert wire.heard[0].startswith(b"CONNECT news.example:443 HTTP/1.1\r\n")


async def test_a_proxy_that_drips_ends_at_the_deadline(wire):
    wire.answer, wire.pause = (b"HTTP/1.1 200 OK\r\n\r\n", *[b"."] * 60), 0.05
    got = await fetching(proxy=wire.base).get(
        "http://news.example/", cap=1_000, deadline=timedelta(seconds=0.3), accept="text/html"
    )
    assert got.kind == "timeout"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "ftp://127.0.0.1", "127.0.0.1:3128"])
def test_a_proxy_of_another_kind_is_an_error_at_once(proxy):
    with pytest.raises(ValueError, match=r"proxy|Proxy|scheme"):
        fetching(proxy=proxy)
