"""A test message by a channel, and what it says of itself without one."""

import asyncio
from collections.abc import Mapping, Sequence

from alerts.compose import render
from alerts.own import own_alert
from alerts.records import Alert, AlertsError, Delivery, Finding, Outcome, Target
from alerts.rules import UTC, Mailing
from monitor.app.clock import utcnow
from monitor.settings import Settings


async def send_test(settings: Settings, targets: Sequence[Target]) -> list[tuple[Target, Outcome]]:
    """A test alert to each target by its channel, outside the outbox; what came of each."""
    now = utcnow()
    outcomes = []
    for target in targets:
        made = f"test-{now:%Y%m%d%H%M%S}-{target.recipient}"
        alert = own_alert(
            id=made,
            reason="test",
            kind="test",
            status="",
            event_id=made,
            title="Alerts of Parley reach you here",
            now=now,
        )
        try:
            payload = _rendered(settings.mailing, alert, target, made)
        except AlertsError as error:
            outcomes.append((target, Outcome("bad_target", "address", f"{error}; check the recipient's `to`")))
            continue
        used = settings.channels[target.channel].channel(target.channel, utcnow)
        try:
            outcomes.append((target, await used.send(Delivery(made, made, made, target, payload, now))))
        finally:
            await used.close()
    return outcomes


def _rendered(mailing: Mailing, alert: Alert, target: Target, delivery_id: str) -> bytes:
    recipient = mailing.recipients.get(target.recipient)
    return render(
        alert,
        target,
        delivery_id=delivery_id,
        domain=mailing.domain,
        sender=mailing.senders.get(target.channel),
        earlier=False,
        zone=recipient.zone if recipient else UTC,
    )


async def probe(settings: Settings) -> Mapping[str, Sequence[Finding]]:
    """What each channel finds out about itself without sending: by its name, all at once."""

    async def ask(name: str) -> Sequence[Finding]:
        used = settings.channels[name].channel(name, utcnow)
        try:
            return await used.probe()
        finally:
            await used.close()

    found = await asyncio.gather(*map(ask, settings.channels))
    return dict(zip(settings.channels, found, strict=True))
