"""The shape of config/parley.yaml: its keys, their types and their defaults."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from monitor.faults import Duration, Slug, Strict, Text, WebAddress


def _size(value: object) -> object:
    found = re.fullmatch(r"(\d{1,9})\s*(B|kB|MB|GB)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("should be a size with its unit, such as 800kB or 5MB")
    return int(found[1]) * {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[found[2]]


def _above_zero(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("should be longer than nothing")
    return value


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
    memory: Size = 512_000_000
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
    """Who hears of the state of sources (None: every recipient), and after how long in a bad one."""

    to: tuple[str, ...] | None = None
    after: Wait = timedelta(hours=24)


class DeliveryModel(Strict):
    """How long an alert is tried, and the right side of the ids of mails."""

    give_up_after: Wait = timedelta(hours=48)
    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)] | None = None


class Log(Strict):
    """What is logged on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class ConsoleModel(Strict):
    """Alerts on standard output."""

    kind: Literal["console"]


class EmailModel(Strict):
    """A mail server to hand alerts to."""

    kind: Literal["email"]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\[\]-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Text | None = None
    password: SecretStr | None = None
    password_file: Text | None = None
    sender: Text
    ca_file: Text | None = None


class SlackModel(Strict):
    """A Slack app with a bot token; `api_url` is for a server that speaks Slack's interface."""

    kind: Literal["slack"]
    token: SecretStr | None = None
    token_file: Text | None = None
    api_url: WebAddress | None = None
    ca_file: Text | None = None


class SlackWebhookModel(Strict):
    """An incoming webhook of Slack: its address fixes the channel and is the secret."""

    kind: Literal["slack_webhook"]
    url: SecretStr | None = None
    url_file: Text | None = None
    ca_file: Text | None = None


ChannelModel = Annotated[ConsoleModel | EmailModel | SlackModel | SlackWebhookModel, Field(discriminator="kind")]


class RecipientModel(Strict):
    """Who hears: an address on a channel."""

    channel: str
    to: Text | None = None


class RouteModel(Strict):
    """Which alerts go to whom; a key left out means all."""

    to: Annotated[tuple[str, ...], Field(min_length=1)]
    watches: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


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
    log: Log = Log()
    channels: dict[Slug, ChannelModel] = Field(default_factory=dict)
    recipients: dict[Slug, RecipientModel] = Field(default_factory=dict)
    routes: tuple[RouteModel, ...] = ()
