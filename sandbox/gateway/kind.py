"""What the gateway knows of a vendor's protocol: one entry in each folder."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response

from sandbox.gateway.state import GatewayState
from sandbox.gateway.webhooks import Postman


@dataclass(frozen=True)
class SandboxKind:
    """`start` makes it listen to the state: reports are posted, what waits goes out; its last
    argument is how many seconds the vendor's waits take here, where real ones take five. `is_asked`
    says whether this request, for which there is no page, means this protocol, and `no_such_page`
    is what it answers then."""

    name: str
    title: str
    pages: tuple[Blueprint, ...]
    start: Callable[[GatewayState, Postman, float], object]
    is_asked: Callable[[], bool]
    no_such_page: Callable[[], Response]
