"""Sample mails in a real browser, light and dark, on a phone and on a desk: measured, and pictures to look at."""

import asyncio
import base64
import itertools
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from alerts.compose import render
from alerts.records import Alert, Edit, Fact, Moved, Quote, Source, Span, Target

pytestmark = pytest.mark.slow

NOON = datetime(2031, 6, 2, 12, 0, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")

# --- the samples, all made up -----------------------------------------------------------------------------------------


def source(outlet: str, title: str | None, minutes: int = 0, url: str = "") -> Source:
    at = NOON + timedelta(minutes=minutes)
    slug = outlet.lower().replace(" ", "-")
    return Source(url or f"https://{slug}.example/2031/06/02/talks", title, outlet, slug, at, at)


def quote(text: str) -> Quote:
    return Quote("text", text, 0, len(text))


NORTH = source("North Wire", "Third round of talks opens in Istanbul")
SOUTH = source("South Post", "İstanbul’da üçüncü tur", 9)
EAST = source("Східний вісник", "У Стамбулі розпочався третій раунд", 21)
OPENED = quote(
    "The third round of talks between Russia and Ukraine opened in Istanbul on Monday, both delegations said."
)
SAID = quote("Both delegations confirmed that they would meet at 13:00.")
ROUND = Alert(
    id="al1", reason="new", watch="ru-ua", kind="talks_round", status="planned",
    event_id="ru-ua.talks_round.2031-06-02.9a6a9472", label="round of talks",
    title="Third round of talks between Russia and Ukraine planned in Istanbul for 2 June 2031",
    date=Span(date(2031, 6, 2), date(2031, 6, 2), "explicit"), place="Istanbul", ordinal=3, series="Istanbul 2031",
    counts={}, parties=("Russia", "Ukraine"), source=NORTH, quotes=(OPENED, SAID), articles=1, families=1,
    rules=("verb-meets", "told-in-title", "date-in-text", "first-news-ahead"), decided=NOON + timedelta(seconds=4),
    facts=(Fact("status", "planned", NORTH, OPENED), Fact("place", "Istanbul", NORTH, OPENED)),
)  # fmt: skip
OFF = quote("The third round will not take place on Monday and was put off by two weeks, the ministry said.")
REVERSED = replace(
    ROUND, id="al2", reason="reversed", status="postponed", decided=NOON + timedelta(hours=3), quotes=(OFF,),
    title="Third round of talks between Russia and Ukraine postponed in Istanbul to 16 June 2031",
    source=source("Harbour Courier", "Istanbul talks put off"), articles=4, families=3,
    facts=(*ROUND.facts, Fact("status", "agreed", SOUTH, SAID), Fact("status", "postponed", EAST, OFF)),
    since=(Fact("status", "postponed", EAST, OFF), Fact("date", "16 June 2031", EAST, OFF)),
    rules=("verb-put-off", "plan-moved", "off-once-per-stay"),
)  # fmt: skip
SWAP = replace(
    ROUND, id="al3", kind="prisoner_exchange", label="prisoner exchange", status="concluded", ordinal=None, series=None,
    event_id="ru-ua.prisoner_exchange.2031-06-02.b07d11ce", place="Chernihiv region",
    title="Prisoner exchange between Russia and Ukraine carried out in Chernihiv region, 2 June 2031: 157 each",
    counts={"each": 157, "total": 314}, rules=("verb-exchange", "told-in-lead", "counts-changed"),
)  # fmt: skip
FORTY = quote("Each side handed over 150 servicemen and seven civilians, 157 people in all.")
CORRECTED = replace(
    SWAP, reason="corrected", quotes=(FORTY,), decided=NOON + timedelta(hours=1), articles=6, families=2,
    edits=(
        Edit(quote("Each side handed over 175 people on Monday."), FORTY, (Moved("counts", "175 each", "157 each"),)),
        Edit(quote("The bus crossed at Hremiach."), None, (Moved("place", "Hremiach", None),), gone=True),
    ),
    since=(Fact("counts", "157 each", NORTH, FORTY),), facts=(Fact("counts", "157 each", NORTH, FORTY),),
)  # fmt: skip
CONFIRMED = replace(
    SWAP, reason="confirmed", quotes=(FORTY,), decided=NOON + timedelta(hours=2), articles=9, families=3,
    since=(Fact("counts", "150 each", EAST, quote("Додому повернулися 150 військових.")),),
    facts=(
        Fact("status", "concluded", NORTH, FORTY), Fact("status", "concluded", SOUTH, SAID),
        Fact("date", "2 June 2031", NORTH, FORTY), Fact("date", "1 June 2031", SOUTH, SAID),
        Fact("counts", "157 each", NORTH, FORTY),
        Fact("counts", "150 each", EAST, quote("Додому повернулися 150 військових.")),
        Fact("counts", "157 each; 314 in all", SOUTH, quote("Her iki taraf 157 kişiyi teslim etti.")),
    ),
)  # fmt: skip
DIGEST = replace(
    ROUND, id="al5", reason="digest", kind="digest", label="", event_id="digest-desk-20310602T0400", quotes=(),
    title="5 alerts held from 22:00 to 07:00", status="", parties=(), place=None, ordinal=None, series=None,
    source=replace(NORTH, url="", title="`parley deliveries` shows each of them", outlet="Parley"),
    facts=(
        Fact("new", ROUND.title, NORTH, OPENED), Fact("reversed", REVERSED.title, EAST, OFF),
        Fact("corrected", SWAP.title, SOUTH, FORTY), Fact("confirmed", SWAP.title, EAST, None),
        Fact("advanced", SWAP.title, replace(NORTH, url="ftp://nowhere"), FORTY),
    ),
    since=(Fact("mute", "The topic summit, until 9 June 2031 07:00 (Europe/Kyiv): too many of them", NORTH),),
)  # fmt: skip
NOTICE = replace(
    DIGEST, id="al6", reason="notice", kind="self", label="sources", event_id="self-sources-20310602T120000-bad",
    status="bad", title="3 sources are in trouble", since=(), families=3,
    source=replace(DIGEST.source, title="`parley feeds` shows every source and what is known of it"),
    facts=tuple(
        Fact("source", f"failing for {n} d 2 h ({n}7 times in a row: status 503) https://wire{n}.example/rss/politics/world",
             replace(NORTH, outlet=f"Wire {n}"))
        for n in (1, 2, 4)
    ),
)  # fmt: skip
WELL = replace(NOTICE, status="well", title="3 sources are well again",
               facts=tuple(replace(fact, value=f"ok for 2 h {fact.source.url}") for fact in NOTICE.facts))  # fmt: skip
NASTY = "<script>alert(1)</script> <!channel> *b* _i_ \u202e\r\nBcc: x@example.org"
ARABIC = "اختتمت الجولة الثالثة من المحادثات بين روسيا وأوكرانيا في إسطنبول (2 يونيو)"
HEBREW = "הסבב השלישי של השיחות: 150, 157 — ‏איסטנבול"
HOSTILE = replace(
    ROUND, title=f"{ARABIC} {NASTY}", place=HEBREW, parties=("Landesverteidigungsministeriumsverwaltung" * 3, ARABIC),
    quotes=(quote(ARABIC), quote(HEBREW), quote(NASTY), quote("Donaudampfschifffahrt" * 30)),
    source=replace(NORTH, title=HEBREW, outlet=ARABIC, url="https://a.example/" + "x" * 1500),
    rules=("r" * 150, "one-rule-after-another") * 20, articles=900, families=500, event_id="ru-ua." + "e" * 180,
    facts=tuple(
        Fact(slot, f"{n % 90} {'each' * 30}", source("O" * 70 + str(n), None, url=f"https://{n}.example/{'y' * 900}"),
             quote(f"{n} {ARABIC if n % 2 else 'W' * 300}"))
        for slot in ("counts", "date", "z" * 60)
        for n in range(500)
    ),
    edits=(Edit(quote("Q" * 500), quote(HEBREW * 5), (Moved("place", "P" * 190, ARABIC),)),),
)  # fmt: skip
SAMPLES: dict[str, tuple[Alert, dict[str, Any]]] = {
    "new": (ROUND, {}),
    "reversed": (REVERSED, {"earlier": True, "opened": ROUND}),
    "corrected": (CORRECTED, {"earlier": True, "opened": SWAP}),
    "confirmed": (CONFIRMED, {"earlier": True, "opened": SWAP,
                              "note": "Sent to you because the mail to desk was not accepted within 30 min"}),
    "digest": (DIGEST, {}),
    "notice": (NOTICE, {}),
    "well-again": (WELL, {}),
    "hostile": (HOSTILE, {"note": "N" * 400}),
}  # fmt: skip


def page_of(name: str) -> str:
    alert, more = SAMPLES[name]
    target = Target("desk", "mail", "email", "desk@example.org")
    raw = render(
        alert,
        target,
        **{"delivery_id": "d1", "domain": "p.example", "sender": None, "earlier": False, "zone": KYIV} | more,
    )
    mail = message_from_bytes(raw, policy=SMTP)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


# --- the browser ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tab:
    """A page of a headless Chromium, spoken to by the DevTools protocol."""

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    requests: list[str] = field(default_factory=list)
    loaded: bool = False

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one command; what the page asked of the network meanwhile is noted."""
        number = next(self.ids)
        address = {"sessionId": self.session} if self.session else {}
        await self.socket.send_json({"id": number, "method": method, "params": params, **address})
        while True:
            answer = await self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    async def show(self, page: Path, scheme: str, width: int) -> None:
        await self.call(
            "Emulation.setEmulatedMedia", media="screen", features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        self.requests, self.loaded = [], False
        await self.call("Page.navigate", url=page.as_uri())
        while not self.loaded:
            await self._next()

    async def ask(self, script: str) -> Any:
        result = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def picture(self) -> bytes:
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 6000), "scale": 1}
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    async def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = await asyncio.wait_for(self.socket.receive_json(), 30)
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        self.loaded |= message.get("method") == "Page.loadEventFired"
        return message


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed, and without it nobody has seen the mails: apt-get install chromium")
    process = await asyncio.create_subprocess_exec(
        program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--hide-scrollbars", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
        "--remote-debugging-port=0", f"--user-data-dir={tmp_path / 'profile'}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        said = b""
        while (found := re.search(rb"DevTools listening on (ws://\S+)", said)) is None:
            line = await asyncio.wait_for(process.stderr.readline(), 60)
            assert line, f"chromium ended before it listened: {said.decode(errors='replace')}"
            said += line
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session, session.ws_connect(found[1].decode(), max_msg_size=0) as socket:
            page = Tab(socket)
            made = await page.call("Target.createTarget", url="about:blank")
            attached = await page.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)
            page.session = attached["sessionId"]
            await page.call("Page.enable")
            await page.call("Network.enable")
            yield page
        drain.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


MEASURE = """
(() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const numbers = css => css.match(/[\\d.]+/g).map(Number);
  const opaque = css => { const c = numbers(css); return c.length < 4 || c[3] > 0; };
  const behind = e => { for (; e; e = e.parentElement) {
    const css = getComputedStyle(e).backgroundColor; if (opaque(css)) return numbers(css); } return [255, 255, 255]; };
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement, range = document.createRange();
    if (!node.data.trim()) continue;
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter(box => box.width > 0);
    if (!boxes.length) continue;
    const style = getComputedStyle(element), pair = [light(numbers(style.color)), light(behind(element))];
    texts.push({
      text: node.data.trim().slice(0, 60), size: parseFloat(style.fontSize),
      contrast: (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05),
      left: Math.min(...boxes.map(box => box.left)), right: Math.max(...boxes.map(box => box.right)),
    });
  }
  return {wide: document.documentElement.scrollWidth, inner: innerWidth,
          page: getComputedStyle(document.body).backgroundColor,
          hidden: document.body.firstElementChild.getClientRects().length, texts};
})()
"""


async def test_every_mail_reads_well_in_light_and_dark_on_a_phone_and_on_a_desk(tab: Tab, tmp_path: Path) -> None:
    grounds: dict[str, set[str]] = {"light": set(), "dark": set()}
    for name in SAMPLES:
        file = tmp_path / f"{name}.html"
        file.write_text(page_of(name), encoding="utf-8")
        for scheme, width in itertools.product(grounds, (375, 800)):
            await tab.show(file, scheme, width)
            seen = await tab.ask(MEASURE)
            where = f"{name}, {scheme}, {width} px"
            (tmp_path / f"{name}-{scheme}-{width}.png").write_bytes(await tab.picture())
            assert tab.requests == [file.as_uri()], where
            assert seen["inner"] == width, where
            assert seen["wide"] <= width, where
            assert seen["hidden"] == 0, where  # what a list of mails shows of it stands in no opened mail
            assert len(seen["texts"]) > 5, where
            for text in seen["texts"]:
                assert text["contrast"] >= 4.5, (where, text)
                assert text["size"] >= 12, (where, text)
                assert 0 <= text["left"] <= text["right"] <= width, (where, text)
            grounds[scheme].add(seen["page"])
    assert [len(each) for each in grounds.values()] == [1, 1]
    assert grounds["light"] != grounds["dark"]


async def test_the_measure_sees_what_is_wrong(tab: Tab, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><meta name=viewport content='width=device-width, initial-scale=1'><body><i>seen</i>"
        f"<p style='color:#999;font-size:9px;white-space:nowrap'>{'wide ' * 300}</p><img src='http://far.example/x.png'>"
    )
    await tab.show(bad, "light", 375)
    seen = await tab.ask(MEASURE)
    assert seen["wide"] > 375
    assert seen["hidden"] == 1
    assert "http://far.example/x.png" in tab.requests
    (text,) = [each for each in seen["texts"] if each["text"].startswith("wide")]
    assert text["contrast"] < 4.5
    assert text["size"] == 9
    assert text["right"] > 375
