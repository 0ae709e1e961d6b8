"""The parts of a session's configuration that are ours (waha-docs: how-to/sessions, how-to/events,
engines/noweb)."""

from typing import Any

from widget.gateways.base import GatewayError, GatewayErrorCode
from widget.untrusted import as_dict

# WEBJS sends acks only where its own webjs.tagsEventsOn is set (devlikeapro/waha#1311); that is
# left to its owner.
EVENTS = ("message.any", "message.ack", "message.reaction", "message.edited", "message.revoked", "session.status")
# Half an hour in all. Neither the default nor what counts as delivered is documented.
RETRIES = {"policy": "exponential", "delaySeconds": 2, "attempts": 10}


def with_webhook(config: Any, url: str, secret: str) -> dict[str, Any]:
    """A session's configuration with our webhook in it and all else as it was. Raises GatewayError
    for one that cannot be read: writing it back would throw away what it says."""
    if config is None:
        config = {}
    hooks = config.get("webhooks") if isinstance(config, dict) else config
    if not isinstance(config, dict) or not isinstance(hooks, list | None):
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
    others = [hook for hook in hooks or [] if as_dict(hook).get("url") != url]
    ours = {"url": url, "events": list(EVENTS), "hmac": {"key": secret}, "retries": RETRIES}
    return {**config, "webhooks": [*others, ours]}


def with_store(config: Any) -> dict[str, Any]:
    """A session's configuration that makes NOWEB keep messages, and all else as it was. Raises
    GatewayError for one that cannot be read."""
    config = {} if config is None else config
    noweb = config.get("noweb") if isinstance(config, dict) else config
    store = noweb.get("store") if isinstance(noweb, dict) else noweb
    if not isinstance(config, dict) or not isinstance(noweb, dict | None) or not isinstance(store, dict | None):
        raise GatewayError(GatewayErrorCode.BROKEN_ANSWER)
    kept = {"fullSync": False, **(store or {}), "enabled": True}
    return {**config, "noweb": {**(noweb or {}), "store": kept}}
