"""`parley replay`: what scripts build on."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Parley = Callable[..., Result]
Article = dict[str, Any]
Save = Callable[[str, Iterable[Article]], Path]

ALERT = [
    "reason", "watch", "kind", "status", "event_id", "title", "date", "place", "ordinal", "series", "counts", "parties",
    "article", "evidence", "articles", "families",
]  # fmt: skip


def alerts(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def told(result: Result) -> list[tuple[str, str, str]]:
    return [(each["reason"], each["kind"], each["status"]) for each in alerts(result)]


def test_alerts_go_to_stdout_and_the_tally_to_stderr(parley: Parley, news: Path) -> None:
    result = parley("replay", "--json", news)
    assert result.exit_code == 0
    assert told(result) == [
        ("new", "talks_round", "planned"),
        ("advanced", "talks_round", "concluded"),
        ("new", "prisoner_exchange", "concluded"),
    ]
    assert result.stderr == "5 articles, 3 alerts\n"


def test_an_alert_has_the_keys_of_the_contract_in_their_order(parley: Parley, news: Path) -> None:
    for alert in alerts(parley("replay", "--json", news)):
        assert list(alert) == ALERT
        assert alert["date"] is None or list(alert["date"]) == ["start", "end", "basis"]
        assert list(alert["article"]) == ["url", "title", "outlet", "published"]
        assert alert["evidence"]
        for evidence in alert["evidence"]:
            assert list(evidence) == ["in", "text", "start", "end", "rules"]
            assert evidence["rules"]


def test_a_line_of_json_is_exactly_this(parley: Parley, save_lines: Save, articles: dict[str, Article]) -> None:
    result = parley("replay", "--json", save_lines("held.jsonl", [articles["held"]]))
    (alert,) = alerts(result)
    event_id, evidence = alert.pop("event_id"), alert.pop("evidence")
    assert event_id.startswith("small.talks_round.2031-05-20.")
    assert {each["in"] for each in evidence} == {"title", "text"}
    assert alert == {
        "reason": "new",
        "watch": "small",
        "kind": "talks_round",
        "status": "concluded",
        "title": "Third round of talks between Arcadia and Bohemia concluded in Lisbon, 20 May 2031",
        "date": {"start": "2031-05-20", "end": "2031-05-20", "basis": "explicit"},
        "place": "Lisbon",
        "ordinal": 3,
        "series": "lisbon-2031",
        "counts": {},
        "parties": ["Arcadia", "Bohemia"],
        "article": {
            "url": "https://south.example/held",
            "title": "Third round of talks between Arcadia and Bohemia ends in Lisbon",
            "outlet": "south.example",
            "published": "2031-05-20T18:00:00+00:00",
        },
        "articles": 1,
        "families": 1,
    }


def test_counts_are_integers_by_way(parley: Parley, save_lines: Save, articles: dict[str, Article]) -> None:
    (alert,) = alerts(parley("replay", "--json", save_lines("swap.jsonl", [articles["swap"]])))
    assert alert["counts"] == {"each": 40}
    assert alert["article"]["title"] is None
    assert alert["article"]["published"] is None


def test_evidence_is_where_it_says_in_code_points_of_the_field_as_given(
    parley: Parley, news: Path, articles: dict[str, Article]
) -> None:
    given = {article["url"]: article for article in articles.values()}
    found = alerts(parley("replay", "--json", news))
    assert found
    for alert in found:
        for evidence in alert["evidence"]:
            whole = given[alert["article"]["url"]][evidence["in"]]
            assert whole[evidence["start"] : evidence["end"]] == evidence["text"] != ""


def test_the_undated_are_read_last_and_ring_only_on_an_explicit_date(parley: Parley, news: Path) -> None:
    found = alerts(parley("replay", "--json", news))
    assert [alert["article"]["url"].rpartition("/")[2] for alert in found] == ["plan", "held", "swap"]
    assert found[-1]["date"] == {"start": "2031-05-22", "end": "2031-05-22", "basis": "explicit"}


def test_an_undated_report_without_a_date_joins_quietly(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    """It tells that the planned round was held; but when was it written?"""
    undated = articles["held"] | {"published": None, "text": "The third round of talks ended in Lisbon. It was short."}
    result = parley("replay", "--json", save_lines("a.jsonl", [undated, articles["plan"]]))
    assert told(result) == [("new", "talks_round", "planned")]


def test_published_fills_in_only_what_is_missing(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    file = save_lines("a.jsonl", [articles["thursday"], articles["held"]])
    found = alerts(parley("replay", "--json", "--published", "2031-05-23", file))
    assert {alert["article"]["url"].rpartition("/")[2]: alert["article"]["published"] for alert in found} == {
        "held": "2031-05-20T18:00:00+00:00",
        "thursday": "2031-05-23T12:00:00+00:00",
    }
    assert found[-1]["date"] == {"start": "2031-05-22", "end": "2031-05-22", "basis": "relative"}


def test_a_time_that_is_none_is_wrong_usage(parley: Parley, news: Path) -> None:
    result = parley("replay", "--published", "soon", news)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "'soon' is no date: write 2025-05-16 or 2025-05-16T14:30:00+03:00" in result.stderr


def test_what_is_known_does_not_ring_again_but_moves_on(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    plan, held = save_lines("plan.jsonl", [articles["plan"]]), save_lines("held.jsonl", [articles["held"]])
    assert told(parley("replay", "--json", "--known", plan, plan)) == []
    assert told(parley("replay", "--json", "--known", plan, held)) == [("advanced", "talks_round", "concluded")]
    assert told(parley("replay", "--json", "--known", plan, "--known", held, plan, held)) == []


def test_what_is_expected_is_compared(parley: Parley, tmp_path: Path, news: Path) -> None:
    expected = tmp_path / "expected.jsonl"
    expected.write_text(parley("replay", "--json", news).stdout, encoding="utf-8")
    same = parley("replay", "--expect", expected, news)
    assert (same.exit_code, same.stdout) == (0, "")

    lines = expected.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = lines[1].replace('"place": "Lisbon"', '"place": "Porto"')
    expected.write_text("".join([lines[0], changed]), encoding="utf-8")
    other = parley("replay", "--expect", expected, news)
    assert other.exit_code == 1
    assert [line for line in other.stdout.splitlines() if line[:3] not in ("---", "+++") and line[:1] != "@"] == [
        "-" + changed.rstrip("\n"),
        "+" + lines[1].rstrip("\n"),
        "+" + lines[2].rstrip("\n"),
    ]


def test_watches_named_replace_those_of_the_home(
    parley: Parley, home: Path, other_watch: Path, save_lines: Save, articles: dict[str, Article]
) -> None:
    elsewhere = {key: value and value.replace("Arcadia", "Carpathia") for key, value in articles["held"].items()}
    file = save_lines("a.jsonl", [articles["held"], elsewhere | {"url": "https://south.example/elsewhere"}])
    small = home / "seeds" / "watches" / "small.yaml"
    assert {alert["watch"] for alert in alerts(parley("replay", "--json", file))} == {"small"}
    assert {alert["watch"] for alert in alerts(parley("replay", "--json", "--watch", other_watch, file))} == {"other"}
    both = alerts(parley("replay", "--json", "--watch", other_watch, "--watch", small, file))
    assert sorted(alert["watch"] for alert in both) == ["other", "small"]


def test_a_watch_with_faults_is_wrong_configuration(parley: Parley, other_watch: Path, news: Path) -> None:
    other_watch.write_text(other_watch.read_text().replace("title:", "titel:"), encoding="utf-8")
    result = parley("replay", "--watch", other_watch, news)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{other_watch}:2: titel: unknown key" in result.stderr
    assert "nothing was done" in result.stderr


def test_what_cannot_be_read_is_named_and_the_others_go_on(parley: Parley, tmp_path: Path, news: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"url": "https://a.example/1"}\n{"url"\n')
    result = parley("replay", "--json", broken, tmp_path / "missing.html", news)
    assert result.exit_code == 1
    assert len(alerts(result)) == 3
    assert f"{broken}:1: it has neither text nor html" in result.stderr
    assert f"{broken}:2: not JSON: " in result.stderr
    assert f"{tmp_path / 'missing.html'}: there is no such file or folder" in result.stderr
    assert result.stderr.endswith("5 articles, 3 alerts; 3 could not be read\n")


def test_the_same_page_twice_is_read_once(parley: Parley, news: Path, save_lines: Save) -> None:
    again = save_lines("again.jsonl", [json.loads(line) for line in news.read_text(encoding="utf-8").splitlines()])
    result = parley("replay", "--json", news, again)
    assert result.stdout == parley("replay", "--json", news).stdout
    assert result.stderr == "5 articles, 3 alerts\n"


def page(article: Article) -> str:
    return (
        f"<html lang=en><head><title>{article['title']}</title><link rel=canonical href='{article['url']}'>"
        f"<meta property='article:published_time' content='{article['published']}'></head>"
        f"<body><article><h1>{article['title']}</h1><p>{article['text']}</p>"
        "<p>The delegations had come on the eve. Each spoke to its own reporters, and neither said when they would "
        "meet again, or where. The hosts thanked both for their patience and for their manners.</p>"
        "</article></body></html>"
    )


def write_html(folder: Path, article: Article) -> Path:
    file = folder / "held.html"
    file.write_text(page(article), encoding="utf-8")
    return file


def write_md(folder: Path, article: Article) -> Path:
    file = folder / "held.md"
    about = f"---\nurl: {article['url']}\npublished: {article['published']}\n---\n"
    file.write_text(f"{about}# {article['title']}\n\n{article['text']}\n", encoding="utf-8")
    return file


def write_txt(folder: Path, article: Article) -> Path:
    file = folder / "held.txt"
    file.write_text(f"{article['title']}\n\n{article['text']}\n", encoding="utf-8")
    return file


def write_warc(folder: Path, article: Article) -> Path:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page(article).encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {article['url']}\r\nWARC-Date: 2031-05-20T18:05:00Z\r\n"
        "WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-000000000000>\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    file = folder / "held.warc.gz"
    file.write_bytes(gzip.compress(head.encode() + answer + b"\r\n\r\n"))
    return file


def write_folder(folder: Path, article: Article) -> Path:
    inside = folder / "saved" / "deeper"
    inside.mkdir(parents=True)
    write_html(inside, article)
    return folder / "saved"


@pytest.mark.parametrize("write", [write_html, write_md, write_txt, write_warc, write_folder])
def test_every_form_of_saved_article_rings(
    parley: Parley, tmp_path: Path, articles: dict[str, Article], write: Callable[[Path, Article], Path]
) -> None:
    path = write(tmp_path, articles["held"])
    result = parley("replay", "--json", "--published", "2031-05-20", path)
    (alert,) = alerts(result)
    assert (alert["reason"], alert["kind"], alert["status"], alert["ordinal"]) == ("new", "talks_round", "concluded", 3)
    # a file without an address goes by its path as given
    assert alert["article"]["url"] == (str(path) if write is write_txt else articles["held"]["url"])


def test_a_person_sees_when_why_what_and_where(parley: Parley, news: Path) -> None:
    lines = parley("replay", news).stdout.splitlines()
    assert lines[:3] == [
        "2031-05-17 12:00  new        Third round of talks between Arcadia and Bohemia planned in Lisbon"
        " for 20 May 2031",
        "    «Arcadia and Bohemia to hold a third round of talks in Lisbon on 20 May»",
        "    north.example  https://north.example/plan",
    ]
    assert lines[6].startswith("undated           new        Prisoner exchange between Arcadia and Bohemia")


@pytest.mark.slow
def test_the_same_bytes_come_out_in_any_process_and_with_any_hash_seed(home: Path, news: Path) -> None:
    def bytes_of(command: str, seed: str) -> bytes:
        call = [sys.executable, "-m", "monitor", "--home", str(home), command, "--json", str(news)]
        env = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run(call, env=env, check=True, capture_output=True).stdout

    for command in ("replay", "explain"):
        first = bytes_of(command, "0")
        assert first.count(b"\n") >= 3
        assert bytes_of(command, "4711") == first


def test_two_texts_of_one_address_are_two_versions_of_one_article(
    parley: Parley, save_lines: Save, articles: dict[str, Article]
) -> None:
    held = articles["held"]
    moved = {**held, "published": "2031-05-20T22:00:00+03:00", "text": held["text"].replace("20 May", "19 May")}
    weather = {**held, "published": "2031-05-20T23:00:00+03:00", "title": "Rain", "text": "Rain fell in Lisbon."}
    saved = save_lines("versions.jsonl", [weather, moved, held])
    told = [json.loads(line) for line in parley("replay", "--json", saved).stdout.splitlines()]
    assert [each["reason"] for each in told] == ["new", "corrected", "corrected"]
    assert [each["date"]["start"] for each in told] == ["2031-05-20", "2031-05-19", "2031-05-19"]
    shown = parley("replay", saved).stdout
    assert "new: no longer says so" in shown
    old, new = (
        "The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May.",
        "ended in Lisbon on 19 May.",
    )
    assert f"{old}»\n    new: «" in shown
    assert f"{new}»\n" in shown
