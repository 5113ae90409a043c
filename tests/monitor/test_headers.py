from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.headers import content_type, folded, fresh_for, http_date, retry_after

NOW = datetime(2025, 5, 16, 12, tzinfo=UTC)
NOON = "Fri, 16 May 2025 12:00:00 GMT"
ONE = "Fri, 16 May 2025 13:00:00 GMT"


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_a_date_is_read_in_each_of_the_three_forms(text):
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({}, None),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": 'public, Max-Age="600", must-revalidate'}, 600),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "1000"}, 0),
        ({"cache-control": "max-age=600", "age": "old"}, 600),
        ({"cache-control": "max-age=600", "expires": ONE, "date": NOON}, 600),
        ({"cache-control": "max-age=0", "expires": ONE, "date": NOON}, 0),
        ({"cache-control": "max-age=soon", "expires": ONE, "date": NOON}, 3600),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "no-cache"}, None),
        ({"cache-control": "no-store, no-cache, must-revalidate"}, None),
        ({"cache-control": "no-cache, max-age=600"}, 600),
        ({"expires": ONE, "date": NOON}, 3600),
        ({"expires": ONE, "date": "Fri, 16 May 2025 12:30:00 GMT"}, 1800),
        ({"expires": ONE, "date": NOON, "age": "600"}, 3000),
        ({"expires": ONE}, 3600),
        ({"expires": "Friday, 16-May-25 13:00:00 GMT"}, 3600),
        ({"expires": "Fri May 16 13:00:00 2025"}, 3600),
        ({"expires": NOON, "date": ONE}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": ""}, 0),
        ({"expires": "never"}, 0),
        ({"cache-control": "max-age=" + "9" * 5000}, 10**9),
    ],
)
def test_an_answer_stays_fresh_as_long_as_it_says(headers, fresh):
    assert fresh_for(headers, NOW) == (None if fresh is None else timedelta(seconds=fresh))


def test_lines_of_a_list_add_up_and_of_anything_else_the_first_counts():
    received = [("Cache-Control", "private"), ("ETag", '"1"'), ("cache-control", "max-age=5"), ("etag", '"2"')]
    assert folded(received) == {"cache-control": "private, max-age=5", "etag": '"1"'}


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, (None, None)), ("", (None, None)), ("Text/HTML; Charset=Windows-1251", ("text/html", "windows-1251")),
     ("application/rss+xml", ("application/rss+xml", None)), ('text/xml; charset="utf-8"', ("text/xml", "utf-8"))],
)  # fmt: skip
def test_a_body_says_its_type_and_charset(value, told):
    assert content_type({} if value is None else {"content-type": value}) == told


ANY = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
DATES = st.from_regex(
    r"\A[A-Z][a-z]{2}, [0-9]{1,3} (May|Dec|Jan|Xyz) [0-9]{1,6} [0-9]{1,3}:[0-9]{2}:[0-9]{2} [+-]?[0-9]{1,20}\Z"
)


@given(ANY | DATES | st.integers().map(str), ANY | DATES | st.integers().map("max-age={}".format), ANY | DATES)
def test_nothing_a_server_writes_raises(date, control, kind):
    headers = {"expires": date, "retry-after": date, "date": kind, "cache-control": control, "age": date}
    for found in (fresh_for(headers, NOW), retry_after(headers, NOW)):
        assert found is None or found >= timedelta(0)
    content_type({"content-type": kind})
