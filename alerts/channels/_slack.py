"""What the two ways into Slack have in common: the session, the classes of answers and of broken connections."""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from alerts.records import Delivery, Outcome, OutcomeKind

# The SDK logs addresses and payloads at debug, and a webhook's address is its secret.
SDK_LOG = logging.getLogger("alerts.channels.slack.sdk")
SDK_LOG.setLevel(logging.WARNING)

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


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The Retry-After of an answer in seconds, the only form Slack uses; None without one."""
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isdecimal():
            return timedelta(seconds=min(int(value.strip()), 10**7))
    return None


def broken(error: Exception, secret: str) -> Outcome:
    """The outcome of a connection that gave no answer.

    Until there is a connection nothing was posted. After that the post may have been taken, whatever broke: slack_sdk's
    own retry would post twice here (measured).
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return Outcome("bad_credential", "tls", "TLS with Slack failed, nothing was sent; check address and cafile")
    detail = type(error).__name__ + (f": {error}" if str(error) else "")
    detail = detail.replace(secret, "***")[:300]
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Outcome("transient", "unreachable", f"Slack could not be reached: {detail}")
    if isinstance(error, aiohttp.InvalidURL):
        return Outcome("bad_credential", "address", "the address of Slack is not a URL; check the configuration")
    code = "timeout" if isinstance(error, TimeoutError) else "cut"
    return Outcome("ambiguous", code, f"the connection ended before Slack answered: {detail}")


def session(timeout: timedelta) -> aiohttp.ClientSession:
    """One per message. `connect` is shorter than the whole, so that a slow connection is told from a slow answer."""
    seconds = timeout.total_seconds()
    # trust_env: HTTPS_PROXY is honoured as by any client, and so is NO_PROXY, which the SDK's own reading ignores.
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds, connect=seconds / 2), trust_env=True)


def trusted(cafile: Path | None) -> ssl.SSLContext:
    """Verification by the system's authorities, or by `cafile` alone."""
    return ssl.create_default_context(cafile=str(cafile) if cafile else None)


def content(delivery: Delivery) -> dict[str, Any]:
    """The stored JSON as a new dict."""
    loaded = json.loads(delivery.payload)
    assert isinstance(loaded, dict)
    return loaded


def text_only(body: Mapping[str, Any]) -> dict[str, Any]:
    """The message without what Slack can find fault with: the fallback text, and the id to know it by."""
    return {name: value for name, value in body.items() if name != "blocks"}


FAULTS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What a broken connection raises; anything else is a programming error."""
