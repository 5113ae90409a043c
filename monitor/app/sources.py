"""One feed asked as the service would ask it."""

from monitor.app.clock import utcnow
from monitor.app.web import fetcher_of
from monitor.poll import Answer, ask
from monitor.records import Feed, FeedState
from monitor.settings import Settings
from monitor.workers import Patience, Workers


async def ask_feed(settings: Settings, feed: Feed, state: FeedState) -> Answer:
    """Ask one feed, with the limits and the parser of the service."""
    limits = settings.workers
    workers = Workers(
        count=1,
        memory=limits.memory,
        patience=Patience(limits.feed_timeout, limits.page_timeout, limits.claims_timeout),
    )
    try:
        return await ask(
            feed,
            state,
            fetcher=fetcher_of(settings),
            workers=workers,
            clock=utcnow,
            cap=settings.polling.feed_bytes,
            deadline=settings.polling.feed_deadline,
        )
    finally:
        await workers.close()
