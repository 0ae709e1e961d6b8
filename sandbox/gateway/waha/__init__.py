"""WAHA's endpoints, a file for each group of its documentation; `reports.py` are its webhooks,
`engines.py` what each of its engines makes of a message."""

from flask import Response, request

from sandbox.gateway.kind import SandboxKind
from sandbox.gateway.waha import changing, chats, contacts, files, messages, sending, sessions
from sandbox.gateway.waha.refusals import not_found
from sandbox.gateway.waha.reports import Reports


def _no_such_page() -> Response:
    return not_found(f"Cannot {request.method} {request.path}").response()


KIND = SandboxKind(
    name="waha",
    title="WAHA",
    pages=tuple(room.pages for room in (sessions, contacts, chats, messages, sending, changing, files)),
    start=lambda state, postman, _patience: Reports(state, postman),
    is_asked=lambda: request.path.startswith("/api/"),
    no_such_page=_no_such_page,
)
