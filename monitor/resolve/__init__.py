"""Claims and known events → what moved. Pure: same claims, same events, same result (DESIGN §4)."""

from monitor.resolve.editing import revise
from monitor.resolve.records import Nearness, Resolution, Trace, Verdict
from monitor.resolve.resolver import resolve

__all__ = ["Nearness", "Resolution", "Trace", "Verdict", "resolve", "revise"]
