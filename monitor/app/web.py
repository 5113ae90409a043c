"""How Parley shows itself to servers, and one page fetched as the service would."""

import ssl
from importlib.metadata import version

from monitor.app.clock import utcnow
from monitor.fetch import Fetched, Fetcher, FetchFailure, NotModified
from monitor.read import PAGES, ReadLimits
from monitor.settings import Settings


def user_agent(contact: str | None) -> str:
    """Who asks, and how to reach them (reference: polling 21)."""
    return f"Parley/{version('parley')} (+{contact or 'feed monitor; the operator gave no contact'})"


def fetcher_of(settings: Settings | None, before: Fetcher | None = None) -> Fetcher:
    """What fetches as settings say, or by the defaults where they could not be read; `before` as `Fetcher` has it."""
    if settings is None:
        return Fetcher(user_agent=user_agent(None), clock=utcnow)
    return Fetcher(
        user_agent=user_agent(settings.contact),
        clock=utcnow,
        gap=settings.polling.host_gap,
        tls=ssl.create_default_context(cafile=str(settings.ca_file)) if settings.ca_file else None,
        proxy=settings.proxy.get_secret_value() if settings.proxy else None,
        opened=settings.opened,
        before=before,
    )


async def page(url: str, settings: Settings | None) -> Fetched | FetchFailure:
    """One page, as the service would fetch it."""
    fetcher = fetcher_of(settings)
    limits = ReadLimits()
    got = await fetcher.get(url, cap=limits.page_bytes, deadline=limits.page_deadline, accept=PAGES)
    return (
        FetchFailure("protocol", "answered 304 to a request without validators")
        if isinstance(got, NotModified)
        else got
    )
