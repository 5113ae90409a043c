"""The service opened to those who watch it: an endpoint where the operator wants one and its port is free."""

import asyncio
from contextlib import AsyncExitStack

from monitor.app.assembly import Service
from monitor.app.scrape import Scrape
from monitor.store.errors import StoreError


async def observed(stack: AsyncExitStack, service: Service) -> Scrape:
    """Answer probes and scrapers until `stack` is closed, and leave word where. What they are shown."""
    scrape = Scrape(service)
    if service.settings.listen is None:
        return scrape
    from monitor.app.endpoint import Endpoint  # its library is loaded by those alone who want it

    endpoint = Endpoint(service.settings.listen, scrape, service.log)
    where = await endpoint.open()
    stack.push_async_callback(endpoint.close)
    if where is not None:
        try:
            await asyncio.to_thread(service.lock.listens, where)
        except (OSError, StoreError) as error:
            service.log.error("parley healthcheck will not find the endpoint", error=str(error))
    return scrape
