"""What a message may hold at most of one thing, and the words that all its forms share."""

from collections.abc import Mapping

LONGEST_TITLE = 300
LONGEST_QUOTE = 600
LONGEST_VALUE = 200
LONGEST_NOTE = 300

REASONS: Mapping[str, str] = {
    "new": "New",
    "advanced": "Moved forward",
    "reversed": "Reversed",
    "corrected": "Corrected",
    "confirmed": "Confirmed by more outlets",
    "digest": "Held back until now",
    "test": "This is not news: somebody has tried the way to you",
    "notice": "Notice from Parley itself",
}
