"""Previews of links: a gateway that makes one fetches the page itself, for each sender's links, and
puts its picture up at WhatsApp. Every protocol's does so unless a send says otherwise
(linkPreview)."""

import re
from typing import Any

from sandbox.gateway.state import GatewayState

LINK = re.compile(r"https?://\S+")


def preview(state: GatewayState, text: str, wanted: Any) -> None:
    """Fetch what the text links to, unless that is not `wanted`."""
    if wanted is not False and LINK.search(text):
        state.heard("preview", 1)
