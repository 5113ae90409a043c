"""What no single key of routes, recipients and quiet hours can tell: ways that lead nowhere, or in a circle."""

from collections.abc import Iterator
from datetime import time, timedelta

from monitor.documents import Where
from monitor.settingsfile import DAYS, QuietModel, RecipientModel, RouteModel, SettingsModel

Said = tuple[Where, str, str]
"""Where the fault is, what it is, what to do."""

_UPDATES = {"corrected", "confirmed"}
_WEEK = 7 * 24 * 60


def crossed(model: SettingsModel) -> Iterator[Said]:
    """Every such fault, in the order of the file."""
    if model.delivery.stale_after <= model.delivery.gather:
        yield (
            ("delivery", "stale_after"),
            "is over before what is gathered goes out: nobody would hear of an update",
            f"make it longer than gather, {_span(model.delivery.gather)}",
        )
    for name, recipient in model.recipients.items():
        yield from _recipient(model, name, recipient)
    for i, route in enumerate(model.routes):
        yield from _route(model, ("routes", i), route)


def _recipient(model: SettingsModel, name: str, recipient: RecipientModel) -> Iterator[Said]:
    where: Where = ("recipients", name)
    if recipient.fallback is None and "fallback_after" in recipient.model_fields_set:
        yield (*where, "fallback_after"), "there is no fallback that it could be for", "give fallback, or take it out"
    if recipient.fallback is not None and recipient.fallback_after >= model.delivery.stale_after:
        yield (
            (*where, "fallback_after"),
            "is longer than an alert is told for: nobody would get it",
            f"make it shorter than delivery.stale_after, {_span(model.delivery.stale_after)}",
        )
    circle = _circle(model, name)
    if circle:
        yield (
            (*where, "fallback"),
            f"leads in a circle: {' → '.join(circle)}",
            "take one of these fallbacks out",
        )
    if recipient.quiet and _never_rings(recipient.quiet):
        yield (*where, "quiet"), "leaves no hour in which an alert of severity normal could ring", "leave an hour open"


def _circle(model: SettingsModel, name: str) -> list[str]:
    """The way of fallbacks from a recipient back to itself, told of the first in it alone; one that names itself is
    told elsewhere."""
    way = [name]
    while (following := model.recipients[way[-1]].fallback) in model.recipients and following is not None:
        if following == name:
            names = list(model.recipients)
            return [*way, name] if len(way) > 1 and name == min(way, key=names.index) else []
        if following in way:
            return []
        way.append(following)
    return []


def _never_rings(quiet: tuple[QuietModel, ...]) -> bool:
    """Whether the hours cover every minute of a week."""
    covered: set[int] = set()
    for each in quiet:
        if "normal" in each.bypass:
            continue
        start, end = _minute(each.from_), _minute(each.until)
        length = end - start if end > start else end - start + 24 * 60
        for day in each.days or DAYS:
            first = DAYS.index(day) * 24 * 60 + start
            covered.update(minute % _WEEK for minute in range(first, first + length))
    return len(covered) == _WEEK


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _route(model: SettingsModel, where: Where, route: RouteModel) -> Iterator[Said]:
    if not route.escalate:
        return
    if route.digest is not None:
        advice = "take digest or escalate out, or make two routes of it"
        yield (*where, "escalate"), "a digest is nothing to acknowledge, so that nobody can hear next", advice
    if route.reasons and set(route.reasons) <= _UPDATES:
        advice = "add new, advanced or reversed to reasons, or take escalate out"
        yield (*where, "escalate"), "the route lets no interruption through, and updates do not escalate", advice
    named: set[str] = set()
    for j, step in enumerate(route.escalate):
        if step.after >= model.delivery.stale_after:
            yield (
                (*where, "escalate", j, "after"),
                "is longer than an alert is told for: nobody would get it",
                f"make it shorter than delivery.stale_after, {_span(model.delivery.stale_after)}",
            )
        for k, name in enumerate(step.to):
            place = (*where, "escalate", j, "to", k)
            if name in route.to:
                yield place, f"{name} hears at once by this route", "name somebody else"
            elif name in named:
                yield place, f"{name} hears by an earlier step already", "name somebody else, or take it out"
            named.add(name)


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 1440}d" if minutes % 1440 == 0 else f"{minutes}m"
