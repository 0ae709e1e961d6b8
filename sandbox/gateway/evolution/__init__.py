"""Evolution's wire protocol (EvolutionAPI/evolution-api, 2.3.6).

`guards.py` is what stands before every endpoint, `wire.py` how things look, `hooks.py` what is
reported.
"""

from flask import request

from sandbox.gateway.evolution import chats, checks, control_api, instances, messages, sending, webhook
from sandbox.gateway.evolution.hooks import Reporter
from sandbox.gateway.evolution.refusals import no_such_route
from sandbox.gateway.kind import SandboxKind

KIND = SandboxKind(
    name="evolution",
    title="Evolution API",
    pages=tuple(room.pages for room in (instances, checks, chats, messages, sending, webhook, control_api)),
    start=lambda state, postman, patience: state.listeners.append(Reporter(state, postman, patience)),
    is_asked=lambda: request.path.startswith(("/instance/", "/chat/", "/message/", "/webhook/")),
    no_such_page=lambda: no_such_route(request.method, request.path).response(),
)
