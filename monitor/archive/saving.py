"""A fetched page → a test article on disk, which `load` reads again."""

import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from extractors.article import extract
from extractors.decode import decode
from monitor.archive.found import outlet_of
from monitor.fetch import Fetched


def save(page: Fetched, folder: Path) -> Path:
    """Write the page as one line of JSON (url, html, title, published, outlet, lang) and say where; OSError.

    Its name comes from the address, so the same page saved again replaces itself. `title` and `published` are there to
    be corrected by hand: what the file states wins over what the page says.
    """
    read = extract(page.body, page.final_url, page.charset)
    stated = read.published or read.day
    value = {
        "url": page.final_url,
        "outlet": outlet_of(page.final_url),
        "lang": read.language,
        "title": read.title,
        "published": stated.isoformat() if stated else None,
        "html": decode(page.body, page.charset),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_name(page.final_url)}.jsonl"
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
    return path


def _name(url: str) -> str:
    parts = urlsplit(url)
    words = re.sub(r"[^a-z0-9]+", "-", f"{parts.hostname or ''} {parts.path}".lower()).strip("-")[:60].rstrip("-")
    return f"{words}-{hashlib.blake2b(url.encode(errors='replace'), digest_size=4).hexdigest()}"
