"""What the two ways into Slack have in common: the classes of its answers, and a message made plainer or marked."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from alerts.records import Delivery, Outcome, OutcomeKind

# The SDK logs addresses and payloads at debug, and a webhook's address is its secret.
SDK_LOG = logging.getLogger("alerts.channels.slack.sdk")
SDK_LOG.setLevel(logging.WARNING)

_NAME = re.compile(r"[a-z0-9_]{1,80}")
_SCOPES = re.compile(r"[a-z:.,_]{1,200}")
CREDENTIAL = frozenset(
    [
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "org_login_required",
        "ekm_access_denied",
        "access_denied",
        "invalid_token",
        "no_service",
        "no_active_hooks",
        "two_factor_setup_required",
        "team_access_not_granted",
        "accesslimited",
    ]
)
TARGET = frozenset(
    [
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "channel_is_archived",
        "restricted_action",
        "user_not_found",
        "cannot_dm_bot",
        "messages_tab_disabled",
        "restricted_action_read_only_channel",
        "as_user_not_supported",
        "restricted_action_thread_only_channel",
        "posting_to_general_channel_denied",
        "no_team",
        "user_disabled",
    ]
)
CONTENT = frozenset(
    [
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "invalid_payload",
        "metadata_too_large",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "too_many_attachments",
        "markdown_text_conflict",
        "invalid_attachments",
        "invalid_arguments",
        "invalid_json",
    ]
)
_INSTALLED = "give the Bot User OAuth Token of the installed app, which begins with xoxb-"
_ADVICE: Mapping[str, str] = dict.fromkeys(
    ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"),
    _INSTALLED,
) | {
    "missing_scope": "add the scope and install the app anew",
    "channel_not_found": "check the recipient's `to`, and invite the app into a private channel",
    "not_in_channel": "invite the app into the channel",
    "is_archived": "the channel is archived: give another one in `to`",
    "channel_is_archived": "the channel is archived: give another one in `to`",
    "no_service": "make a new webhook",
    "no_active_hooks": "make a new webhook",
    "invalid_token": "make a new webhook",
}
"""What to do about an error that Slack's name alone does not say."""
MOST_BLOCKS = 50
TRANSIENT = frozenset(["ratelimited", "rate_limited", "message_limit_exceeded", "team_added_to_org"])


def classify(error: str) -> OutcomeKind:
    """The class of an error name of Slack's. An unknown one is ambiguous: `internal_error` may have posted."""
    name = error.strip()
    for names, kind in _CLASSES:
        if name in names:
            return kind
    return "ambiguous"


_CLASSES: tuple[tuple[frozenset[str], OutcomeKind], ...] = (
    (CREDENTIAL, "bad_credential"),
    (TARGET, "bad_target"),
    (CONTENT, "bad_content"),
    (TRANSIENT, "transient"),
)


def content(delivery: Delivery) -> dict[str, Any]:
    """The stored JSON as a new dict."""
    loaded = json.loads(delivery.payload)
    assert isinstance(loaded, dict)
    return loaded


def text_only(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message without what Slack can find fault with: the fallback text, and the id to know it by."""
    return {name: value for name, value in body.items() if name != "blocks"}


REPEAT = "This may be a repeat: an earlier attempt ended before Slack answered."


def repeated(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message with a first line that says so, in the text and, where there are blocks, above them."""
    marked = dict(body) | {"text": f"{REPEAT}\n{body.get('text', '')}"}
    if "blocks" in body:
        line = {"type": "context", "elements": [{"type": "plain_text", "text": REPEAT, "emoji": False}]}
        marked["blocks"] = [line, *body["blocks"]][:MOST_BLOCKS]
    return marked


def word(said: str) -> str:
    """What Slack said if it is one of its names for an error; empty otherwise: it may be anything, also a secret."""
    return said if _NAME.fullmatch(said) else ""


def refused(status: int, name: str, wish: timedelta | None, needed: str = "") -> Outcome:
    """The outcome of an answer that is no yes: HTTP status, Slack's word for it, its Retry-After, the scope missed."""
    name = word(name)
    if status == 429 or name in TRANSIENT:
        return Outcome("transient", name or "429", "Slack asks for a slower pace", retry_after=wish)
    if status in (401, 403) and not name:
        return Outcome("bad_credential", str(status), "Slack refuses the token; check it", wide=True)
    if status >= 500:  # a server's failure after a whole request, whatever it calls itself
        return Outcome("ambiguous", str(status), "Slack failed and may have posted", retry_after=wish, wide=True)
    if not name:
        return Outcome("ambiguous", str(status or "answer"), "Slack's answer is not its own; is there a proxy between?")
    kind = classify(name)
    detail = f"Slack answered {name}" + (f" (needs {needed})" if _SCOPES.fullmatch(needed) else "")
    detail += f"; {_ADVICE[name]}" if name in _ADVICE else ""
    return Outcome(kind, name, detail, retry_after=wish, wide=kind == "bad_credential")
