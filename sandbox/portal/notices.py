"""Notices of applications: im.notify.system.add, im.notify.delete (b24restdocs: chats/notifications/*.md)."""

from typing import Any

from .asked import Asked, Method, text_of
from .batch import Answer
from .errors import RestError


def _add(asked: Asked) -> Answer:
    """A notice of a tag that is there already takes its place."""
    params = asked.upper()
    user_id, message, tag = int(params.get("USER_ID") or 0), text_of(params, "MESSAGE"), str(params.get("TAG") or "")
    if not user_id:
        raise RestError("USER_ID_EMPTY", "User ID isn't specified")
    kept = [each for each in asked.state.notices if not tag or each["tag"] != tag]
    notice: dict[str, Any] = {"id": asked.state.next_id(), "user": user_id, "message": message, "tag": tag}
    asked.state.notices = [*kept, notice]
    return Answer(notice["id"])


def _delete(asked: Asked) -> Answer:
    tag = text_of(asked.upper(), "TAG")
    asked.state.notices = [each for each in asked.state.notices if each["tag"] != tag]
    return Answer(True)


METHODS: dict[str, Method] = {"im.notify.system.add": _add, "im.notify.delete": _delete}
