"""What the views of every protocol work with."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from sandbox.control import Control, InjectedFault
from sandbox.gateway.state import GatewayState
from sandbox.gateway.webhooks import Postman


@dataclass(frozen=True)
class GatewayContext:
    """What the views work with; `patience` is how long a gateway waits for a line to become ready,
    `postman` delivers the webhooks of every protocol."""

    state: GatewayState
    control: Control
    patience: float
    postman: Postman


def here() -> GatewayContext:
    return cast(GatewayContext, current_app.extensions["gateway"])


def fault_now() -> InjectedFault | None:
    """The fault of this request, for the views that misbehave in the middle of the work."""
    return cast("InjectedFault | None", g.fault)
