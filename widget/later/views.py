"""Messages of an open chat that go out later: listed, written, changed, sent now, taken back."""

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from widget.chats.context import (
    chat_of,
    chat_to_change,
    drawn_with,
    open_typed_number,
    question_before,
    refuse_unlinked,
)
from widget.chats.sending import MAX_TEXT, refuse_unfilled, signature, typed_text
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, maybe_text_field, text_field
from widget.later.times import LONGEST, MORNING, at_wall, is_night, moment_of
from widget.later.work import send_as
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.scheduled import Scheduled

pages = Blueprint("later", __name__, url_prefix="/chats")

HOUR = 3600.0
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


@pages.before_request
def keep_typed_numbers_apart() -> None:
    """As for every other view of a chat: what sends reads the whole chat first, now or when it is due."""
    body = request.get_json(silent=True)
    takes_back = isinstance(body, dict) and body.get("do") == "remove"
    open_typed_number(current_session(), shows=request.method == "POST" and not takes_back)


@pages.get("/<int:chat_id>/later")
def list_later(chat_id: int) -> ResponseReturnValue:
    """The bubbles of what goes out later in this chat. One query."""
    context, _line, chat = chat_of(chat_id)
    return drawn(context, chat)


@pages.post("/<int:chat_id>/later")
def send_later(chat_id: int) -> ResponseReturnValue:
    """Keep a text until `when`: «morning», «hour», or a time like 2027-01-15T10:30 on the client's clock (the
    employee's where that is not known). 422 with the reason where that is night, past, or too far away."""
    body = json_body()
    key, when = text_field(body, "key", longest=64), text_field(body, "when", longest=20)
    text = typed_text(text_field(body, "text", longest=MAX_TEXT + 2000))
    context, line, chat = chat_to_change(chat_id)
    here, who = services(), context.viewer
    _check(text, who.name)
    if ":" in key or here.storage.sends.by_key(chat.portal_id, key):
        raise Refused(ErrorCode.BAD_FORM, 409, "send key was used")
    due_at, wall = _due(context, chat, when)
    here.saw(chat.portal_id, who)
    message = Scheduled(
        *(chat.portal_id, line.id, chat.id, key, who.user_id, who.name[:120], text, due_at, here.clock(), wall),
        typed=context.is_typed,
        entity_type_id=context.session.entity_type_id,
        entity_id=context.session.entity_id,
    )
    if not here.storage.scheduled.add(message, per_hour=context.portal.later_per_hour):
        raise _full(context)
    return drawn(context, chat), 201


@pages.post("/<int:chat_id>/later/<int:later_id>")
def change_later(chat_id: int, later_id: int) -> ResponseReturnValue:
    """`do`: «change» (a `text`, a `when`, or both), «now», or «remove». For its author and administrators."""
    body = json_body()
    do, confirmed = text_field(body, "do", longest=10), flag_field(body, "confirmed")
    text, when = maybe_text_field(body, "text", longest=MAX_TEXT + 2000), maybe_text_field(body, "when", longest=20)
    context, line, chat = chat_of(chat_id)
    message = _theirs(context, chat, later_id)
    if do != "remove":
        refuse_unlinked(line, None)
    stored = services().storage.scheduled
    if services().storage.sends.by_key(chat.portal_id, message.send_key):  # by a worker that did not live to say so
        stored.remove(message, busy=True)
        raise Refused(ErrorCode.LATER_BUSY)
    if do == "remove":
        _changed(stored.remove(message))
    elif do == "now":
        asked = _now(context, line, chat, message, confirmed=confirmed)
        if asked:
            return asked
    elif do == "change":
        words = typed_text(text) or message.text
        _check(words, message.user_name)
        due_at, wall = _due(context, chat, when) if when else (message.due_at, message.wall)
        if due_at <= context.now:
            raise Refused(ErrorCode.LATER_TIME, reason="past")
        per_hour = context.portal.later_per_hour
        if not stored.change(message, text=words, due_at=due_at, wall=wall, per_hour=per_hour):
            raise _full(context)
    else:
        raise Refused(ErrorCode.BAD_FORM, 422, "do")
    return drawn(context, chat)


def drawn(context: CardContext, chat: Chat) -> str:
    """All of the chat, the next one first; their own where a typed number is all that brought the user here. `zone` is
    the one that times are read in."""
    messages = services().storage.scheduled.of_chat(chat.portal_id, chat.id)
    if context.is_typed:
        messages = [message for message in messages if message.user_id == context.viewer.user_id]
    may = {message.id for message in messages if _may_change(context, message)}
    return render_template(
        "later/_list.html", messages=messages, may=may, client_zone=_zone(context, chat), **drawn_with(chat)
    )


def _now(context: CardContext, line: Line, chat: Chat, message: Scheduled, *, confirmed: bool) -> Response | None:
    """Send it at once, after the questions that any message is asked with."""
    here = services()
    asked = None if confirmed else question_before(context, chat, message.text)
    if asked:
        return asked
    if not here.storage.scheduled.take(message):
        raise Refused(ErrorCode.LATER_BUSY)
    chosen = here.storage.settings.of(message.portal_id, message.user_id)
    try:
        send_as(here.chats.service, line, chat, message, name=message.user_name if chosen.show_name else "")
    except Refused:
        here.storage.scheduled.release(message, asks=message.asks)
        raise
    here.storage.scheduled.remove(message, busy=True)
    return None


def _due(context: CardContext, chat: Chat, when: str) -> tuple[float, str]:
    """When it is due (unix seconds), and the time on the client's clock that is meant, "" for a moment. Raises
    Refused."""
    zones = context.phone_of(chat.client).facts.zones
    due: float | None
    wall = ""
    if when == "morning":
        due, wall = at_wall(zones, MORNING, context.now, context.hours), MORNING
    elif when == "hour":
        due = context.now + HOUR
    elif _MOMENT.fullmatch(when):
        due = _typed_moment(context, chat, when)
    else:
        raise Refused(ErrorCode.BAD_FORM, 422, "when")
    if due is None or not context.now < due <= context.now + LONGEST:
        raise Refused(ErrorCode.LATER_TIME, reason="past or far")
    if is_night(zones, due, context.hours):
        raise Refused(ErrorCode.LATER_NIGHT)
    return due, wall


def _typed_moment(context: CardContext, chat: Chat, when: str) -> float | None:
    try:
        typed = datetime.fromisoformat(when)
        return moment_of(typed.date(), time(typed.hour, typed.minute), ZoneInfo(_zone(context, chat) or "UTC"))
    except (ValueError, OverflowError):
        return None


def _zone(context: CardContext, chat: Chat) -> str:
    """The client's zone where their number has one, else the employee's."""
    local = context.local(context.phone_of(chat.client))
    if local and local.certain:
        return str(local.earliest.tzinfo)
    return context.zone


def _check(text: str, name: str) -> None:
    if not text or len(signature(name) + text) > MAX_TEXT:
        raise Refused(ErrorCode.BAD_FORM, reason="text length")
    refuse_unfilled(text)


def _theirs(context: CardContext, chat: Chat, later_id: int) -> Scheduled:
    message = services().storage.scheduled.get(chat.portal_id, later_id)
    if message is None or message.chat_id != chat.id or not _may_change(context, message):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "scheduled message")
    return message


def _may_change(context: CardContext, message: Scheduled) -> bool:
    return context.viewer.admin or context.viewer.user_id == message.user_id


def _changed(done: bool) -> None:
    if not done:
        raise Refused(ErrorCode.LATER_BUSY)


def _full(context: CardContext) -> Refused:
    return Refused(ErrorCode.LATER_FULL, about=str(context.portal.later_per_hour))
