"""The watches that come along and are not enabled: they are sound, and watches do not disturb each other."""

import itertools
import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from alerts.records import INTERRUPTS, Alert
from extractors.fold import fold
from extractors.forms import forms
from extractors.lexicon import compile_lexicon
from monitor.archive import load
from monitor.cli import main
from monitor.homes import shipped
from monitor.records import Watch
from monitor.replay import replay
from monitor.watches import load_watch

IDS = ("ru-ua", "gaza", "india-pakistan")
PREFIX = {"gaza": "gaza.", "india-pakistan": "in-pk."}  # of the events in their labelled news
CORPUS = Path(__file__).parent / "corpus"
HOME = Path(__file__).parents[1]


@cache
def watch(name: str) -> Watch:
    loaded = load_watch(shipped("seeds") / "watches" / f"{name}.yaml", shipped("seeds") / "topics")
    assert isinstance(loaded, Watch), str(loaded)
    return loaded


@cache
def told(corpus: str, *names: str) -> tuple[Alert, ...]:
    loaded = load([CORPUS / f"{corpus}.jsonl"])
    assert loaded.problems == ()
    return replay([saved.article for saved in loaded.articles], [watch(name) for name in names])


@pytest.mark.parametrize("name", PREFIX)
def test_the_labelled_news_are_in_four_languages_and_of_our_own_words(name: str) -> None:
    rows = [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["lang"] for row in rows} == {"en", "uk", "ru", "tr"}
    assert {row["text_basis"] for row in rows} == {"written"}
    assert all(".example.org/" in row["url"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
def test_no_spelling_of_a_watch_names_two_sides_or_two_people(name: str) -> None:
    """Inflected forms may meet where base forms do not: then the text does not say who is meant."""
    compile_lexicon([watch(name).names])
    owners: dict[str, set[str]] = defaultdict(set)
    for each in watch(name).names.names:
        for language, bases in each.forms.items():
            for form in itertools.chain.from_iterable(forms(base, language, each.kind) for base in bases):
                owners[fold(form)].add(each.of if each.of and each.kind != "person" else each.english)
    assert {form: sorted(names) for form, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize("name", IDS)
def test_every_name_of_a_watch_is_spelt_in_four_languages(name: str) -> None:
    for each in watch(name).names.names:
        assert set(each.forms) == {"en", "uk", "ru", "tr"}, each.english


@pytest.mark.parametrize("name", PREFIX)
def test_they_are_shipped_and_not_enabled(name: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(HOME), "check"])
    assert result.exit_code == 0
    assert "1 watch," in result.output
    assert (shipped("seeds") / "watches" / f"{name}.yaml").is_file()


def test_all_of_them_can_be_enabled() -> None:
    result = CliRunner().invoke(main, ["--home", str(HOME), "check"], env={"PARLEY_WATCHES": ",".join(IDS)})
    assert result.exit_code == 0, result.output
    assert "3 watches," in result.output


# The watch with the most articles of its own is left to the slow tests: twenty seconds of reading.
@pytest.mark.slow
@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("corpus", ["dev-retold", "gaza", "india-pakistan"])
def test_a_watch_tells_beside_the_others_what_it_tells_alone(corpus: str, name: str) -> None:
    together = [alert for alert in told(corpus, *IDS) if alert.watch == name]
    assert together == list(told(corpus, name))


@pytest.mark.slow
@pytest.mark.parametrize(("corpus", "of"), list(itertools.permutations(IDS, 2)))
def test_news_of_one_conflict_do_not_ring_in_the_watch_of_another(corpus: str, of: str) -> None:
    file = "dev-retold" if corpus == "ru-ua" else corpus
    rows = [json.loads(line) for line in (CORPUS / f"{file}.jsonl").read_text(encoding="utf-8").splitlines()]
    own = {
        row["url"]
        for row in rows
        if any((e["event_id"] or "").startswith(PREFIX.get(of, "ru-ua")) for e in row["events"])
    }
    rung = [alert for alert in told(file, *IDS) if alert.watch == of and alert.reason in INTERRUPTS]
    assert {alert.source.url for alert in rung} <= own


@pytest.mark.slow
def test_each_watch_keeps_events_of_its_own() -> None:
    for corpus, name in (("dev-retold", "ru-ua"), ("gaza", "gaza"), ("india-pakistan", "india-pakistan")):
        alerts = [alert for alert in told(corpus, *IDS) if alert.watch == name]
        assert alerts
        assert all(alert.event_id.startswith(f"{name}.") for alert in alerts)
