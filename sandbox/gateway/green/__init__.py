"""GREEN-API's protocol: /waInstance<idInstance>/<method>/<apiTokenInstance>.

Imitated from green-api.com/en/docs/api and the answers of a third party's probe (401 empty, 403,
404, 466).
"""

from flask import request

from sandbox.gateway.green import account, files, journals, manual, notices, queue, sending, service
from sandbox.gateway.green.refusals import no_such_method
from sandbox.gateway.kind import SandboxKind
from sandbox.gateway.state import GatewayState
from sandbox.gateway.webhooks import Postman


def _start(state: GatewayState, postman: Postman, _patience: float) -> None:
    """Send what waits when an account can send again, and report what happens."""
    state.listeners.append(lambda happening: queue.sent_again(state, happening))
    state.listeners.append(lambda happening: notices.report(happening, state.clock(), postman))


KIND = SandboxKind(
    name="green",
    title="GREEN-API",
    pages=tuple(room.pages for room in (account, service, journals, sending, files, manual)),
    start=_start,
    is_asked=lambda: request.path.startswith("/waInstance"),
    no_such_page=lambda: no_such_method().response(),
)
