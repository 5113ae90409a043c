"""The demo: a local newsroom, real receivers and the real service between them, in under a minute, without a network.

`run` plays it; `stage` is its composition. `script` and `days` read the invented articles, `pages` and `newsroom`
publish them, `receivers` and `message` take and read what arrives, `verdict` and `show` compare and tell.
"""

from monitor.demo.stage import DemoResult, run

__all__ = ["DemoResult", "run"]
