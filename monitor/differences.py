"""PURE: what differs between two configurations, by the names that an operator wrote. No value is told: any may be one
that nobody else is to read."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pydantic import BaseModel

from monitor.records import Feed, Watch
from monitor.settings import Settings

# So many addresses of feeds are named, of more how many there are.
_NAMED = 5


def differences(
    before: Settings,
    after: Settings,
    watches: tuple[Iterable[Watch], Iterable[Watch]],
    feeds: tuple[Mapping[str, Feed], Mapping[str, Feed]],
) -> tuple[str, ...]:
    """What changed from `before` to `after`, in the order of the names; `watches` and `feeds` are those of both."""
    told = [*_settings(before, after)]
    old, new = ({watch.id: _still(watch) for watch in each} for each in watches)
    told += [f"watch {name} {how}" for name, how in _moves(old, new)]
    moved = _moves(*feeds)
    for how in ("added", "removed", "changed"):
        urls = [url for url, what in moved if what == how]
        if len(urls) > _NAMED:
            told.append(f"{len(urls)} feeds {how}")
        else:
            told += [f"feed {url} {how}" for url in urls]
    return tuple(told)


def _settings(before: Settings, after: Settings) -> list[str]:
    told = [name for name, how in _moves(_flat(before), _flat(after)) if how]
    for part, old, new in (
        ("channels", before.channels, after.channels),
        ("recipients", before.mailing.recipients, after.mailing.recipients),
    ):
        for name, how in _moves(old, new):
            if how != "changed":
                told.append(f"{part}.{name} {how}")
            elif part == "recipients":
                told.append(f"{part}.{name}")
            else:
                keys = _moves(_keys(before.channels[name]), _keys(after.channels[name]))
                told += [f"{part}.{name}.{key}" for key, _ in keys]
    return sorted(told)


def _flat(own: Settings) -> dict[str, object]:
    """Dotted name → value, but for channels and recipients."""
    flat: dict[str, object] = {}
    for part in ("polling", "keep", "notices", "workers"):
        flat |= {f"{part}.{key}": value for key, value in _keys(getattr(own, part)).items()}
    return flat | {
        "watches": own.watches,
        "contact": own.contact,
        "polling.proxy": own.proxy,
        "polling.ca_file": own.ca_file,
        "delivery.give_up_after": own.give_up_after,
        "delivery.grace": own.grace,
        "delivery.domain": own.mailing.domain,
        "delivery.gather": own.mailing.gather,
        "delivery.stale_after": own.mailing.stale_after,
        "heartbeat.url": own.heartbeat.url,
        "heartbeat.every": own.heartbeat.every,
        "http.listen": own.listen,
        "log.level": own.log_level,
        "log.format": own.log_format,
        "routes": own.mailing.routes,
        "severity": own.mailing.severities,
    }


def _keys(model: BaseModel) -> dict[str, object]:
    """Key → value; a secret stands under its own key, wherever it was read from."""
    return {
        key: getattr(model, key) for key in type(model).model_fields if not key.endswith("_file") or key == "ca_file"
    }


def _still(watch: Watch) -> Watch:
    """Without the moment that it began, which no file says."""
    return replace(watch, rings=replace(watch.rings, began=None))


def _moves(before: Mapping[str, object], after: Mapping[str, object]) -> list[tuple[str, str]]:
    """Each name that came, went or means something else, with which of it."""
    moves = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            moves.append((name, "added"))
        elif name not in after:
            moves.append((name, "removed"))
        elif before[name] != after[name]:
            moves.append((name, "changed"))
    return moves
