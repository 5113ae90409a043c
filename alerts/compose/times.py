"""PURE: moments in the words and the zone of the reader."""

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.records import Source
from alerts.rules import UTC
from alerts.wording import day_words, span_words


def zone_name(zone: ZoneInfo) -> str:
    """ "Europe/Kyiv", as people write it in their settings."""
    return zone.key or "local time"


def moment(at: datetime, zone: ZoneInfo, *, beside: datetime | None = None) -> str:
    """ "17 May 2031 15:04" in `zone`; without the day where `beside` falls on the same. In the hour that comes twice
    when summer time ends, with the offset that tells the two apart."""
    local = at.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        clock += f" UTC{local:%z}"
    if beside is not None and beside.astimezone(zone).date() == local.date():
        return clock
    return f"{day_words(local.date())} {clock}"


def timing(source: Source, decided: datetime, zone: ZoneInfo = UTC) -> str:
    """From publication to alert, in words. Without a believed publication time, from when the article was seen."""
    since, verb = (source.published, "Published") if source.published else (source.seen, "No publication time; seen")
    alerted = moment(decided, zone, beside=since)
    return f"{verb} {moment(since, zone)}, alerted {alerted} ({zone_name(zone)}), {span_words(decided - since)} later"
