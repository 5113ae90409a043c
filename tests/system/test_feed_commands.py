"""Feeds added while the service runs: one request between the two of them, and nothing that it showed is lost."""

import pytest

pytestmark = pytest.mark.slow


async def test_a_feed_added_beside_a_running_service_is_taken_up_without_a_second_request(home, newsroom, office):
    home.feeds()
    service = await home.run()
    await service.started()
    newsroom.publish_round()
    status, _, said = await home.call("feeds", "add", f"{newsroom.base}/feed", "--language", "en")
    assert status == 0, said
    assert "1 entry, 1 to be read" in said
    await service.until(lambda: len(office.mails) == 1)
    assert newsroom.polls() == 1
    status, _, said = await home.call("feeds", "remove", f"{newsroom.base}/feed")
    assert status == 0, said
    await service.until(lambda: service.log.count("feeds taken up") == 2)
    await service.end()
    assert newsroom.polls() == 1


async def test_a_list_imported_beside_a_running_service_is_polled_and_its_test_disturbs_nothing(home, newsroom, office):
    home.feeds()
    service = await home.run()
    await service.started()
    newsroom.publish_round()
    file = home.path / "list.opml"
    file.write_text(f"<opml version='2.0'><body><outline text='Courier' xmlUrl='{newsroom.base}/feed'/></body></opml>")
    status, out, said = await home.call("feeds", "import", str(file))
    assert (status, out) == (0, f"{newsroom.base}/feed  Courier\n"), said
    await service.until(lambda: newsroom.polls() == 1)
    await service.until(lambda: "feed polled" in service.log)
    status, out, said = await home.call("feeds", "test", f"{newsroom.base}/feed")
    assert status == 0, said
    assert "304 after" in out
    await service.until(lambda: len(office.mails) == 1)
    status, out, said = await home.call("feeds", "show", f"{newsroom.base}/feed")
    assert status == 0, said
    assert "health      ok" in out
    await service.end()
