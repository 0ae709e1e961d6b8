"""Evolution's wire protocol, over the same world and at the same port as WAHA's (EvolutionAPI/evolution-api, 2.3.6).

`door.py` is what stands before every endpoint, `wire.py` how things look, `hooks.py` what is reported.
"""

from flask import request

from sandbox.gateway.evolution import chats, checks, instances, messages, sending, steering, webhook
from sandbox.gateway.evolution.hooks import Reporter
from sandbox.gateway.evolution.refusals import no_such_route
from sandbox.gateway.refusals import Refusal

__all__ = ["ROOMS", "Reporter", "is_asked", "no_such_page"]

ROOMS = tuple(room.pages for room in (instances, checks, chats, messages, sending, webhook, steering))


def is_asked() -> bool:
    """Whether this request means Evolution and not another protocol of this port."""
    return request.path.startswith(("/instance/", "/chat/", "/message/", "/webhook/"))


def no_such_page() -> Refusal:
    return no_such_route(request.method, request.path)
