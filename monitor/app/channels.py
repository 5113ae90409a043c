"""A test message by a channel, and what it says of itself without one."""

import asyncio
from collections.abc import Mapping, Sequence

from alerts.compose import render
from alerts.records import Alert, Delivery, Finding, Outcome, Source, Target
from monitor.app.clock import utcnow
from monitor.settings import Settings


async def send_test(settings: Settings, targets: Sequence[Target]) -> list[tuple[Target, Outcome]]:
    """A test alert to each target by its channel, outside the outbox; what came of each."""
    now = utcnow()
    source = Source("https://example.org/test", "A test of the way to you", "parley", "parley", now, now)
    outcomes = []
    for target in targets:
        made = f"test-{now:%Y%m%d%H%M%S}-{target.recipient}"
        alert = Alert(
            id=made,
            reason="test",
            watch="test",
            kind="test",
            status="planned",
            event_id=made,
            title="Test: alerts of Parley reach you here",
            date=None,
            place=None,
            ordinal=None,
            series=None,
            counts={},
            parties=(),
            source=source,
            quotes=(),
            articles=1,
            families=1,
            rules=("test-alert",),
            decided=now,
        )
        sender = settings.mailing.senders.get(target.channel)
        payload = render(alert, target, delivery_id=made, domain=settings.mailing.domain, sender=sender, earlier=False)
        used = settings.channels[target.channel].channel(target.channel, utcnow)
        try:
            outcomes.append((target, await used.send(Delivery(made, made, made, target, payload, now))))
        finally:
            await used.close()
    return outcomes


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
