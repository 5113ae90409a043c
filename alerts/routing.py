"""PURE: who gets an alert, how, and why; who does not, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.records import INTERRUPTS, Alert, Severity
from alerts.rules import Digest, Mailing, Recipient, Route, SeverityRule
from alerts.wording import span_words


@dataclass(frozen=True, slots=True)
class Step:
    """Whom an alert goes to when nobody has acknowledged it `after` it was decided."""

    recipient: Recipient
    after: timedelta


@dataclass(frozen=True, slots=True)
class Routed:
    """What the routes say of one alert and one recipient. `because` is for a person; routes count from 1.

    `digest` is set when it comes with others at the digest's moment, `steps` are who hears next. Where `hears` is False
    both are empty.
    """

    recipient: Recipient
    hears: bool
    severity: Severity
    because: str
    digest: Digest | None = None
    steps: tuple[Step, ...] = ()


def severity_of(alert: Alert, mailing: Mailing) -> Severity:
    """By the first rule that fits."""
    for rule in mailing.severities:
        if not _misfit(rule, alert):
            return rule.severity
    return "normal"


def routed(alert: Alert, mailing: Mailing) -> tuple[Routed, ...]:
    """Every recipient of the settings, in their order. Whom several routes name hears once, at once where one says so.

    Interruptions alone escalate, and to nobody who hears of them at once.
    """
    severity = severity_of(alert, mailing)
    misfits = [_misfit(route, alert, severity) for route in mailing.routes]
    numbered = list(enumerate(zip(mailing.routes, misfits, strict=True), 1))
    fitting = [(number, route) for number, (route, misfit) in numbered if not misfit]
    at_once = {name for _, route in fitting if route.digest is None for name in route.to}
    found = []
    for name, recipient in mailing.recipients.items():
        own = [(number, route) for number, route in fitting if name in route.to]
        if not own:
            because = _why_not(name, numbered, fitting)
            found.append(Routed(recipient, False, severity, because))
            continue
        number, route = next(((n, r) for n, r in own if r.digest is None), own[0])
        because = f"route {number} ({_narrowed(route)})"
        if route.digest is not None:
            found.append(Routed(recipient, True, severity, f"{because}, as a digest", route.digest))
            continue
        steps = tuple(_steps(own, at_once, mailing)) if alert.reason in INTERRUPTS else ()
        found.append(Routed(recipient, True, severity, because, None, steps))
    return tuple(found)


def _steps(own: list[tuple[int, Route]], at_once: set[str], mailing: Mailing) -> Iterator[Step]:
    """Each further recipient once, at the earliest of the moments that the routes give."""
    steps = sorted((step.after, name) for _, route in own for step in route.escalate for name in step.to)
    seen: set[str] = set()
    for after, name in steps:
        if name not in seen and name not in at_once:
            seen.add(name)
            yield Step(mailing.recipients[name], after)


def _misfit(narrowed: Route | SeverityRule, alert: Alert, severity: Severity | None = None) -> str:
    """The first key that keeps the alert out, in words; empty when all fit."""
    keys: list[tuple[str, str, frozenset[str]]] = [
        ("watch", alert.watch, narrowed.watches),
        ("kind", alert.kind, narrowed.kinds),
        ("reason", alert.reason, narrowed.reasons),
    ]
    if isinstance(narrowed, Route) and severity is not None:
        keys.append(("severity", severity, frozenset(narrowed.severities)))
    for key, value, wanted in keys:
        if wanted and value not in wanted:
            return f"the {key} {value} is not among {', '.join(sorted(wanted))}"
    return ""


def _narrowed(route: Route) -> str:
    keys: tuple[tuple[str, frozenset[str]], ...] = (
        ("watches", route.watches),
        ("kinds", route.kinds),
        ("reasons", route.reasons),
        ("severity", frozenset(route.severities)),
    )
    return "; ".join(f"{key} {', '.join(sorted(values))}" for key, values in keys if values) or "everything"


def _why_not(name: str, numbered: list[tuple[int, tuple[Route, str]]], fitting: list[tuple[int, Route]]) -> str:
    steps = [(step.after, number) for number, route in fitting for step in route.escalate if name in step.to]
    if steps:
        after, number = min(steps)
        return f"only if nobody acknowledges it within {span_words(after)} (route {number})"
    out = [f"route {number}: {misfit}" for number, (route, misfit) in numbered if misfit and name in route.to]
    return "; ".join(out) or "no route names this recipient"
