"""imconnector.*: what an application's connector asks.

Server module imconnector, lib/rest/ and lib/provider/base/input.php;
b24restdocs: api-reference/imopenlines/imconnector.
"""

import contextlib
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from ..asked import Asked, Method, rows_of, text_of
from ..batch import Answer
from ..errors import RestError
from ..php import is_truthy
from ..state import SandboxPortalState
from .model import ClientUser, Connector, LineChat, Link
from .sessions import Centre, Incoming, client_of

FLAGS = (
    *("DEL_EXTERNAL_MESSAGES", "EDIT_INTERNAL_MESSAGES", "DEL_INTERNAL_MESSAGES", "NEWSLETTER"),
    *("NEED_SYSTEM_MESSAGES", "NEED_SIGNATURE", "CHAT_GROUP"),
)
MAX_FILE_NAME = 50  # of a name the last characters are kept
FETCH_SECONDS = 60.0


def _register(asked: Asked) -> Answer:
    """A refusal is a success of HTTP with `result: false`. Flags that are not JSON booleans are not
    looked at."""
    params = asked.upper()
    connector_id = str(params.get("ID") or "").lower()
    icon = params.get("ICON")
    lacking = {
        "CONNECTOR_ID_REQUIRED": not connector_id or "." in connector_id,
        "NAME_REQUIRED": not params.get("NAME"),
        "ICON_REQUIRED": not isinstance(icon, dict) or not str(icon.get("DATA_IMAGE") or "").startswith("data:image"),
        "PLACEMENT_HANDLER_REQUIRED": not re.match(r"https?://", str(params.get("PLACEMENT_HANDLER") or "")),
    }
    wrong = next((code for code, is_lacking in lacking.items() if is_lacking), "")
    if wrong:
        return Answer({"result": False, "error": wrong, "error_description": wrong})
    flags = {name: params[name] if isinstance(params.get(name), bool) else True for name in FLAGS}
    made = Connector(connector_id, str(params["NAME"]), str(params["PLACEMENT_HANDLER"]), flags)
    asked.state.centre.connectors[connector_id] = made
    return Answer({"result": True})


def _unregister(asked: Asked) -> Answer:
    connector_id = text_of(asked.upper(), "ID").lower()
    if asked.state.centre.connectors.pop(connector_id, None) is None:
        return Answer({"result": False, "error": "CONNECTOR_NOT_FOUND", "error_description": "CONNECTOR_NOT_FOUND"})
    links = asked.state.centre.links
    for key in [key for key in links if key[0] == connector_id]:
        del links[key]
    return Answer({"result": True})


def _list(asked: Asked) -> Answer:
    return Answer({each.id: each.name for each in asked.state.centre.connectors.values()} | {"livechat": "Онлайн-чат"})


def _activate(asked: Asked) -> Answer:
    """Off forgets what was set with it: data.set must be repeated after the next on."""
    connector_id, line, centre = *_of_line(asked), asked.state.centre
    if is_truthy(asked.upper().get("ACTIVE")):
        link = centre.links.setdefault((connector_id, line), Link())
        link.active, link.error = True, False
    else:
        centre.links.pop((connector_id, line), None)
    return Answer(True)


def _set_data(asked: Asked) -> Answer:
    connector_id, line = _of_line(asked)
    data = asked.upper().get("DATA")
    if not isinstance(data, dict) or not data:
        raise RestError("ERROR_ARGUMENT", "Argument 'DATA' is null or empty", 400, {"argument": "DATA"})
    link = asked.state.centre.links.setdefault((connector_id, line), Link())
    link.data |= data
    return Answer(True)


def _status(asked: Asked) -> Answer:
    """Without LINE it is the line 0, which nothing is configured for."""
    params = asked.upper()
    connector_id = text_of(params, "CONNECTOR").lower()
    line = int(params.get("LINE") or 0)
    link = asked.state.centre.link(connector_id, line)
    told = {"ERROR": link.error, "CONFIGURED": link.configured, "STATUS": link.status}
    return Answer({"LINE": line, "CONNECTOR": connector_id, **told})


def _send(asked: Asked) -> Answer:
    """Errors of the line are the call's; a message's own failure stands in its RESULT, and HTTP
    says 200."""
    connector_id, line, told = _ready(asked)
    return _result([_one_sent(asked, connector_id, line, one) for one in told])


def _one_sent(asked: Asked, connector_id: str, line: int, told: dict[str, Any]) -> dict[str, Any]:
    message = told["message"]
    text, files = str(message.get("text") or ""), rows_of(message.get("files"))
    if not text and not files:
        return _failed(told, "IMCONNECTOR_NOT_ALL_THE_REQUIRED_DATA")
    if asked.state.centre.refuse > 0:
        asked.state.centre.refuse -= 1
        return _failed(told, "IMOPENLINES_ERROR_LOAD_SESSION")
    client = client_of(asked.state, told["user"])
    chat = _chat(asked.state, connector_id, line, told, client)
    author = int(message["user_id"]) if "user_id" in message else None
    incoming = Incoming(
        text, str(message.get("id") or ""), [_fetched(asked.state, one) for one in files], author, client.phone
    )
    Centre(asked.portals, asked.state).receive(chat, incoming)
    session, centre = chat.session, asked.state.centre
    if centre.bare > 0 or session is None:  # the message is there all the same
        centre.bare = max(centre.bare - 1, 0)
        return _echo(told, client)
    return _echo(told, client) | {"session": {"ID": str(session.id), "CHAT_ID": str(chat.id)}}


def _update(asked: Asked) -> Answer:
    """Answers yes even for a message that is not there; the client becomes known all the same."""
    connector_id, line, told = _ready(asked)
    for one in told:
        for message in _named(asked.state, connector_id, line, one):
            message.text, message.edited = str(one["message"].get("text") or ""), True
    return _result([_echo(one, client_of(asked.state, one["user"])) for one in told])


def _delete(asked: Asked) -> Answer:
    connector_id, line, told = _ready(asked)
    if asked.state.centre.connectors[connector_id].flags["DEL_EXTERNAL_MESSAGES"]:
        for one in told:
            for message in _named(asked.state, connector_id, line, one):
                message.deleted = True
    return _result([_echo(one, client_of(asked.state, one["user"])) for one in told])


def _delivered(asked: Asked) -> Answer:
    """Ends the spinner. What the connector calls the message is kept the first time only."""
    _connector_id, _line, told = _ready(asked)
    for one in told:
        named = one.get("im") or {}
        chat = asked.state.centre.chats.get(int(named.get("chat_id") or 0))
        message = chat.message(int(named.get("message_id") or 0)) if chat else None
        if message:
            message.sending = False
            message.outside = message.outside or [str(each) for each in rows_of(one["message"].get("id"))]
    return Answer({"SUCCESS": True, "DATA": []})


def _rename(asked: Asked) -> Answer:
    """Rename the chat while a session is open; for an unknown client it answers yes and renames
    nothing."""
    params = asked.upper()
    connector_id, line = _of_line(asked)
    outside, name = text_of(params, "CHAT_ID"), text_of(params, "NAME")
    client = asked.state.centre.clients.get(str(params.get("USER_ID") or ""))
    if client:
        chat = asked.state.centre.chat_of(connector_id, line, outside, client.id)
        if chat is None or chat.session is None:
            raise RestError("CHAT_RENAMING_FAILED", "Chat renaming failed")
        chat.name = name
    return _result([])


def _ready(asked: Asked) -> tuple[str, int, list[dict[str, Any]]]:
    connector_id, line = _of_line(asked)
    found = asked.state.centre.lines.get(line)
    if found is None or not found.active or not asked.state.centre.link(connector_id, line).status:
        raise RestError("NOT_ACTIVE_LINE", "Линия с таким ID неактивна или не существует")
    messages = [one for one in rows_of(asked.upper().get("MESSAGES")) if isinstance(one, dict)]
    if not messages:
        raise RestError("ERROR_ARGUMENT", "Argument 'MESSAGES' is null or empty", 400, {"argument": "MESSAGES"})
    return connector_id, line, messages


def _of_line(asked: Asked) -> tuple[str, int]:
    params = asked.upper()
    connector_id = text_of(params, "CONNECTOR").lower()
    if not str(params.get("LINE") or "").isdigit():
        raise RestError("ERROR_ARGUMENT", "Argument 'LINE' is null or empty", 400, {"argument": "LINE"})
    if connector_id not in asked.state.centre.connectors:
        raise RestError("IMCONNECTOR_NO_CORRECT_PROVIDER", "Не удалось найти подходящий провайдер для коннектора")
    return connector_id, int(params["LINE"])


def _chat(
    state: SandboxPortalState, connector_id: str, line: int, told: dict[str, Any], client: ClientUser
) -> LineChat:  # fmt: skip
    outside = str(told["chat"]["id"])
    known = state.centre.chat_of(connector_id, line, outside, client.id)
    if known is None:
        name = f"{client.name} {client.last_name}".strip()
        known = LineChat(
            state.next_id(), connector_id, line, outside, client, f"{name} – {state.centre.lines[line].name}"
        )
        state.centre.chats[known.id] = known
    return known


def _named(state: SandboxPortalState, connector_id: str, line: int, told: dict[str, Any]) -> Iterator[Any]:
    client = client_of(state, told["user"])
    chat = state.centre.chat_of(connector_id, line, str(told["chat"]["id"]), client.id)
    for message in chat.messages if chat else ():
        if str(told["message"]["id"]) in message.outside and not message.deleted:
            yield message


def _fetched(state: SandboxPortalState, told: dict[str, Any]) -> dict[str, Any]:
    """The portal fetches a file itself, with no headers; what it cannot fetch stands as [FILE]."""
    name = str(told.get("name") or "file")[-MAX_FILE_NAME:]
    try:
        with urllib.request.urlopen(str(told.get("url")), timeout=FETCH_SECONDS) as answer:
            body: bytes = answer.read()
    except (OSError, ValueError, urllib.error.URLError):
        return {"name": name, "size": 0, "missing": True}
    return {"id": state.next_id(), "name": name, "size": len(body), "type": answer.headers.get_content_maintype()}


def _failed(told: dict[str, Any], code: str) -> dict[str, Any]:
    return {**_echo(told, None), "SUCCESS": False, "ERRORS": [code]}


def _echo(told: dict[str, Any], client: ClientUser | None) -> dict[str, Any]:
    """The message comes back, with the portal's own id of its client."""
    return {"user": str(client.id) if client else "", "message": told["message"], "chat": told["chat"], "SUCCESS": True}


def _result(rows: list[dict[str, Any]]) -> Answer:
    return Answer({"SUCCESS": True, "DATA": {"RESULT": rows}})


@contextlib.contextmanager
def taking_turns(state: SandboxPortalState, method: str, params: dict[str, Any]) -> Iterator[None]:
    """Two calls at once for one USER_CODE wait for each other's lock (addMessage): that is
    noted."""
    codes = []
    if method == "imconnector.send.messages":
        for one in rows_of(params.get("MESSAGES")):
            codes.append(f"{params.get('LINE')}|{one.get('chat')}" if isinstance(one, dict) else "")
    state.centre.collisions += any(code in state.centre.in_flight for code in codes)
    state.centre.in_flight += codes
    try:
        yield
    finally:
        for code in codes:
            state.centre.in_flight.remove(code)


METHODS: dict[str, Method] = {
    "imconnector.register": _register,
    "imconnector.unregister": _unregister,
    "imconnector.list": _list,
    "imconnector.activate": _activate,
    "imconnector.connector.data.set": _set_data,
    "imconnector.status": _status,
    "imconnector.send.messages": _send,
    "imconnector.update.messages": _update,
    "imconnector.delete.messages": _delete,
    "imconnector.send.status.delivery": _delivered,
    "imconnector.send.status.reading": lambda asked: (_ready(asked), Answer({"SUCCESS": True, "DATA": []}))[1],
    "imconnector.chat.name.set": _rename,
}
