"""`parley explain`: why an article did or did not ring."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from click.testing import Result

Parley = Callable[..., Result]
Article = dict[str, Any]
Save = Callable[[str, Iterable[Article]], Path]
Remember = Callable[..., None]

CLAIM = ["watch", "kind", "status", "role", "date", "place", "ordinal", "counts", "parties", "evidence", "rules"]


def test_json_has_a_line_for_every_article_also_without_claims(parley: Parley, news: Path) -> None:
    result = parley("explain", "--json", news)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = {line["article"]["url"].rpartition("/")[2]: line for line in map(json.loads, result.stdout.splitlines())}
    assert {name: [claim["status"] for claim in line["claims"]] for name, line in lines.items()} == {
        "plan": ["planned"],
        "held": ["concluded"],
        "markets": [],
        "swap": ["concluded"],
        "thursday": ["concluded"],
    }


def test_a_line_has_the_keys_of_the_contract_and_its_evidence_is_where_it_says(
    parley: Parley, news: Path, articles: dict[str, Article]
) -> None:
    given = {article["url"]: article for article in articles.values()}
    claims = 0
    for line in map(json.loads, parley("explain", "--json", news).stdout.splitlines()):
        assert list(line) == ["article", "claims"]
        assert list(line["article"]) == ["url", "title", "outlet", "published"]
        for claim in line["claims"]:
            claims += 1
            assert list(claim) == CLAIM
            assert claim["rules"]
            for evidence in claim["evidence"]:
                assert list(evidence) == ["in", "text", "start", "end", "rules"]
                whole = given[line["article"]["url"]][evidence["in"]]
                assert whole[evidence["start"] : evidence["end"]] == evidence["text"] != ""
    assert claims == 4


def test_relative_days_of_the_undated_stay_open(parley: Parley, save_lines: Save, articles: dict[str, Article]) -> None:
    file = save_lines("a.jsonl", [articles["thursday"]])
    (undated,) = map(json.loads, parley("explain", "--json", file).stdout.splitlines())
    (dated,) = map(json.loads, parley("explain", "--json", "--published", "2031-05-23", file).stdout.splitlines())
    assert undated["claims"][0]["date"] is None
    assert dated["claims"][0]["date"] == {"start": "2031-05-22", "end": "2031-05-22", "basis": "relative"}


def test_a_person_sees_sentences_rules_and_the_decision(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    shown = parley("explain", save_lines("a.jsonl", [articles["held"]])).stdout
    assert "claim 1: talks_round, concluded, news, 2031-05-20 (explicit), in Lisbon, no. 3" in shown
    assert "The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May.« Nobody took" in shown
    assert shown.count("»") == shown.count("«") == 2
    assert "      rules: predicate-held" in shown
    assert "    rings: new: Third round of talks between Arcadia and Bohemia concluded in Lisbon, 20 May 2031" in shown


def test_an_article_that_says_nothing_is_said_to(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    shown = parley("explain", save_lines("a.jsonl", [articles["markets"]])).stdout
    assert "no claim: nothing in it speaks of an event of the watches" in shown


def test_a_trigger_that_was_refused_is_shown_with_its_rule(parley: Parley, save_lines: Save) -> None:
    text = "Arcadia and Bohemia fought on. No talks between Arcadia and Bohemia were held in Lisbon on Monday."
    file = save_lines(
        "a.jsonl", [{"url": "https://a.example/1", "title": None, "text": text, "published": "2031-05-20"}]
    )
    lines = parley("explain", file).stdout.splitlines()
    refused = lines[lines.index("  triggers refused:") + 1 :]
    assert any(line.startswith("    talks_round: negated: ") and "»No talks between" in line for line in refused)
    assert len(refused) == len(set(refused))


def test_nearest_events_and_what_kept_them_apart_are_shown(
    parley: Parley, save_lines: Save, articles: dict[str, Article], remember: Remember
) -> None:
    remember(save_lines("held.jsonl", [articles["held"]]))
    later = {
        "url": "https://east.example/fourth",
        "title": "Fourth round of talks between Arcadia and Bohemia ends in Lisbon",
        "text": "The fourth round of talks between Arcadia and Bohemia ended in Lisbon on 28 May 2031.",
        "published": "2031-05-28",
    }
    shown = parley("explain", save_lines("later.jsonl", [later])).stdout
    assert "    opened: small.talks_round.2031-05-28." in shown
    nearest = next(
        line for line in shown.splitlines() if line.startswith("      nearest small.talks_round.2031-05-20.")
    )
    assert "same-place" in nearest.partition("kept apart by ")[0]
    assert "ordinals-differ" in nearest.partition("kept apart by ")[2]


def test_what_is_known_keeps_a_second_report_quiet_by_a_named_rule(
    parley: Parley, save_lines: Save, articles: dict[str, Article], remember: Remember
) -> None:
    remember(save_lines("held.jsonl", [articles["held"], articles["held"] | {"url": "https://b.example/held"}]))
    third = articles["held"] | {"url": "https://south.example/again", "outlet": "south.example"}
    shown = parley("explain", save_lines("third.jsonl", [third])).stdout
    assert "    joined: small.talks_round.2031-05-20." in shown
    quiet = [line for line in shown.splitlines() if line.startswith("    rings: no")]
    assert quiet
    assert all(
        "(copy)" in line or "(already-told-in-phase)" in line or line.endswith("nothing moved") for line in quiet
    )
    assert "rings: new" not in shown


def test_a_page_that_the_service_read_is_explained_by_its_address(
    parley: Parley, save_lines: Save, articles: dict[str, Article], remember: Remember
) -> None:
    remember(save_lines("a.jsonl", [articles["plan"], articles["held"]]))
    result = parley("explain", articles["held"]["url"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(articles["held"]["title"])
    then = result.stdout.partition("  when the service read it:\n")[2].splitlines()
    assert then[0].startswith("    claim 1: joined: small.talks_round.2031-05-20.")
    assert then[1:] == ["      rang: advanced"]
    (line,) = map(json.loads, parley("explain", "--json", articles["held"]["url"]).stdout.splitlines())
    assert line["article"]["url"] == articles["held"]["url"]


def test_a_page_that_nobody_read_is_named_and_the_others_go_on(parley: Parley, news: Path) -> None:
    result = parley("explain", "--json", "https://a.example/unread", news)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 5
    assert "https://a.example/unread: the service has not read this page; save it first" in result.stderr
    assert result.stderr.endswith("5 articles; 1 could not be read\n")


def test_an_article_in_another_language_is_said_to_be_unread(parley: Parley, save_lines: Save) -> None:
    german = "Die Unterhändler trafen sich am Dienstag in Lissabon, um über einen Waffenstillstand zu verhandeln. " * 3
    file = save_lines(
        "a.jsonl", [{"url": "https://a.example/1", "title": None, "text": german, "published": "2031-05-20"}]
    )
    assert "  unread: language not read: de" in parley("explain", file).stdout
    replayed = parley("replay", "--json", file)
    assert (replayed.exit_code, replayed.stdout) == (0, "")
    assert "https://a.example/1: not understood: language not read: de" in replayed.stderr


def test_each_watch_keeps_its_own_decision_on_a_page(
    parley: Parley, home: Path, other_watch: Path, save_lines: Save, remember: Remember
) -> None:
    """The first claim of one watch must not be taken for the first claim of the other."""
    text = (
        "The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May 2031. "
        "The fifth round of talks between Carpathia and Bohemia ended in Lisbon on 20 May 2031."
    )
    page = {"url": "https://a.example/both", "title": None, "text": text, "published": "2031-05-20"}
    settings = home / "config" / "parley.yaml"
    settings.write_text(settings.read_text().replace("[small]", "[small, other]"))
    remember(save_lines("a.jsonl", [page]), "small", "other")
    (line,) = map(json.loads, parley("explain", "--json", page["url"]).stdout.splitlines())
    watches = [claim["watch"] for claim in line["claims"]]
    assert set(watches) == {"other", "small"}
    shown = parley("explain", page["url"]).stdout.partition("  when the service read it:\n")[2]
    decided = re.findall(r"^    claim (\d+): \w+: (\w+)", shown, re.MULTILINE)
    assert [int(number) for number, _ in decided] == list(range(1, len(watches) + 1))
    assert all(event in (watch, "no") for (_, event), watch in zip(decided, watches, strict=True))
    assert {event for _, event in decided} >= {"other", "small"}
