"""Addresses of articles: without what only tracks the reader, and the one under which an article is kept. Pure.

courlan's `clean_url` was looked at and is not used: it sorts and recodes the query, drops empty and lone parameters and
such as `source`, `session`, `keyword` or `eid`, which name articles on some sites.
"""

import re
from urllib.parse import unquote_plus, urljoin

_SHAPE = re.compile(r"(https?)://([^/?#\\]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"((?:[^@]*@)?)(\[[^\]@]*\]|[^:@\[\]]*)(?::(\d*))?")
_DEFAULT_PORTS = {"http": ("", "80"), "https": ("", "443")}
# Names that no site uses for its articles: campaign tags of Google, Matomo, AT Internet and Adobe, and click ids.
_TRACKS = re.compile(
    r"(?:utm|at|pk|mtm|piwik|ns|hsa|oly|vero|guce)_\w+"
    r"|(?:fb|g|dc|y|ys|tw|tt|msc|msclk|rb_)clid|(?:w|g)braid|gclsrc|msclkid|igsh(?:id)?|yadclid|_openstat"
    r"|cmp|cmpid|cmp_id|int_?cmp|icid|s_cid|xtor|ocid|ftag|smid|smtyp|maca|ito|traffic_source|guccounter|wickedid"
    r"|mc_[ce]id|mkt_tok|_hs(?:enc|mi)|hsctatracking|_ga|_gl|_branch_match_id|__twitter_impression|rb_clickid",
    re.IGNORECASE,
)
# Names that may be an article's, but not with these values, by which a site knows its feed's readers.
_SAYS_FEED = re.compile(r"(?:ref|from|source|src|partner|emc|mod|via)=(?:rss|atom|feed)(?:[_.-]?\w*)", re.IGNORECASE)

_FACES = re.compile(r"(?:www|m|amp|mobile)\.", re.IGNORECASE)
_FRONT = re.compile(r"/*(?:(?:index|default|home)\.\w{2,5}|[a-z]{2}(?:-[a-z]{2})?)?/*", re.IGNORECASE)
_PROGRAM = re.compile(r"[^/]*\.(?:php\d?|aspx?|jsp|cgi|pl|do|dll)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,}", re.ASCII)
# Years and days stand in the addresses of all the articles of that year and day.
_CALENDAR = re.compile(r"(?:19|20)\d\d(?:[01]\d(?:[0-3]\d)?)?", re.ASCII)


def clean(url: str) -> str:
    """The address without fragment and without parameters that track; scheme and host in lower case, no default port.

    The rest stays byte for byte: order, encoding and case of path and parameters. What is no http(s) address is only
    trimmed. Never raises; cleaning twice changes nothing.
    """
    text = _unwrapped(url)
    parts = _SHAPE.fullmatch(text)
    if parts is None:
        return text
    scheme, host, path, query = parts[1].lower(), parts[2], parts[3], (parts[4] or "")[1:]
    named = _HOST.fullmatch(host)
    if named is not None:
        port = named[3]
        shown = "" if port is None or port in _DEFAULT_PORTS[scheme] else f":{port}"
        host = f"{named[1]}{named[2].lower()}{shown}"
    if query:
        told = query.split("&")
        kept = [one for one in told if not _tracks(one)]
        query = query if len(kept) == len(told) else "&".join(kept)
    return f"{scheme}://{host}{path}{'?' if query else ''}{query}".strip()


def canonical(asked: str, final: str, link: str | None) -> str:
    """The address under which an article is kept: `asked` for, found at `final`, its page calling itself `link`.

    `link` is believed when it is on the site of one of the two (apart from www, m, amp and mobile), is neither front
    page nor a section above the article, and shares with one of them its last path segment or a number of four digits
    or more that is no year or day; many pages call the front page canonical, and templates repeat another article's.
    Else it is `final` cleaned, if that is on the site of `asked` and no front page, else `asked` cleaned. Never raises.
    """
    was, went = clean(asked), clean(final)
    if link:
        said = clean(_joined(went or was, link))
        if _site(said) and any(_vouches(at, said) for at in (was, went)):
            return said
    if _site(went) and _site(was) == _site(went) and (not _is_front(went) or _is_front(was)):
        return went
    return was


def _unwrapped(url: str) -> str:
    # Feeds break long links over lines, and leave blanks in names of files (WHATWG URL, 4.4).
    return "".join(part.strip() for part in re.split(r"[\t\r\n]", url)).strip().replace(" ", "%20")


def _tracks(parameter: str) -> bool:
    name = parameter.partition("=")[0]
    return bool(_TRACKS.fullmatch(name) or _SAYS_FEED.fullmatch(parameter))


def _vouches(at: str, said: str) -> bool:
    """Whether the page at `at` may call itself `said`."""
    if at == said:
        return True
    if not _site(at) or _site(at) != _site(said) or _is_front(at):
        return False
    if _is_front(said):
        return False
    here, there = _segments(at), _segments(said)
    asked_for, told = _query(at), _query(said)
    if len(there) < len(here) and here[: len(there)] == there and not told:
        return False
    numbers = {n for n in _NUMBER.findall(f"{'/'.join(here)}?{asked_for}") if not _CALENDAR.fullmatch(n)}
    if numbers & set(_NUMBER.findall(f"{'/'.join(there)}?{told}")):
        return True
    if not here or not there or here[-1] != there[-1]:
        return False
    # "news.php" is the last segment of every article of its site; the number behind it tells them apart.
    return not _PROGRAM.fullmatch(here[-1]) or re.findall(r"\d+", asked_for) == re.findall(r"\d+", told)


def _site(url: str) -> str:
    parts = _SHAPE.fullmatch(url)
    host = parts[2].rpartition("@")[2] if parts else ""
    while found := _FACES.match(host):
        host = host[found.end() :]
    return host.lower()


def _is_front(url: str) -> bool:
    parts = _SHAPE.fullmatch(url)
    return bool(parts and _FRONT.fullmatch(parts[3]) and len(parts[4] or "") < 2)


def _segments(url: str) -> list[str]:
    parts = _SHAPE.fullmatch(url)
    found = [unquote_plus(part) for part in (parts[3] if parts else "").split("/") if part]
    # The page for telephones stands below or above the article's own address.
    return [part for part in found if part.lower() not in ("amp", "amp.html")] or found


def _query(url: str) -> str:
    parts = _SHAPE.fullmatch(url)
    return (parts[4] or "")[1:] if parts else ""


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, _unwrapped(link))
    except ValueError:
        return ""
