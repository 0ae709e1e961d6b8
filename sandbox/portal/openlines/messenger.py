"""im.*: what an employee does in the messenger with a chat of a line.

b24restdocs: api-reference/chats; server module im, classes/general/im_rest.php; module imopenlines,
lib/connector.php (onBeforeMessageSend, onMessageSend).
"""

from typing import Any

from ..asked import Asked, Method
from ..batch import Answer
from ..errors import RestError
from .model import LineChat
from .sessions import Centre


def _find(asked: Asked) -> Answer:
    """The chat of an entity without asking who may see it; null where there is none."""
    params = asked.upper()
    if params.get("ENTITY_TYPE") != "LINES":
        return Answer(None)
    code = str(params.get("ENTITY_ID") or "")
    found = next((one for one in asked.state.centre.chats.values() if one.user_code == code), None)
    return Answer({"ID": found.id} if found else None)


def _add(asked: Asked) -> Answer:
    """In a chat of a line it goes to the client, unless it is the system's or skips the
    connector."""
    params = asked.upper()
    text = str(params.get("MESSAGE") or "")
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    chat, centre = _chat_of_member(asked, params), Centre(asked.portals, asked.state)
    skip = params.get("SKIP_CONNECTOR") == "Y"
    if params.get("SYSTEM") == "Y":
        return Answer(centre.say(chat, asked.user, text, skip=True).id)
    line = asked.state.centre.lines[chat.line]
    if not skip and not (line.active and asked.state.centre.link(chat.connector, chat.line).status):
        raise RestError("CANCELED", "Сообщение не отправлено: канал не подключён")
    return Answer(centre.say(chat, asked.user, text, template=str(params.get("TEMPLATE_ID") or ""), skip=skip).id)


def _update(asked: Asked) -> Answer:
    chat, message = _own(asked)
    Centre(asked.portals, asked.state).change(chat, message, str(asked.upper().get("MESSAGE") or ""))
    return Answer(True)


def _delete(asked: Asked) -> Answer:
    chat, message = _own(asked)
    Centre(asked.portals, asked.state).delete(chat, message)
    return Answer(True)


def _chat_of_member(asked: Asked, params: dict[str, Any]) -> LineChat:
    number = str(params.get("DIALOG_ID") or "").removeprefix("chat")
    chat = asked.state.centre.chats.get(int(number)) if number.isdigit() else None
    if chat is None or asked.user.id not in chat.members:
        raise RestError("ACCESS_ERROR", "You do not have access to the specified dialog")
    return chat


def _own(asked: Asked) -> tuple[LineChat, Any]:
    number = int(asked.upper().get("MESSAGE_ID") or asked.upper().get("ID") or 0)
    for chat in asked.state.centre.chats.values():
        message = chat.message(number)
        if message and message.author == asked.user.id:
            return chat, message
    raise RestError("CANT_EDIT_MESSAGE", "Time has expired for modification or you don't have access")


METHODS: dict[str, Method] = {
    "im.chat.get": _find,
    "im.message.add": _add,
    "im.message.update": _update,
    "im.message.delete": _delete,
}
