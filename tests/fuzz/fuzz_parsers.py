"""Looks for bytes that a parser cannot bear: `python tests/fuzz/fuzz_parsers.py TARGET -max_total_time=600`.

TARGET is feed, sitemap, json or article; the rest goes to libFuzzer. It begins with the samples and the cases, and
keeps what it learns in a folder of its own under the temporary one. Put what it finds (`crash-…`, `timeout-…`, in the
current folder) into tests/fuzz/cases/TARGET/, whose files tests/fuzz/test_cases.py replays.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1]))

with atheris.instrument_imports(include=["extractors", "feedparser", "feedparser_sgmllib", "trafilatura", "json"]):
    import samples
    import targets


def main() -> None:
    """Runs until libFuzzer is done; it ends the process itself."""
    if len(sys.argv) < 2 or sys.argv[1] not in targets.TARGETS:
        sys.exit(f"usage: {sys.argv[0]} {{{','.join(targets.TARGETS)}}} [libFuzzer's options]")
    name = sys.argv[1]
    seeds = Path(tempfile.gettempdir()) / f"parley-fuzz-{name}"
    seeds.mkdir(exist_ok=True)
    known = [path.read_bytes() for path in sorted((HERE / "cases" / name).iterdir()) if path.name != ".gitkeep"]
    for number, body in enumerate((*samples.SAMPLES[name], *known)):
        (seeds / f"seed-{number}").write_bytes(body)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", module="atheris")
    options = [f"-timeout={targets.SECONDS}", "-rss_limit_mb=2048", "-max_len=20000", *sys.argv[2:], str(seeds)]
    atheris.Setup([sys.argv[0], *options], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
