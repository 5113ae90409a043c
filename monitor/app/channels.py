"""Settings of channels → channels, and a test message by them."""

import sys
from collections.abc import Sequence
from dataclasses import replace

from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel, EmailConfig
from alerts.compose import render
from alerts.records import Alert, Channel, Delivery, Outcome, Source, Target
from monitor.app.clock import utcnow
from monitor.settings import (
    ChannelSettings,
    ConsoleSettings,
    EmailSettings,
    Settings,
    SlackSettings,
    SlackWebhookSettings,
)


def channel(name: str, settings: ChannelSettings) -> Channel:
    """The channel that an operator's settings describe."""
    match settings:
        case ConsoleSettings():
            return ConsoleChannel(name, sys.stdout)
        case EmailSettings():
            password = settings.password.get_secret_value() if settings.password else None
            return EmailChannel(
                name,
                EmailConfig(
                    settings.host,
                    settings.port,
                    settings.sender.rsplit("<", 1)[-1].rstrip("> "),
                    settings.security,
                    settings.username,
                    password,
                    settings.ca_file,
                ),
            )
        case SlackSettings():
            # Here, because Slack's library takes a tenth of a second to import, and who has no Slack needs none.
            from alerts.channels.slack import SlackChannel, SlackConfig

            token = settings.token.get_secret_value()
            config = SlackConfig(token, cafile=settings.ca_file)
            return SlackChannel(name, replace(config, base_url=settings.base_url) if settings.base_url else config)
        case SlackWebhookSettings():
            from alerts.channels.slack_webhook import SlackWebhookChannel, SlackWebhookConfig

            return SlackWebhookChannel(
                name, SlackWebhookConfig(settings.url.get_secret_value(), cafile=settings.ca_file)
            )


async def send_test(settings: Settings, recipients: Sequence[str]) -> list[tuple[Target, Outcome]]:
    """A test alert to each recipient by its channel, outside the outbox; what came of each."""
    now = utcnow()
    source = Source("https://example.org/test", "A test of the way to you", "parley", "parley", now, now)
    outcomes = []
    for name in recipients:
        target = settings.mailing.recipients[name].target
        made = f"test-{now:%Y%m%d%H%M%S}-{name}"
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
        used = channel(target.channel, settings.channels[target.channel])
        try:
            outcomes.append((target, await used.send(Delivery(made, made, made, target, payload, now))))
        finally:
            await used.close()
    return outcomes
