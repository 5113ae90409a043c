"""Records survive the way to JSON and back."""

import dataclasses
import datetime as dt
import json
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import alerts.records
import extractors.records
from extractors.records import Article, Claim, Dating, Entry
from monitor.records import Event, FeedState, Saying
from monitor.store import StoreError
from monitor.store.codec import decode, encode

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(-(2**63), 2**64),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    dt.datetime: st.datetimes(timezones=st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=3))])).filter(
        lambda moment: 2 < moment.year < 9998
    ),
    dt.date: st.dates(),
    dt.timedelta: st.timedeltas(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    if hint in PLAIN:
        return PLAIN[hint]
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.none() | values(next(each for each in arguments if each is not type(None)))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    raise AssertionError(f"no values for {hint}: teach them to this test and to the codec")


# of the monitor's own records, feeds and watches are configuration and never stored
RECORDS = [
    Event,
    FeedState,
    Saying,
    *(
        record
        for module in (extractors.records, alerts.records)
        for record in vars(module).values()
        if isinstance(record, type) and dataclasses.is_dataclass(record) and record.__module__ == module.__name__
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.__module__}.{record.__name__}")
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_record_comes_back_as_it_was(record: type[Any], data: st.DataObject) -> None:
    value = data.draw(values(record))
    assert decode(record, json.loads(json.dumps(encode(value)))) == value


def test_sets_are_written_in_order_whatever_the_hash_seed() -> None:
    marks = frozenset({"final", "another", "part", "deal", "moved"})
    claim = Claim("w", "k", "agreed", "news", None, None, None, {}, (), (), (), marks)
    assert encode(claim)["marks"] == sorted(marks)


def test_a_field_that_the_stored_record_lacks_takes_its_default() -> None:
    assert decode(Entry, {"id": "1", "url": "u", "title": "t"}) == Entry("1", "u", "t")


def test_a_field_that_the_record_no_longer_has_is_passed_over() -> None:
    data = encode(Entry("1", "u", "t")) | {"mood": "sunny"}
    assert decode(Entry, data) == Entry("1", "u", "t")


def test_a_stored_record_without_a_field_it_needs_is_an_error_that_names_the_record() -> None:
    with pytest.raises(StoreError, match="stored Entry cannot be read"):
        decode(Entry, {"id": "1"})


def test_a_time_without_a_zone_is_refused() -> None:
    naive = dt.datetime(2026, 2, 5)  # noqa: DTZ001 - the point of the test
    with pytest.raises(StoreError, match="without a zone"):
        encode(Article("u", "o", None, "text", published=naive))
    with pytest.raises(StoreError, match="without a zone"):
        encode(FeedState("u", naive))


def test_days_stay_days() -> None:
    dating = Dating(dt.date(2026, 2, 4), dt.date(2026, 2, 5), "explicit", "days")
    assert encode(dating) == {"start": "2026-02-04", "end": "2026-02-05", "basis": "explicit", "precision": "days"}
