"""What was read, for a person: a claim in one line, a sentence with the words that carried it, strangers' words."""

from urllib.parse import urlsplit

from alerts.records import Span
from extractors.records import Article, Claim, Dating, Evidence


def described(claim: Claim) -> str:
    """A claim in one line: kind, status, role and what is known of the rest."""
    parts = [claim.kind, claim.status, claim.role]
    if claim.date:
        parts.append(dated(claim.date))
    if claim.place:
        parts.append(f"in {claim.place}")
    if claim.ordinal:
        parts.append(f"no. {claim.ordinal}")
    parts += [f"{way} {count:,}" for way, count in sorted(claim.counts.items())]
    parts += sorted(claim.marks)
    return ", ".join(parts)


def dated(date: Dating | Span) -> str:
    """A day or two, and where they were read."""
    days = str(date.start) if date.start == date.end else f"{date.start} to {date.end}"
    return f"{days} ({date.basis})"


def printable(text: str) -> str:
    """Words of strangers in one line: nothing in them moves the cursor of a terminal or changes its colours."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))


def marked(article: Article, evidence: Evidence) -> str:
    """The sentence around a span, with the span between » and «."""
    whole = (article.title or "") if evidence.field == "title" else article.text
    start = max(whole.rfind("\n", 0, evidence.start) + 1, evidence.start - 120)
    stop = whole.find("\n", evidence.end)
    stop = min(len(whole) if stop < 0 else stop, evidence.end + 120)
    return f"{whole[start : evidence.start]}»{evidence.text}«{whole[evidence.end : stop]}".strip()


def bare(url: str) -> str:
    """An address as people and logs may have it: without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url
