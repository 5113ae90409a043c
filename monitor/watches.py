"""seeds/watches/ and seeds/topics/ as Watch records, or every fault in them.

The shape of the files is in `monitor.watchfile`; what their words mean to reading is in `extractors.topicwords`, and
what identity means is in `monitor.records.Identity`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from alerts.records import Rings
from extractors import topicwords
from extractors.fold import fold
from extractors.records import ExtractorError, Holiday, Name, NameKind, Names, TopicWords
from monitor.documents import Document, Where, parse, read
from monitor.faults import Fault, Faults, Language, fault, validate
from monitor.records import Identity, Series, Watch
from monitor.watchfile import TopicModel, WatchModel, Words


def load_watches(home: Path, ids: Sequence[str]) -> tuple[Watch, ...] | Faults:
    """The watches of a home by id, in the order given, or the faults of all of them and of their topics."""
    watches: list[Watch] = []
    faults: dict[Fault, None] = {}
    for each in ids:
        path = home / "seeds" / "watches" / f"{each}.yaml"
        watch = load_watch(path, home / "seeds" / "topics")
        if isinstance(watch, Faults):
            faults |= dict.fromkeys(watch)
        elif watch.id != each:
            faults[Fault(str(path), 0, "watch", f"should be {each}, as the file is called")] = None
        else:
            watches.append(watch)
    return Faults(tuple(faults)) if faults else tuple(watches)


def load_watch(path: Path, topics_dir: Path) -> Watch | Faults:
    """One watch with the topics that it names, or every fault. Baseline stories lie in `stories` beside the topics."""
    document = read(path)
    model, faults = validate(WatchModel, document)
    if model is None:
        return Faults(tuple(faults))
    faults += _crossed(model, document, topics_dir)
    topics: dict[str, TopicModel] = {}
    for topic in dict.fromkeys(model.topics):
        file = topics_dir / f"{topic}.yaml"
        if file.is_file():
            loaded, found = load_topic(file)
            faults += found
            if loaded is not None:
                topics[topic] = loaded
                faults += _taken_from_nothing(model, loaded, document)
    if faults:
        return Faults(tuple(faults))
    return _watch(model, topics, topics_dir.parent / "stories")


def load_topic(path: Path) -> tuple[TopicModel | None, list[Fault]]:
    """One topic file and its faults, those of its word patterns included."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return validate(TopicModel, read(path))
    model, faults = _topic(path, text)
    return model, list(faults)


@lru_cache(maxsize=64)
def _topic(path: Path, text: str) -> tuple[TopicModel | None, tuple[Fault, ...]]:
    """Watches share their topics, and a topic is the longest file to check: each text of one once."""
    document = parse(text, str(path))
    model, faults = validate(TopicModel, document)
    if model is None:
        return None, tuple(faults)
    if model.topic != path.stem:
        faults.append(fault(document, ("topic",), f"should be {path.stem}, as the file is called"))
    faults += _bad_words(document, ("words",), model.words)
    return (None if faults else model), tuple(faults)


def _bad_words(document: Document, where: Where, words: Words) -> list[Fault]:
    """Groups that there are not, and patterns that cannot be read."""
    faults: list[Fault] = []
    for language, groups in words.items():
        for group, patterns in groups.items():
            here: Where = (*where, language, group)
            if not topicwords.is_group(group):
                known = f"{', '.join(sorted(topicwords.GROUPS))}, not-<why>"
                faults.append(fault(document, here, "unknown group of words", f"known here: {known}"))
            faults += _bad_patterns(document, here, patterns)
    return faults


def _bad_patterns(document: Document, where: Where, patterns: Sequence[str]) -> list[Fault]:
    faults = []
    for index, pattern in enumerate(patterns):
        try:
            topicwords.check(pattern)
        except ExtractorError as error:
            faults.append(fault(document, (*where, index), str(error)))
    return faults


def _crossed(model: WatchModel, document: Document, topics_dir: Path) -> list[Fault]:
    """What no single key can tell: names that point at nothing, and names claimed twice."""
    faults: list[Fault] = []

    def say(where: Where, message: str, advice: str = "") -> None:
        faults.append(fault(document, where, message, advice))

    sides = [party.name for party in model.parties] + [other.name for other in model.others]
    for i, person in enumerate(model.people):
        if person.side is not None and person.side not in sides:
            say(("people", i, "side"), f"{person.side} is no party of this watch", "add it to parties or others")
    places = [each.name for each in model.places]
    ids: set[str] = set()
    for i, series in enumerate(model.series):
        if series.id in ids:
            say(("series", i, "id"), f"{series.id} is given twice")
        ids.add(series.id)
        if series.kind not in model.topics:
            say(("series", i, "kind"), f"{series.kind} is no topic of this watch", "add it to topics")
        if series.end is not None and series.end < series.start:
            say(("series", i, "end"), "ends before it starts")
        for j, place in enumerate(series.places):
            if place not in places:
                say(("series", i, "places", j), f"{place} is no place of this watch", "add it to places")
    for i, topic in enumerate(model.topics):
        if not (topics_dir / f"{topic}.yaml").is_file():
            known = ", ".join(sorted(file.stem for file in topics_dir.glob("*.yaml")))
            say(("topics", i), f"unknown topic {topic}", f"known: {known}" if known else f"none in {topics_dir}")
    for i, kind in enumerate(model.rings.kinds or ()):
        if kind not in model.topics:
            say(("rings", "kinds", i), f"{kind} is no topic of this watch", "add it to topics")
    for section, changed in (("words", model.words), ("without", model.without)):
        for topic in changed:
            if topic not in model.topics:
                say((section, topic), f"{topic} is no topic of this watch", "add it to topics")
    for topic, words in model.words.items():
        faults += _bad_words(document, ("words", topic), words)
    for i, story in enumerate(model.baseline):
        if not (topics_dir.parent / "stories" / story).is_file():
            say(("baseline", i), f"there is no file {topics_dir.parent / 'stories' / story}")
    return faults + _claimed_twice(model, document)


def _taken_from_nothing(model: WatchModel, topic: TopicModel, document: Document) -> list[Fault]:
    """Groups that `without` takes away and the topic's file does not have: a slip, or the file has changed since."""
    faults: list[Fault] = []
    for language, groups in model.without.get(topic.topic, {}).items():
        there = topic.words.get(language, {})
        for i, group in enumerate(groups):
            if group not in there:
                where = ("without", topic.topic, language, i)
                message = f"{topic.topic} has no group {group} in {language}"
                faults.append(fault(document, where, message, f"it has: {', '.join(there)}" if there else ""))
    return faults


def _claimed_twice(model: WatchModel, document: Document) -> list[Fault]:
    """Two things of one name: the text does not say which is meant, so the file must not leave it open."""
    faults: list[Fault] = []
    owners: dict[str, tuple[str, Where]] = {}
    for name, where, spelled in _spelled(model):
        for language, forms in spelled.items():
            for i, form in enumerate(forms):
                owner, first = owners.setdefault(fold(form), (name, where))
                if first != where and owner != name:
                    message = f"{form!r} already names {owner}"
                    faults.append(fault(document, (*where, language, i), message, "leave it to one of the two"))
    names: dict[tuple[str, str], Where] = {}
    for name, where, _ in _spelled(model):
        if (seen := names.setdefault((str(where[0]), name), where)) != where and seen[:-1] != where[:-1]:
            faults.append(fault(document, where[:-1], f"{name} is listed twice", "join the two"))
    return faults


def _spelled(model: WatchModel) -> list[tuple[str, Where, Mapping[Language, tuple[str, ...]]]]:
    out: list[tuple[str, Where, Mapping[Language, tuple[str, ...]]]] = []
    for i, party in enumerate(model.parties):
        out += [
            (party.name, ("parties", i, "forms"), party.forms),
            (party.name, ("parties", i, "people"), party.people),
        ]
        out += [(each.name, ("parties", i, "bodies", j, "forms"), each.forms) for j, each in enumerate(party.bodies)]
    out += [(each.name, ("people", i, "forms"), each.forms) for i, each in enumerate(model.people)]
    for i, place in enumerate(model.places):
        out.append((place.name, ("places", i, "forms"), place.forms))
        out += [(each.name, ("places", i, "venues", j, "forms"), each.forms) for j, each in enumerate(place.venues)]
    for i, other in enumerate(model.others):
        out += [(other.name, ("others", i, "forms"), other.forms), (other.name, ("others", i, "people"), other.people)]
    return out


def _watch(model: WatchModel, topics: Mapping[str, TopicModel], stories: Path) -> Watch:
    kinds = model.rings.kinds
    if kinds is None:
        kinds = tuple(topic for topic, each in topics.items() if each.rings)
    names = Names(
        watch=model.watch,
        parties=tuple(each.name for each in model.parties),
        names=tuple(_names(model)),
        topics=tuple(
            TopicWords(topic, _words(each.words, model.words.get(topic, {}), model.without.get(topic, {})))
            for topic, each in topics.items()
        ),
        holidays=tuple(Holiday(each.name, each.days, _plain(each.forms)) for each in model.holidays),
    )
    rings = Rings(
        watch=model.watch,
        kinds=frozenset(kinds),
        max_age=model.rings.max_age,
        min_families=model.rings.min_families,
        confirmations=tuple(sorted(set(model.rings.confirmations))),
    )
    series = tuple(Series(s.id, s.title, s.kind, s.start, s.end, s.places) for s in model.series)
    identities = {topic: _identity(each, topic in kinds) for topic, each in topics.items()}
    return Watch(
        model.watch, model.title, names, identities, series, rings, tuple(stories / each for each in model.baseline)
    )


def _words(
    shared: Words, own: Words, without: Mapping[Language, Sequence[str]]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """The words of a topic in one watch: those of its file but the groups left out, and then the watch's own."""
    out: dict[str, dict[str, tuple[str, ...]]] = {}
    for language, groups in shared.items():
        left_out = without.get(language, ())
        out[str(language)] = {group: patterns for group, patterns in groups.items() if group not in left_out}
    for language, groups in own.items():
        here = out.setdefault(str(language), {})
        for group, patterns in groups.items():
            here[group] = tuple(dict.fromkeys((*here.get(group, ()), *patterns)))
    return out


def _plain(forms: Mapping[Language, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {str(language): spellings for language, spellings in forms.items()}


def _identity(topic: TopicModel, rings: bool) -> Identity:
    own = topic.identity
    return Identity(
        topic.topic, topic.label, own.window, own.slack.days, own.ordinals, own.deals, own.parts, rings, topic.done
    )  # fmt: skip


def _names(model: WatchModel) -> list[Name]:
    out: list[Name] = []

    def add(name: str, kind: NameKind, forms: Mapping[Language, tuple[str, ...]], of: str | None = None) -> None:
        if forms:
            out.append(Name(name, kind, _plain(forms), of))

    for party in model.parties:
        add(party.name, "party", party.forms)
        add(party.name, "people", party.people, party.name)
        for body in party.bodies:
            add(body.name, "body", body.forms, party.name)
    for person in model.people:
        add(person.name, "person", person.forms, person.side)
    for place in model.places:
        add(place.name, "place", place.forms)
        for venue in place.venues:
            add(venue.name, "place", venue.forms, place.name)
    for other in model.others:
        add(other.name, "other", other.forms)
        add(other.name, "other", other.people, other.name)
    return out
