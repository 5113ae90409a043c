"""The self-test of etiquette: the checklist for feed readers (reference: polling 2) against a hostile server.

The server stands on loopback and the clock is virtual; what is tested is what runs: the poller with its schedule, the
fetcher, the parser in its process, the store, and the adding of feeds. `card` has the lines in order, `validators`,
`pace`, `manners` and `trouble` their scenarios; `site` is the server, `rig` the reader before it, `desk` a home.
"""

from monitor.selftest.card import Verdict, as_json, in_words, run

__all__ = ["Verdict", "as_json", "in_words", "run"]
