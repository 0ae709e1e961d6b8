"""imopenlines.*: lines, their chats and sessions, and what an operator may do.

b24restdocs: api-reference/imopenlines/openlines; server module imopenlines, lib/rest.php.
"""

from datetime import UTC, datetime
from typing import Any

from ..asked import Asked, Method
from ..batch import Answer
from ..crm import may_read
from ..errors import RestError
from ..items import COMPANY, CONTACT, DEAL, LEAD
from ..php import php_int
from .model import LineChat, LineMessage, Status
from .sessions import Centre, may_join

KINDS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
BOUND = (("LEAD", LEAD), ("COMPANY", COMPANY), ("CONTACT", CONTACT), ("DEAL", DEAL))


def _configs(asked: Asked) -> Answer:
    options = asked.upper().get("OPTIONS")
    rows = []
    for line in asked.state.centre.lines.values():
        row: dict[str, Any] = {"ID": str(line.id), "LINE_NAME": line.name, "ACTIVE": "Y" if line.active else "N"}
        if isinstance(options, dict) and options.get("QUEUE") == "Y":
            row["QUEUE"] = list(line.queue)
        rows.append(row)
    return Answer(rows)


def _config(asked: Asked) -> Answer:
    line = asked.state.centre.lines.get(int(asked.upper().get("CONFIG_ID") or 0))
    if line is None:
        raise RestError("ERROR_CONFIG_ID", "Config not found")
    about = {"ID": str(line.id), "LINE_NAME": line.name, "ACTIVE": "Y" if line.active else "N"}
    return Answer({**about, **line.config, "QUEUE": [str(each) for each in line.queue]})


def _dialog(asked: Asked) -> Answer:
    chat = _found(asked)
    if chat is None or not may_join(asked.state, chat, asked.user):
        raise RestError("ACCESS_ERROR", "You do not have access to the specified dialog")
    session = chat.session or (chat.sessions[-1] if chat.sessions else None)
    bound = "|".join(f"{name}|{chat.bindings.get(kind, 0)}" for name, kind in BOUND)
    kind, item_id = next(iter(chat.bindings.items()), (0, 0))
    named = next((name for name, number in BOUND if number == kind), "NONE")
    about = f"{'Y' if item_id else 'N'}|{named}|{item_id}|N|N|{session.id if session else 0}|0|0|0|0"
    return Answer({
        "id": chat.id,
        "name": chat.name,
        "owner": chat.owner,
        "type": "lines",
        "entity_type": "LINES",
        "entity_id": chat.user_code,
        "entity_data_1": about,
        "entity_data_2": bound,
        "last_message_id": chat.messages[-1].id if chat.messages else 0,
        "message_type": "L",
        "dialog_id": f"chat{chat.id}",
    })  # fmt: skip


def _history(asked: Asked) -> Answer:
    """What was written during one session: the newest of a chat, or the one that is named. Keys in
    camelCase, ids as texts. A deleted message stays without its words."""
    params = asked.upper()
    by_session = int(params.get("SESSION_ID") or 0)
    chats = asked.state.centre.chats.values()
    chat = (
        next((one for one in chats if any(each.id == by_session for each in one.sessions)), None)
        if by_session
        else asked.state.centre.chats.get(int(params.get("CHAT_ID") or 0))
    )
    if chat is None or not may_join(asked.state, chat, asked.user):
        raise RestError("ACCESS_DENIED", "You do not have access to the specified dialog", 403)
    session = by_session or (chat.sessions[-1].id if chat.sessions else 0)
    during = [one for one in chat.messages if one.session == session]
    messages = {str(one.id): _row(chat, one) for one in during}
    files = {str(file["id"]): _file(file) for one in during for file in one.files if "id" in file}
    return Answer({
        "chatId": chat.id,
        "sessionId": session,
        "message": messages or [],
        "users": [],
        "files": files or [],
        "chat": {str(chat.id): {"id": str(chat.id), "owner": str(chat.owner), "entityType": "LINES"}},
    })  # fmt: skip


def _row(chat: LineChat, message: LineMessage) -> dict[str, Any]:
    """SENDING is set while a message waits for its delivery; what does not go out has the mark of a
    hidden one (imopenlines, lib/connector.php, onMessageSend)."""
    known: dict[str, Any] = {}
    if message.outside:
        known["connectorMid"] = list(message.outside)
    if message.sending:
        known |= {"sending": "Y", "sendingTs": str(int(message.at))}
    if message.hidden:
        known |= {"class": "bx-messenger-content-item-system", "componentId": "HiddenMessage"}
    known |= {name: "Y" for name, so in (("isDeleted", message.deleted), ("isEdited", message.edited)) if so}
    files = [file["id"] for file in message.files if "id" in file]
    if files:
        known["fileId"] = files
    return {
        "id": str(message.id),
        "chatid": str(chat.id),
        "senderid": str(message.author),
        "recipientid": f"chat{chat.id}",
        "date": datetime.fromtimestamp(message.at, UTC).isoformat(timespec="seconds"),
        "text": "" if message.deleted else message.text,
        "params": known or [],
    }


def _file(file: dict[str, Any]) -> dict[str, Any]:
    address = file.get("downloadLink", "")
    return {"id": file["id"], "name": file["name"], "size": file.get("size", 0), "urldownload": address}


def _start(asked: Asked) -> Answer:
    chat = _joinable(asked)
    Centre(asked.portals, asked.state).start(chat, asked.user)
    return Answer(True)


def _join(asked: Asked) -> Answer:
    _joinable(asked).members.add(asked.user.id)
    return Answer(True)


def _open(asked: Asked) -> Answer:
    """Only a chat that is there: none is made for a USER_CODE."""
    code = str(asked.upper().get("USER_CODE") or "").removeprefix("imol|")
    chat = next((one for one in asked.state.centre.chats.values() if one.user_code == code), None)
    if chat is None or not may_join(asked.state, chat, asked.user):
        raise RestError("ACCESS_DENIED", "Access denied", 400)
    return Answer({"chatId": chat.id})


def _intercept(asked: Asked) -> Answer:
    Centre(asked.portals, asked.state).intercept(_joinable(asked), asked.user)
    return Answer(True)


def _answer(asked: Asked) -> Answer:
    """Refusals of this one have neither a code nor a word."""
    if not Centre(asked.portals, asked.state).answer(_joinable(asked), asked.user):
        raise RestError("", "")
    return Answer(True)


def _transfer(asked: Asked) -> Answer:
    chat, params = _joinable(asked), asked.upper()
    to = str(params.get("TRANSFER_ID") or params.get("USER_ID") or params.get("QUEUE_ID") or "")
    if not to:
        raise RestError("TRANSFER_ID_EMPTY", "Queue ID or User ID can't be empty")
    if to.startswith("queue") or params.get("QUEUE_ID"):
        line = asked.state.centre.lines.get(int(to.removeprefix("queue")))
        to = str(line.queue[0]) if line and line.queue else "0"
    Centre(asked.portals, asked.state).transfer(chat, int(to))
    return Answer(True)


def _finish(status: Status) -> Method:
    def finish(asked: Asked) -> Answer:
        chat = _joinable(asked)
        if chat.owner not in (0, asked.user.id) and not asked.user.is_admin:
            raise RestError("ACCESS_DENIED", "You do not have access to the specified dialog", 403)
        Centre(asked.portals, asked.state).finish(chat, status)
        return Answer(True)

    return finish


def _chats_of_item(asked: Asked) -> Answer:
    """By default only those whose session runs and was answered; four kinds of items and no
    others."""
    params = asked.upper()
    kind, item_id = _item(params)
    found = asked.state.crm.get((kind, item_id))
    if found is None or not may_read(asked.user, found):
        raise RestError("ACCESS_DENIED", "Access denied", 403)
    running = str(params.get("ACTIVE_ONLY", "Y")) != "N"
    return Answer([
        {"CHAT_ID": str(chat.id), "CONNECTOR_ID": chat.connector, "CONNECTOR_TITLE": _title(asked, chat)}
        for chat in _bound_to(asked, kind, item_id)
        if not running or (chat.session and Status.ANSWER <= chat.session.status < Status.WAIT_CLIENT)
    ])  # fmt: skip


def _title(asked: Asked, chat: LineChat) -> str:
    known = asked.state.centre.connectors.get(chat.connector)
    return known.name if known else chat.connector


def _last_of_item(asked: Asked) -> Answer:
    chats = _bound_to(asked, *_item(asked.upper()))
    if not chats:
        raise RestError("CRM_CHAT_EMPTY_CRM_DATA", "No chat found")
    return Answer(max(chat.id for chat in chats))


def _add_user(asked: Asked) -> Answer:
    params = asked.upper()
    chats = _bound_to(asked, *_item(params))
    wanted = [chat for chat in chats if str(chat.id) == str(params.get("CHAT_ID") or chat.id)]
    if not wanted:
        raise RestError("CHAT_NOT_IN_CRM", "The chat is not bound to this item")
    wanted[-1].members.add(int(params.get("USER_ID") or 0))
    return Answer(wanted[-1].id)


def _item(params: dict[str, Any]) -> tuple[int, int]:
    kind = KINDS.get(str(params.get("CRM_ENTITY_TYPE") or "").lower())
    if kind is None:
        raise RestError("ERROR_ARGUMENT", "CRM_ENTITY_TYPE", 400)
    return kind, php_int(params.get("CRM_ENTITY"))


def _bound_to(asked: Asked, kind: int, item_id: int) -> list[LineChat]:
    return [chat for chat in asked.state.centre.chats.values() if chat.bindings.get(kind) == item_id]


def _found(asked: Asked) -> LineChat | None:
    params = asked.upper()
    chats = asked.state.centre.chats
    if params.get("USER_CODE"):
        code = str(params["USER_CODE"]).removeprefix("imol|")
        return next((one for one in chats.values() if one.user_code == code), None)
    if params.get("SESSION_ID"):
        wanted = str(params["SESSION_ID"])
        return next((one for one in chats.values() if any(str(s.id) == wanted for s in one.sessions)), None)
    return chats.get(php_int(params.get("CHAT_ID") or str(params.get("DIALOG_ID") or "").removeprefix("chat")))


def _joinable(asked: Asked) -> LineChat:
    given = asked.upper().get("CHAT_ID")
    if not given:
        raise RestError("CHAT_ID_EMPTY", "Chat ID can't be empty")
    chat = asked.state.centre.chats.get(int(given)) if str(given).isdigit() else None
    if chat is None:
        raise RestError("CHAT_ID", "The specified chat identifier is invalid")
    if not may_join(asked.state, chat, asked.user):
        raise RestError("ACCESS_DENIED", "You do not have access to the specified dialog", 403)
    return chat


METHODS: dict[str, Method] = {
    "imopenlines.config.list.get": _configs,
    "imopenlines.config.get": _config,
    "imopenlines.dialog.get": _dialog,
    "imopenlines.session.history.get": _history,
    "imopenlines.session.start": _start,
    "imopenlines.session.join": _join,
    "imopenlines.session.open": _open,
    "imopenlines.session.intercept": _intercept,
    "imopenlines.operator.answer": _answer,
    "imopenlines.operator.transfer": _transfer,
    "imopenlines.operator.finish": _finish(Status.CLOSE),
    "imopenlines.operator.another.finish": _finish(Status.CLOSE),
    "imopenlines.operator.spam": _finish(Status.SPAM),
    "imopenlines.crm.chat.get": _chats_of_item,
    "imopenlines.crm.chat.getlastid": _last_of_item,
    "imopenlines.crm.chat.user.add": _add_user,
}
