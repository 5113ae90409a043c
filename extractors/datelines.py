"""Datelines: a date that says when a text was written or changed, told from the date of an event by its form.

A dateline follows a label ("Updated", "Опубликовано"), or stands between a place and a mark ("Москва, 9 февраля —"),
or is alone in its line, with a clock time at most.
"""

import re

_REACH = 600  # characters: a dateline without a label is at the head; further down it is the heading of a chronicle
_LINE_REACH = 60
_CLOCK = r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s*(?:[ap]\.?m\b\.?)?\s*\(?(?:[a-z]{2,4}\b|мск\b)?\)?"
_CLOCK_FIRST = re.compile(rf"\W*{_CLOCK}[\s,|]*")
_CLOCK_AFTER = re.compile(rf"\s*,?\s*{_CLOCK}")
_MARK = re.compile(rf"\s*,?\s*(?:{_CLOCK})?\s*(?:\([^)\n]{{1,25}}\)\s*)?(?:\d{{1,6}}(?=\s*$))?(?P<mark>\||[-:/]|\s*$)")
_PLACE = re.compile(r"(?:[^\W\d_][\w.'-]*,?\s+){0,3}[^\W\d_][\w.'-]*\s*(?:,|\([^)]{1,20}\)\s*-?|/|\||-)\s*")
_LETTERS = re.compile(r"[^\W\d_]+")


def label_expression(labels: str) -> re.Pattern[str]:
    """What stands right before a labelled date: the label, a clock time, a short weekday. `labels` is folded."""
    return re.compile(
        rf"\b(?:{labels})\b\s*:?\s*(?:(?:at|on)\b\s*:?\s*)?(?:{_CLOCK})?[\s,|-]*(?:[^\W\d_]{{2,4}}\.?,?\s+){{0,2}}\Z"
    )


def is_dateline(text: str, folded: str, start: int, end: int, label: re.Pattern[str]) -> bool:
    """Whether the date `text[start:end]` is a dateline; `folded` is the text folded."""
    begin = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    line_end = text.find("\n", end)
    before, after = folded[begin:start], folded[end : line_end if line_end >= 0 else len(folded)]
    labelled = label.search(before, max(0, len(before) - _LINE_REACH))
    # in lower case it is a verb: "the list published on June 2"
    if labelled and text[begin + labelled.start()].isupper():
        return True
    if start > _REACH or len(before) > _LINE_REACH:
        return False
    mark = _MARK.match(after)
    if mark is None:
        return False
    if _CLOCK_FIRST.fullmatch(before):
        return True
    if not before.strip():
        # a line of a chronicle ("28 February - first round") is none: ask for a clock time, a bar, or nothing else
        alone = not after.strip(" 0123456789")
        return alone or mark["mark"] in ("|", "/") or _CLOCK_AFTER.match(after) is not None
    if not mark["mark"].strip() and "," not in before:
        return False
    if not _PLACE.fullmatch(before):
        return False
    return all(word[0].isupper() for word in _LETTERS.findall(text[begin:start]))
