"""How Parley shows itself to servers, and one page fetched as the service would."""

from importlib.metadata import version

from monitor.app.clock import utcnow
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.read import PAGES, ReadLimits


def user_agent(contact: str | None) -> str:
    """Who asks, and how to reach them (reference: polling 21)."""
    return f"Parley/{version('parley')} (+{contact or 'feed monitor; the operator gave no contact'})"


async def page(url: str, contact: str | None) -> Fetched | FetchFailure:
    """One page, as the service would fetch it."""
    fetcher = Fetcher(user_agent=user_agent(contact), clock=utcnow)
    limits = ReadLimits()
    got = await fetcher.get(url, cap=limits.page_bytes, deadline=limits.page_deadline, accept=PAGES)
    return (
        FetchFailure("protocol", "answered 304 to a request without validators")
        if isinstance(got, NotModified)
        else got
    )
