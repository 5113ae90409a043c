"""`parley save` against a real server, and a replay of what was saved."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result

Parley = Callable[..., Result]

PAGE = """\
<html lang="en"><head><title>Third round of talks between Arcadia and Bohemia ends in Lisbon</title>
<meta property="article:published_time" content="2031-05-20T18:00:00+00:00"></head>
<body><nav>Home News Weather</nav><article>
<h1>Third round of talks between Arcadia and Bohemia ends in Lisbon</h1>
<p>The third round of talks between Arcadia and Bohemia ended in Lisbon on 20 May. Nobody took questions.</p>
<p>The delegations had come on the eve. Each spoke to its own reporters, and neither said when they would meet again,
or where. The hosts thanked both for their patience and for their good manners.</p>
</article></body></html>
"""


class Newsroom(BaseHTTPRequestHandler):
    """One page, and nothing else."""

    def do_GET(self) -> None:
        page = PAGE.encode() if self.path == "/2031/held" else b"no such page"
        self.send_response(200 if self.path == "/2031/held" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def opened(home: Path) -> None:
    """The home asks servers of this machine too, which are refused otherwise."""
    with (home / "config/parley.yaml").open("a", encoding="utf-8") as settings:
        settings.write("polling: {open_to: [127.0.0.0/8]}\n")


@pytest.fixture
def newsroom() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Newsroom)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("opened")
def test_a_saved_page_replays_as_it_was_read(parley: Parley, newsroom: str, tmp_path: Path) -> None:
    saved = parley("save", f"{newsroom}/2031/held", tmp_path / "articles")
    assert (saved.exit_code, saved.stderr) == (0, "")
    file = Path(saved.stdout.strip())
    assert file.parent == tmp_path / "articles"
    line = json.loads(file.read_text(encoding="utf-8"))
    assert line["url"] == f"{newsroom}/2031/held"
    assert line["html"] == PAGE

    (alert,) = map(json.loads, parley("replay", "--json", tmp_path / "articles").stdout.splitlines())
    assert (alert["kind"], alert["status"], alert["ordinal"]) == ("talks_round", "concluded", 3)
    assert alert["article"] == {
        "url": f"{newsroom}/2031/held",
        "title": "Third round of talks between Arcadia and Bohemia ends in Lisbon",
        "outlet": "127.0.0.1",
        "published": "2031-05-20T18:00:00+00:00",
    }


@pytest.mark.usefixtures("opened")
def test_a_page_saved_twice_is_one_file(parley: Parley, newsroom: str, tmp_path: Path) -> None:
    names = {parley("save", f"{newsroom}/2031/held", tmp_path / "articles").stdout for _ in range(2)}
    assert len(names) == len(list((tmp_path / "articles").iterdir())) == 1


def test_a_page_of_this_machine_is_refused_unless_the_settings_open_it(
    parley: Parley, newsroom: str, tmp_path: Path
) -> None:
    result = parley("save", f"{newsroom}/2031/held", tmp_path / "articles")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "polling.open_to" in result.stderr
    assert not (tmp_path / "articles").exists()


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(("path", "said"), [("/2031/lost", "404"), (None, "could not be had")])
def test_a_page_that_cannot_be_had_is_a_failure_that_saves_nothing(
    parley: Parley, newsroom: str, tmp_path: Path, path: str | None, said: str
) -> None:
    url = f"{newsroom}{path}" if path else "http://127.0.0.1:9/nobody"
    result = parley("save", url, tmp_path / "articles")
    assert (result.exit_code, result.stdout) == (1, "")
    assert url in result.stderr
    assert said in result.stderr
    assert not (tmp_path / "articles").exists()
