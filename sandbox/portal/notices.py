"""Notices of applications to employees: im.notify.* (b24restdocs: chats/notifications/*.md)."""

from typing import Any

from .asked import Asked, Method, text_of
from .batch import Answer
from .errors import RestError


def _add(asked: Asked) -> Answer:
    """A notice of a tag that is there already takes its place."""
    params = asked.upper()
    user_id, message, tag = (str(params.get(name) or "") for name in ("USER_ID", "MESSAGE", "TAG"))
    if not user_id.isdigit() or not int(user_id):
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    if not message:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    kept = [each for each in asked.state.notices if not tag or each["tag"] != tag]
    notice: dict[str, Any] = {"id": asked.state.next_id(), "user": int(user_id), "message": message, "tag": tag}
    asked.state.notices = [*kept, notice]
    return Answer(notice["id"])


def _delete(asked: Asked) -> Answer:
    tag = text_of(asked.upper(), "TAG")
    asked.state.notices = [each for each in asked.state.notices if each["tag"] != tag]
    return Answer(True)


METHODS: dict[str, Method] = {
    "im.notify.personal.add": _add,
    "im.notify.system.add": _add,
    "im.notify.delete": _delete,
}
