"""The shape of config/parley.yaml: its keys, their types and their defaults."""

import re
from datetime import time, timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from monitor.faults import Duration, Slug, Strict, Text


def _size(value: object) -> object:
    found = re.fullmatch(r"(\d{1,9})\s*(B|kB|MB|GB)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("should be a size with its unit, such as 800kB or 5MB")
    return int(found[1]) * {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[found[2]]


def _above_zero(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("should be longer than nothing")
    return value


def _enough(value: int) -> int:
    # A process that reads nothing yet has 60 MB (measured), and a page that runs out of memory is set aside for good.
    if value < 100 * 10**6:
        raise ValueError("should be at least 100MB: with less, pages cannot be read and are set aside")
    return value


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    # YAML 1.2 leaves 07:30 as text; a reader of 1.1 would have made 450 of it
    if not isinstance(value, str) or not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        raise ValueError("should be a time of day such as 07:30")
    hour, minute = value.split(":")
    return time(int(hour), int(minute))


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("should be a time zone by its IANA name, such as Europe/Kyiv")
    return value


Clock = Annotated[time, BeforeValidator(_clock)]
Zone = Annotated[Text, AfterValidator(_zone)]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Severity = Literal["urgent", "normal", "low"]
Size = Annotated[int, BeforeValidator(_size)]
Wait = Annotated[Duration, AfterValidator(_above_zero)]
Count = Annotated[int, Field(ge=1, le=1000)]
Reason = Literal["new", "advanced", "reversed", "corrected", "confirmed"]


class StoreModel(Strict):
    """Where the memory is. `url` holds a password when it is a server's, so it counts as a secret."""

    url: SecretStr | None = None
    url_file: Text | None = None


class Polling(Strict):
    """How feeds and pages are fetched; sizes are bytes after decompression."""

    interval: Wait = timedelta(minutes=60)
    feed_deadline: Wait = timedelta(seconds=30)
    page_deadline: Wait = timedelta(seconds=30)
    feed_bytes: Size = 15_000_000
    page_bytes: Size = 5_000_000
    feeds_abreast: Count = 16
    pages_abreast: Count = 8
    host_gap: Duration = timedelta(seconds=2)
    robots: bool = True
    open_to: tuple[Text, ...] = ()
    proxy: SecretStr | None = None
    proxy_file: Text | None = None
    ca_file: Text | None = None


class Workers(Strict):
    """The processes that parse and read; a job beyond its time or memory costs its worker, never the service."""

    count: Count = 2
    memory: Annotated[Size, AfterValidator(_enough)] = 512_000_000
    feed_timeout: Wait = timedelta(seconds=10)
    page_timeout: Wait = timedelta(seconds=20)
    claims_timeout: Wait = timedelta(seconds=10)


class Keep(Strict):
    """How long things are kept. Events, alerts and deliveries are kept for good."""

    articles: Wait = timedelta(days=90)
    entries: Wait = timedelta(days=30)
    journal: Wait = timedelta(days=400)
    archive: Duration = timedelta(days=30)
    archive_size: Size = 2_000_000_000


class Notices(Strict):
    """Who hears of trouble (None: every recipient), and after how long: a source in a bad state, a channel that takes
    nothing, a queue that does not move."""

    to: tuple[str, ...] | None = None
    after: Wait = timedelta(hours=24)
    channel_after: Wait = timedelta(minutes=5)
    queue_after: Wait = timedelta(minutes=30)


class HeartbeatModel(Strict):
    """Where to report a full cycle, so that somebody notices when the reports stop."""

    url: SecretStr | None = None
    url_file: Text | None = None
    every: Wait = timedelta(minutes=5)


def _domain(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", value):
        raise ValueError("should be a domain, such as alerts.example.org")
    return value


class DeliveryModel(Strict):
    """How long an alert is tried, updates wait for each other, and what is under way may take when the service stops;
    the right side of the ids of mails."""

    give_up_after: Wait = timedelta(hours=48)
    gather: Duration = timedelta(minutes=15)
    stale_after: Wait = timedelta(days=7)
    grace: Wait = timedelta(seconds=30)
    domain: Annotated[str, AfterValidator(_domain)] | None = None


class Log(Strict):
    """What is logged on stderr, and how: `auto` is text on a terminal, journald's priorities under systemd, else
    logfmt."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "text", "logfmt", "json", "journald"] = "auto"


def _listen(value: str) -> str:
    if value != "off" and not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}", value):
        raise ValueError("should be an address and a port, such as 127.0.0.1:9713, or off")
    if value != "off" and int(value.rpartition(":")[2]) > 65535:
        raise ValueError("should have a port up to 65535")
    return value


class Http(Strict):
    """Where /healthz, /readyz and /metrics are answered; port 0 is any that is free."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9713"


class ChannelModel(BaseModel):
    """A channel's kind; the keys that go with it are in `alerts.channels`, in the kind's own file."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str


class QuietModel(Strict):
    """Hours in which a recipient is left alone, by the clock of its zone."""

    from_: Annotated[Clock, Field(alias="from")]
    until: Annotated[Clock, Field(alias="to")]
    days: tuple[Day, ...] = ()
    then: Literal["hold", "digest"] = "hold"
    bypass: tuple[Severity, ...] = ("urgent",)


class CapModel(Strict):
    """How many messages at most; left out: as many as there are."""

    hour: Annotated[int, Field(ge=1)] | None = None
    day: Annotated[int, Field(ge=1)] | None = None


class RecipientModel(Strict):
    """Who hears: an address on a channel, and when it may ring there."""

    channel: str
    to: Text | None = None
    zone: Zone = "UTC"
    quiet: tuple[QuietModel, ...] = ()
    cap: CapModel = CapModel(hour=10, day=30)
    fallback: str | None = None
    fallback_after: Wait = timedelta(minutes=30)


class DigestModel(Strict):
    """When what has come together is sent: each day, or each week on `day`."""

    at: Clock
    day: Day | None = None


class EscalationModel(Strict):
    """Who hears when nobody has acknowledged."""

    after: Wait
    to: Annotated[tuple[str, ...], Field(min_length=1)]


class Narrowed(Strict):
    """Which alerts are meant; a key left out means all."""

    watches: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


class RouteModel(Narrowed):
    """Which alerts go to whom, and how."""

    to: Annotated[tuple[str, ...], Field(min_length=1)]
    severity: tuple[Severity, ...] = ()
    digest: DigestModel | None = None
    escalate: tuple[EscalationModel, ...] = ()


class SeverityModel(Narrowed):
    """Which alerts are of which severity. The first that fits decides."""

    is_: Annotated[Severity, Field(alias="is")]


class SettingsModel(Strict):
    """config/parley.yaml."""

    watches: Annotated[tuple[Slug, ...], Field(min_length=1)]
    contact: Text | None = None
    store: StoreModel = StoreModel()
    polling: Polling = Polling()
    workers: Workers = Workers()
    keep: Keep = Keep()
    notices: Notices = Notices()
    delivery: DeliveryModel = DeliveryModel()
    heartbeat: HeartbeatModel = HeartbeatModel()
    http: Http = Http()
    log: Log = Log()
    channels: dict[Slug, ChannelModel] = Field(default_factory=dict)
    recipients: dict[Slug, RecipientModel] = Field(default_factory=dict)
    routes: tuple[RouteModel, ...] = ()
    severity: tuple[SeverityModel, ...] = ()
