"""A kind of event of the user's own: one topic file and one small watch, as CONTRIBUTING prints them, and no code."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.homes import initialise

GUIDE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def printed(key: str) -> tuple[str, str]:
    """The YAML of the guide that begins with this key: what it names, and the whole of it."""
    (block,) = re.findall(rf"```yaml\n({key}: \w+\n.*?)```", GUIDE, re.DOTALL)
    return block.split()[1], block


def article(name: str, lang: str, published: str, title: str, text: str) -> dict[str, str]:
    url = f"https://{name}.example.org/"
    return {
        "url": url,
        "outlet": f"{name}.example.org",
        "lang": lang,
        "published": published,
        "title": title,
        "text": text,
    }


WANTED = article(
    "wanted", "en", "2023-03-14", "UN wants grain deal to go on",
    "Antonio Guterres called on Russia and Ukraine to extend the grain deal beyond Saturday. Moscow offers 60 days, "
    "Kyiv insists on 120.",
)  # fmt: skip
MARCH = (
    article(
        "march-1", "en", "2023-03-18", "Grain deal extended on its last day",
        "Russia and Ukraine extended the grain deal on Saturday, hours before it ran out, the UN said in Istanbul.",
    ),
    article(
        "march-2", "ru", "2023-03-18", "Зерновую сделку продлили",
        "Россия и Украина в субботу продлили зерновую сделку. Москва говорит о 60 днях, Киев – о 120.",
    ),
    article(
        "march-3", "en", "2023-03-20", "First ships leave under renewed deal",
        "Two ships with maize left Odesa on Monday. Russia and Ukraine had extended the grain deal on Saturday.",
    ),
)  # fmt: skip
MAY = (
    article(
        "may-1", "ru", "2023-05-17", "Зерновая сделка будет продлена",
        "Зерновая сделка будет продлена на два месяца, объявили в среду в Анкаре. Россия и Украина это подтвердили.",
    ),
    article(
        "may-2", "en", "2023-05-18", "Russia and Ukraine extend grain deal",
        "Russia and Ukraine on Wednesday extended the grain deal for two months. In March it was extended for 60 days.",
    ),
)  # fmt: skip
QUIET = (
    article(
        "july", "en", "2023-07-17", "Russia quits grain deal",
        "Russia refused to extend the grain deal on Monday. Ukraine said that its ports would stay open.",
    ),
    article(
        "sanctions", "ru", "2023-07-20", "ЕС продлил санкции",
        "Страны ЕС продлили санкции против России на полгода. Украина просила о новых мерах.",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("own") / "home"
    initialise(home)
    topic, words = printed("topic")
    watch, names = printed("watch")
    (home / "seeds" / "topics" / f"{topic}.yaml").write_text(words, encoding="utf-8")
    (home / "seeds" / "watches" / f"{watch}.yaml").write_text(names, encoding="utf-8")
    return home


def told(home: Path, *articles: dict[str, str]) -> list[dict[str, str]]:
    file = home / "articles.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in articles), encoding="utf-8")
    command = ["--home", str(home), "replay", "--json", str(file)]
    result = CliRunner().invoke(main, command, env={"PARLEY_WATCHES": "grain"}, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_both_files_are_without_fault_beside_those_that_come_along(home: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(home), "check"], env={"PARLEY_WATCHES": "ru-ua,grain"})
    assert result.exit_code == 0, result.output


def test_one_extension_told_three_times_in_two_languages_interrupts_once(home: Path) -> None:
    first, *rest = told(home, WANTED, *MARCH)
    assert (first["reason"], first["kind"], first["event_id"][:16]) == ("new", "deal_extension", "grain.deal_exten")
    assert first["title"] == "Extension of the grain deal between Russia and Ukraine agreed in Istanbul, 18 March 2023"
    assert {each["reason"] for each in rest} == {"confirmed"}


def test_the_next_extension_is_an_event_of_its_own_told_when_planned_and_when_done(home: Path) -> None:
    alerts = [each for each in told(home, *MARCH, *MAY) if each["reason"] != "confirmed"]
    assert [(each["reason"], each["status"]) for each in alerts] == [
        ("new", "concluded"),
        ("new", "planned"),
        ("advanced", "concluded"),
    ]
    assert alerts[0]["event_id"] != alerts[1]["event_id"] == alerts[2]["event_id"]


def test_wishes_refusals_and_other_extensions_interrupt_nobody(home: Path) -> None:
    assert told(home, WANTED, *QUIET) == []
