"""The composition root: settings → a running service. The only package that reads the real clock.

An exception that reaches this far ends the process with its reason; feeds, pages and channels that fail never get here
(DESIGN §2).
"""

from monitor.app.asking import ask_to_reload
from monitor.app.channels import probe, send_test
from monitor.app.clock import utcnow
from monitor.app.hangup import hangups_held
from monitor.app.log import chosen, logger
from monitor.app.service import Once, once, serve
from monitor.app.sources import ask_feed
from monitor.app.web import page, user_agent
from monitor.poll import FINE

__all__ = [
    "FINE",
    "Once",
    "ask_feed",
    "ask_to_reload",
    "chosen",
    "hangups_held",
    "logger",
    "once",
    "page",
    "probe",
    "send_test",
    "serve",
    "user_agent",
    "utcnow",
]
