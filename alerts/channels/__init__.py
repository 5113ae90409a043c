"""Where alerts go: one file per kind of channel, and the table of them.

A channel sends one rendered payload and says what came of it (`alerts.records.Channel`). Retrying is not its affair,
and no secret of its configuration ever stands in an outcome.
"""

from collections.abc import Mapping

from alerts.channels.console import ConsoleChannel
from alerts.channels.email import EmailChannel
from alerts.channels.slack import SlackChannel
from alerts.channels.slack_webhook import SlackWebhookChannel

CHANNELS: Mapping[str, type[ConsoleChannel | EmailChannel | SlackChannel | SlackWebhookChannel]] = {
    "console": ConsoleChannel,
    "email": EmailChannel,
    "slack": SlackChannel,
    "slack_webhook": SlackWebhookChannel,
}
"""Kind, as `Target.kind` gives it, to the class that sends it."""

__all__ = ["CHANNELS", "ConsoleChannel", "EmailChannel", "SlackChannel", "SlackWebhookChannel"]
