"""The one entry by which the rest of the code knows a vendor. Its words for the settings page are
in templates/gateways/<name>/words.html, and all else that is the vendor's own is in its folder
here."""

from dataclasses import dataclass
from typing import Protocol

from widget.gateways.base import Capabilities, Gateway, Webhooks
from widget.gateways.calls import Calls


class Opens(Protocol):
    """An adapter of one line, from its fields. No call."""

    def __call__(self, calls: Calls, *, session: str, key: str) -> Gateway: ...


@dataclass(frozen=True)
class GatewayKind:
    """`name` is stored with a line; `home` is how it ends the id of a phone. The examples stand in
    the form for a new line, whose fields are an address, a session and a key."""

    name: str
    title: str
    home: str
    capabilities: Capabilities
    open: Opens
    webhooks: Webhooks
    address_example: str
    session_example: str
    session_is_number: bool = False
    restarts_for_reports: bool = False  # a line is away for some seconds when it is told where to report
