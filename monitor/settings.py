"""config/parley.yaml and the environment as Settings, or every fault in them.

Every setting can also be given by an environment variable: the path in capitals behind `PARLEY_`, steps joined by two
underscores (`PARLEY_POLLING__INTERVAL`); it wins over the file. A secret may also stand in a file named by `<key>_file`
or in systemd's credentials directory as `<channel>.<key>`, which wins over both (reference: delivery §6).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from alerts.channels import settings_of
from alerts.channels.shape import ChannelSettings, mail_address
from alerts.kinds import KINDS
from alerts.records import Target
from alerts.rules import EVERY_DAY, USUAL, Cap, Digest, Escalation, Mailing, Quiet, Recipient, Route, SeverityRule
from monitor.addresses import Opened, opened
from monitor.crossed import crossed
from monitor.documents import Document, Where, read
from monitor.environment import overlay
from monitor.faults import Fault, Faults, fault, validate, validate_part
from monitor.records import Feed
from monitor.secrets import Found, Secrets
from monitor.settingsfile import (
    DAYS,
    Keep,
    Narrowed,
    Notices,
    Polling,
    RecipientModel,
    RouteModel,
    SettingsModel,
    StoreModel,
    Workers,
)

FILE = Path("config") / "parley.yaml"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Where a full cycle is reported, which is a secret, and how often; None: nowhere."""

    url: SecretStr | None
    every: timedelta


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an operator decided. Secrets print as stars.

    `contact` goes into the User-Agent, so that a newsroom can reach the operator. `channels` are by the names of the
    file, and so are the recipients of `mailing`. Without routes in the file every recipient hears everything.
    `secret_files` are those that secrets stand in, each by the name of its credential.
    """

    home: Path
    watches: tuple[str, ...]
    store_url: SecretStr
    contact: str | None
    polling: Polling
    opened: Opened
    proxy: SecretStr | None
    ca_file: Path | None
    keep: Keep
    notices: Notices
    workers: Workers
    give_up_after: timedelta
    heartbeat: Heartbeat
    grace: timedelta
    listen: str | None
    log_level: str
    log_format: str
    channels: Mapping[str, ChannelSettings]
    mailing: Mailing
    secret_files: Mapping[str, Path] = field(default_factory=dict)

    @property
    def archive(self) -> Path:
        """The folder of the archive: beside the store where that is a file, for what may be written to is there."""
        return archive_of(self.home, self.store_url.get_secret_value())

    @property
    def store_file(self) -> Path | None:
        """The file of an SQLite store; None of one in memory or on a server."""
        return store_file(self.home, self.store_url.get_secret_value())


def store_file(home: Path, store_url: str) -> Path | None:
    """The file of a store, or None where it is none."""
    address = make_url(store_url)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        return home / str(address.database)
    return None


def archive_of(home: Path, store_url: str) -> Path:
    """The folder of the archive that belongs to a store."""
    file = store_file(home, store_url)
    return (file.parent if file is not None else home / "state") / "archive"


def store_of(home: Path, env: Mapping[str, str], *, usual: bool = False) -> SecretStr | Faults:
    """Where the store of a home is, whatever else is wrong with its settings or missing from the environment.

    With `usual`, a file that cannot be read at all says nothing: the environment does, else it is the usual place.
    """
    bare = read(home / FILE)
    if usual and not isinstance(bare.data, dict):
        bare = replace(bare, data={}, unread=False)
    document, faults = overlay(bare, env, SettingsModel)
    if document.unread or not isinstance(document.data, dict):
        return absent(home) or Faults((*faults, *validate(SettingsModel, document)[1]))
    model, found = validate_part(StoreModel, document, ("store",), document.data.get("store") or {})
    if model is None:
        return Faults(tuple(found))
    secrets, found = Secrets(document, home, env), []
    url = _store_url(model, secrets, home, document, found)
    found += secrets.faults
    return url if url is not None and not found else Faults(tuple(found))


def in_force(feed: Feed, polling: Polling) -> Feed:
    """The feed with the interval of the settings, where the operator chose one there and none for the feed."""
    usual = None if polling.interval == Polling().interval else polling.interval
    return replace(feed, interval=feed.interval or usual)


def absent(home: Path) -> Faults | None:
    """What is wrong with a home that has no settings at all: most often, that it is another folder."""
    if (home / FILE).is_file():
        return None
    where = home.absolute()
    advice = f"--home or PARLEY_HOME names a home, and `parley init {where}` writes one there"
    return Faults((Fault(str(FILE), 0, "", f"there is no such file in {where}", advice),))


def load(home: Path, env: Mapping[str, str]) -> Settings | Faults:
    """The settings of a home, or every fault. Reads config/parley.yaml and the files that secrets stand in."""
    if (none := absent(home)) is not None:
        return none
    document, faults = overlay(read(home / FILE), env, SettingsModel)
    model, found = validate(SettingsModel, document)
    faults += found
    if model is None:
        return Faults(tuple(faults))
    secrets = Secrets(document, home, env)
    faults += _crossed(model, document, home)
    store = _store_url(model.store, secrets, home, document, faults)
    channels = {
        name: channel
        for name, each in model.channels.items()
        if (channel := _channel(name, each.kind, secrets, home, document, faults)) is not None
    }
    proxy = secrets.find(("polling",), "proxy", model.polling.proxy, model.polling.proxy_file).value
    if proxy and not re.match(r"https?://[^/\s]+", proxy.get_secret_value()):
        message = "should be an address such as http://proxy.example.org:3128"
        faults.append(fault(document, ("polling", "proxy"), message))
    beat_url = secrets.find(("heartbeat",), "url", model.heartbeat.url, model.heartbeat.url_file).value
    if beat_url and not re.match(r"https?://[^/\s]+", beat_url.get_secret_value()):
        message = "should be an address that begins with https:// or http://"
        faults.append(fault(document, ("heartbeat", "url"), message))
    open_to = opened(model.polling.open_to)
    if isinstance(open_to, str):
        faults.append(fault(document, ("polling", "open_to"), open_to))
    if model.polling.ca_file and not (home / model.polling.ca_file).is_file():
        faults.append(fault(document, ("polling", "ca_file"), "there is no such file"))
    faults += secrets.faults
    if faults or store is None or isinstance(open_to, str):
        return Faults(tuple(faults))
    return Settings(
        home=home,
        watches=model.watches,
        store_url=store,
        contact=model.contact,
        polling=model.polling,
        opened=open_to,
        proxy=proxy,
        ca_file=home / model.polling.ca_file if model.polling.ca_file else None,
        keep=model.keep,
        notices=model.notices,
        workers=model.workers,
        give_up_after=model.delivery.give_up_after,
        heartbeat=Heartbeat(beat_url, model.heartbeat.every),
        grace=model.delivery.grace,
        listen=None if model.http.listen == "off" else model.http.listen,
        log_level=model.log.level,
        log_format=model.log.format,
        channels=channels,
        mailing=_mailing(model, channels),
        secret_files=secrets.files,
    )


# Credentials are called by the last part of their place, which a channel of such a name would share.
_SHARED = {"store": "url", "heartbeat": "url"}


def _domain(senders: Iterable[str]) -> str:
    address = mail_address(next(iter(senders), None))
    return address.rpartition("@")[2] if address else "parley.invalid"


def _mailing(model: SettingsModel, channels: Mapping[str, ChannelSettings]) -> Mailing:
    recipients = {name: _recipient(name, each, model) for name, each in model.recipients.items()}
    senders = {name: sender for name, each in channels.items() if (sender := each.signs_as()) is not None}
    return Mailing(
        routes=tuple(map(_route, model.routes)) or (Route(tuple(recipients)),),
        recipients=recipients,
        senders=senders,
        domain=model.delivery.domain or _domain(senders.values()),
        severities=tuple(
            SeverityRule(each.is_, frozenset(each.watches), frozenset(each.kinds), frozenset(each.reasons))
            for each in model.severity
        )
        + USUAL,
        gather=model.delivery.gather,
        stale_after=model.delivery.stale_after,
    )


def _recipient(name: str, model: RecipientModel, whole: SettingsModel) -> Recipient:
    target = Target(name, model.channel, whole.channels[model.channel].kind, model.to or name)
    quiet = tuple(
        Quiet(
            each.from_,
            each.until,
            frozenset(map(DAYS.index, each.days)) or EVERY_DAY,
            each.then,
            frozenset(each.bypass),
        )
        for each in model.quiet
    )
    cap = Cap(model.cap.hour, model.cap.day)
    return Recipient(target, ZoneInfo(model.zone), quiet, cap, model.fallback, model.fallback_after)


def _route(model: RouteModel) -> Route:
    digest = model.digest
    return Route(
        model.to,
        frozenset(model.watches),
        frozenset(model.kinds),
        frozenset(model.reasons),
        frozenset(model.severity),
        Digest(digest.at, DAYS.index(digest.day) if digest.day else None) if digest else None,
        tuple(Escalation(each.after, each.to) for each in model.escalate),
    )


def _store_url(
    model: StoreModel, secrets: Secrets, home: Path, document: Document, faults: list[Fault]
) -> SecretStr | None:
    found = secrets.find(("store",), "url", model.url, model.url_file)
    if found.value is None:
        return SecretStr(f"sqlite:///{home.absolute() / 'state' / 'parley.db'}")
    try:
        address = make_url(found.value.get_secret_value())
        backend = address.get_backend_name()
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        message = "should be an address such as sqlite:///state/parley.db or postgresql+psycopg://user@host/name"
        faults.append(fault(document, found.where, message))
        return None
    if backend == "sqlite" and address.database not in (None, "", ":memory:"):
        address = address.set(database=str(home.absolute() / str(address.database)))
    return SecretStr(address.render_as_string(hide_password=False))


def _channel(
    name: str, kind: str, secrets: Secrets, home: Path, document: Document, faults: list[Fault]
) -> ChannelSettings | None:
    """A channel by the settings of its kind, with its secrets found and its files named from the home."""
    where: Where = ("channels", name)
    if kind not in KINDS:
        faults.append(fault(document, (*where, "kind"), "unknown kind", _listed(KINDS)))
        return None
    shape = settings_of(kind)
    if (shared := _SHARED.get(name)) in shape.secrets():
        message = f"its {shared} would be the credential {name}.{shared}, which is Parley's own"
        faults.append(fault(document, where, message, "give the channel another name"))
        return None
    made, found = validate_part(shape, document, where, document.data["channels"][name])
    faults += found
    if made is None:
        return None
    given: dict[str, Found] = {}
    for key in shape.secrets():
        look = secrets.need if key in shape.needed else secrets.find
        given[key] = look(where, key, getattr(made, key), getattr(made, f"{key}_file"))
    put: dict[str, object] = {key: each.value for key, each in given.items()}
    if (ca_file := getattr(made, "ca_file", None)) is not None:
        put["ca_file"] = home / ca_file
        if not (home / ca_file).is_file():
            faults.append(fault(document, (*where, "ca_file"), "there is no such file"))
    whole = made.model_copy(update=put)
    for wrong in whole.wrong():
        about = given.get(wrong.key)
        if about is None or about.value is not None or not about.tried:  # else why it is not there is told already
            place = about.where if about else (*where, wrong.key)
            faults.append(fault(document, place, wrong.message, wrong.advice))
    return whole if all(given[key].value is not None for key in shape.needed) else None


def _crossed(model: SettingsModel, document: Document, home: Path) -> list[Fault]:
    """What no single key can tell: names that point at nothing."""
    faults: list[Fault] = []

    def say(where: Where, message: str, advice: str = "") -> None:
        faults.append(fault(document, where, message, advice))

    for i, watch in enumerate(model.watches):
        if not (home / "seeds" / "watches" / f"{watch}.yaml").is_file():
            say(
                ("watches", i),
                f"unknown watch {watch}",
                f"{_known(home, 'watches')}, or write seeds/watches/{watch}.yaml",
            )
    for name, recipient in model.recipients.items():
        where: Where = ("recipients", name)
        channel = model.channels.get(recipient.channel)
        if channel is None:
            say((*where, "channel"), f"unknown channel {recipient.channel}", _listed(model.channels))
        elif channel.kind in KINDS:
            wrong = settings_of(channel.kind).address_fault(recipient.to, recipient.channel)
            if wrong is not None:
                say((*where, wrong.key) if wrong.key else where, wrong.message, wrong.advice)
        if recipient.fallback is not None and recipient.fallback not in model.recipients:
            say((*where, "fallback"), f"unknown recipient {recipient.fallback}", _listed(model.recipients))
        elif recipient.fallback == name:
            say((*where, "fallback"), "names itself", "name another recipient, or take it out")
    for i, name in enumerate(model.notices.to or ()):
        if name not in model.recipients:
            say(("notices", "to", i), f"unknown recipient {name}", _listed(model.recipients))
    topics = {file.stem for file in (home / "seeds" / "topics").glob("*.yaml")}
    for i, route in enumerate(model.routes):
        for j, each in enumerate(route.to):
            if each not in model.recipients:
                say(("routes", i, "to", j), f"unknown recipient {each}", _listed(model.recipients))
        for j, step in enumerate(route.escalate):
            for k, each in enumerate(step.to):
                if each not in model.recipients:
                    say(("routes", i, "escalate", j, "to", k), f"unknown recipient {each}", _listed(model.recipients))
    parts: tuple[tuple[str, Sequence[Narrowed]], ...]
    parts = (("routes", model.routes), ("severity", model.severity))
    for part, narrowed in parts:
        for i, narrow in enumerate(narrowed):
            for j, each in enumerate(narrow.watches):
                if each not in model.watches:
                    say((part, i, "watches", j), f"{each} is not among the watches above", _listed(model.watches))
            for j, each in enumerate(narrow.kinds):
                if each not in topics:
                    say((part, i, "kinds", j), f"unknown topic {each}", _known(home, "topics"))
    for place, message, advice in crossed(model):
        say(place, message, advice)
    if not model.recipients:
        say((), "there are no recipients: nobody would hear", "give at least one, such as me: {channel: console}")
    return faults


def _listed(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return "known: " + (", ".join(names) or "none")


def _known(home: Path, folder: str) -> str:
    return _listed(tuple(sorted(file.stem for file in (home / "seeds" / folder).glob("*.yaml"))))
