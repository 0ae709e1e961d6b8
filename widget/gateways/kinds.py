"""Which kinds of gateways there are. Another one is a folder like these, and a line here."""

from widget.gateways import evolution, green, waha
from widget.gateways.base import Capabilities
from widget.gateways.kind import GatewayKind

# the first is usual
KINDS: dict[str, GatewayKind] = {kind.name: kind for kind in (waha.KIND, evolution.KIND, green.KIND)}


def capabilities_of(kind: str) -> Capabilities:
    """What lines of this kind can do; no call, and no line needed."""
    return KINDS[kind].capabilities
