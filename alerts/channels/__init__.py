"""Where alerts go: one file per kind of channel, called as the kind.

A channel sends one rendered payload and says what came of it (`alerts.records.Channel`). Retrying is not its affair,
and no secret of its configuration ever stands in an outcome. Each file has `Settings`, what an operator writes about a
channel of the kind and the way from there to the channel. Nothing is imported before it is asked for: each kind brings
a library that takes its time, and a service needs those it is told to use.
"""

from importlib import import_module

from alerts.channels.shape import ChannelSettings
from alerts.kinds import KINDS


def settings_of(kind: str) -> type[ChannelSettings]:
    """The settings of one of `alerts.kinds.KINDS`; KeyError for another."""
    KINDS[kind]
    found: type[ChannelSettings] = import_module(f"{__name__}.{kind}").Settings
    return found
