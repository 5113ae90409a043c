"""The shape of seeds/watches/*.yaml and seeds/topics/*.yaml: their keys, types and defaults."""

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from monitor.faults import Duration, Language, Slug, Strict, Text

# A Latin letter inside a Cyrillic word looks right on the screen and never matches a text.
_MIXED = re.compile(r"(?=\w*[A-Za-z])\w*[Ѐ-ӿ]\w*")

Day = Annotated[date, Field(strict=True)]


def _one_alphabet(form: str) -> str:
    if found := _MIXED.search(form):
        raise ValueError(f"the word {found.group()!r} mixes Latin and Cyrillic letters and would never match")
    return form


_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN: frozenset[Language] = frozenset({"en", "tr"})


def _of_their_language(forms: dict[Language, tuple[str, ...]]) -> dict[Language, tuple[str, ...]]:
    for language, spelt in forms.items():
        if not spelt:
            raise ValueError(f"the list under {language} is empty; write a name, or leave {language} out")
        found = next((form for form in spelt if language in _LATIN and _CYRILLIC.search(form)), None)
        if found is not None:
            raise ValueError(f"{found!r} stands under {language}, whose texts have no Cyrillic letters")
    return forms


Form = Annotated[Text, AfterValidator(_one_alphabet)]
Forms = Annotated[dict[Language, tuple[Form, ...]], Field(min_length=1), AfterValidator(_of_their_language)]


class BodyModel(Strict):
    """An organisation of a side."""

    name: Text
    forms: Forms


class PartyModel(Strict):
    """A side: `forms` are the side itself and what stands for it, `people` its adjectives and demonyms."""

    name: Text
    forms: Forms
    people: dict[Language, tuple[Form, ...]] = Field(default_factory=dict)
    bodies: tuple[BodyModel, ...] = ()


class PersonModel(Strict):
    """Someone who speaks or negotiates. `office` is for the reader of the file."""

    name: Text
    side: Text | None = None
    office: Text | None = None
    forms: Forms


class PlaceModel(Strict):
    """A city or a country in which rounds take place, with its venues."""

    name: Text
    forms: Forms
    venues: tuple[BodyModel, ...] = ()


class OtherModel(Strict):
    """A party of a neighbouring or foreign process."""

    name: Text
    forms: Forms
    people: dict[Language, tuple[Form, ...]] = Field(default_factory=dict)


class SeriesModel(Strict):
    """A run of talks of one format."""

    id: Slug
    title: Text
    kind: Slug
    start: Day
    end: Day | None = None
    places: tuple[Text, ...] = ()


class HolidayModel(Strict):
    """A day that texts name instead of dating it."""

    name: Text
    days: Annotated[tuple[Day, ...], Field(min_length=1)]
    forms: Forms


class RingsModel(Strict):
    """What rings. `kinds` left out: the topics whose own file says so."""

    kinds: tuple[Slug, ...] | None = None
    max_age: Duration = timedelta(hours=72)
    min_families: Annotated[int, Field(ge=1)] = 1
    confirmations: tuple[Annotated[int, Field(ge=2)], ...] = (2, 3, 5, 10)


Words = dict[Language, dict[str, tuple[Text, ...]]]
"""Language → group → patterns; extractors.topicwords says what they mean."""


class WatchModel(Strict):
    """seeds/watches/<watch>.yaml.

    `words` and `without` change the words of a topic in this watch alone: hostages are prisoners in one war and a
    matter of their own in another. `without` names groups of the topic's file that do not hold here, `words` gives
    patterns beside those that do.
    """

    watch: Slug
    title: Text
    parties: Annotated[tuple[PartyModel, ...], Field(min_length=2)]
    people: tuple[PersonModel, ...] = ()
    places: tuple[PlaceModel, ...] = ()
    others: tuple[OtherModel, ...] = ()
    series: tuple[SeriesModel, ...] = ()
    holidays: tuple[HolidayModel, ...] = ()
    topics: Annotated[tuple[Slug, ...], Field(min_length=1)]
    words: dict[Slug, Words] = Field(default_factory=dict)
    without: dict[Slug, dict[Language, tuple[Text, ...]]] = Field(default_factory=dict)
    rings: RingsModel = RingsModel()
    baseline: tuple[Text, ...] = ()


class IdentityModel(Strict):
    """What makes two claims of a topic one event; see monitor.records.Identity."""

    window: Duration
    slack: Duration = timedelta(days=1)
    ordinals: Literal["series", "year", "none"] = "none"
    deals: bool = False
    parts: bool = False


class TopicModel(Strict):
    """seeds/topics/<topic>.yaml."""

    topic: Slug
    label: Text
    done: Text = "concluded"
    rings: bool = False
    identity: IdentityModel
    words: Annotated[Words, Field(min_length=1)]
