"""Messages of an open chat that go out later: listed, written, changed, sent now, taken back."""

import json
from dataclasses import astuple

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from widget.chats.context import (
    chat_of,
    chat_to_change,
    named,
    open_typed_number,
    question_before,
    refuse_unlinked,
)
from widget.chats.files import kept
from widget.chats.later_shown import later_names, may_change
from widget.chats.sending import MAX_CAPTION, MAX_TEXT, refuse_unfilled, signature, typed_text
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, maybe_text_field, text_field
from widget.gateways.kinds import capabilities_of
from widget.later.choosing import due_of
from widget.later.work import send_as
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.kept_files import MAX_FILE, KeptFile
from widget.storage.lines import Line
from widget.storage.scheduled import Room, Scheduled

pages = Blueprint("later", __name__, url_prefix="/chats")


@pages.before_request
def keep_typed_numbers_apart() -> None:
    """As for every other view of a chat: what sends reads the whole chat first, now or when it is
    due."""
    takes_back = request.is_json and json_body().get("do") == "remove"
    open_typed_number(current_session(), shows=request.method == "POST" and not takes_back)


@pages.get("/<int:chat_id>/later")
def list_later(chat_id: int) -> ResponseReturnValue:
    """The bubbles of what goes out later in this chat. Two queries."""
    context, _line, chat = chat_of(chat_id)
    return drawn(context, chat)


@pages.post("/<int:chat_id>/later")
def send_later(chat_id: int) -> ResponseReturnValue:
    """Keep a text until `when`: «morning», «hour», or a time like 2027-01-15T10:30 on the client's
    clock (the employee's where that is not known), perhaps as an answer (`reply_to`). Or a form
    with a `file` too, whose caption the text is. 422 with the reason where that is night, past, or
    too far away."""
    context, line, chat = chat_to_change(chat_id)
    given, file = _form(line) if request.mimetype == "multipart/form-data" else (json_body(), None)
    key, when = text_field(given, "key", longest=64), text_field(given, "when", longest=20)
    text = typed_text(maybe_text_field(given, "text", longest=MAX_TEXT + 2000))
    reply_to = maybe_text_field(given, "reply_to", longest=4096)
    here, who = services(), context.viewer
    check_words(text, who.name, with_file=file is not None)
    if ":" in key or here.storage.sends.by_key(chat.portal_id, key):
        raise Refused(ErrorCode.BAD_FORM, 409, "send key was used")
    due_at, wall = due_of(context, chat, when)
    here.saw(chat.portal_id, who)
    message = Scheduled(
        *(chat.portal_id, line.id, chat.id, key, who.user_id, who.name[:120], text, due_at, here.infra.clock(), wall),
        typed=context.is_typed,
        entity_type_id=context.session.entity_type_id,
        entity_id=context.session.entity_id,
        reply_to=json.dumps(astuple(named(chat, reply_to))) if reply_to else "",
    )
    room = here.storage.scheduled.add(message, per_hour=context.portal.later_per_hour, file=file)
    if room is not Room.THERE:
        raise _full(context) if room is Room.HOUR_FULL else Refused(ErrorCode.KEPT_FULL)
    return drawn(context, chat), 201


@pages.post("/<int:chat_id>/later/<int:later_id>")
def change_later(chat_id: int, later_id: int) -> ResponseReturnValue:
    """`do`: «change» (a `text`, a `when`, or both), «now», or «remove». For its author and
    administrators."""
    body = json_body()
    context, line, chat = chat_of(chat_id)
    message = services().storage.scheduled.get(chat.portal_id, later_id)
    if message is None or message.chat_id != chat.id or not may_change(context, message):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "scheduled message")
    return change(context, line, chat, message, body) or drawn(context, chat)


def change(
    context: CardContext, line: Line, chat: Chat, message: Scheduled, body: dict[str, object]
) -> Response | None:
    """Do what `body` says with a message of this chat: a question that is asked first, or None
    where it is done. Raises Refused."""
    do, confirmed = text_field(body, "do", longest=10), flag_field(body, "confirmed")
    text, when = maybe_text_field(body, "text", longest=MAX_TEXT + 2000), maybe_text_field(body, "when", longest=20)
    if do == "remove":
        take_back(message)
        return None
    refuse_unlinked(line, None)
    _refuse_sent(message)
    if do == "now":
        return _now(context, line, chat, message, confirmed=confirmed)
    if do != "change":
        raise Refused(ErrorCode.BAD_FORM, reason="do")
    _rewrite(context, chat, message, typed_text(text), when)
    return None


def take_back(message: Scheduled) -> None:
    """Let it go out never. Raises Refused(LATER_BUSY) where it is being sent, or is out."""
    _refuse_sent(message)
    _changed(services().storage.scheduled.remove(message))


def _refuse_sent(message: Scheduled) -> None:
    here = services()
    sent = here.storage.sends.by_key(message.portal_id, message.send_key)
    if sent:
        if here.storage.scheduled.take(message):  # the worker that sent it did not live to say so
            here.prepared.later.end(message, sent)
        raise Refused(ErrorCode.LATER_BUSY)


def drawn(context: CardContext, chat: Chat) -> str:
    """The bubbles, for the place that the chat has for them."""
    return render_template("later/_list.html", **later_names(services().storage, context, chat))


def check_words(text: str, name: str, *, with_file: bool) -> None:
    """Raises Refused: BAD_FORM for what cannot be sent, UNFILLED."""
    longest = MAX_CAPTION if with_file else MAX_TEXT
    if not (text or with_file) or len(signature(name) + text) > longest:
        raise Refused(ErrorCode.BAD_FORM, reason="text length")
    refuse_unfilled(text)


def _form(line: Line) -> tuple[dict[str, object], KeptFile]:
    """The fields of a form, and its file. Raises Refused."""
    request.max_content_length = MAX_FILE + 64 * 1024
    uploaded = request.files.get("file")
    capabilities = capabilities_of(line.gateway)
    if uploaded is None or not capabilities.files:
        raise Refused(ErrorCode.UNSUPPORTED if uploaded else ErrorCode.BAD_FORM, reason="file")
    return dict(request.form), kept(uploaded, largest=capabilities.largest_file)


def _rewrite(context: CardContext, chat: Chat, message: Scheduled, text: str, when: str) -> None:
    """Another text, another time, or both. Raises Refused."""
    here = services()
    words = text or message.text
    has_file = message.id in here.storage.kept_files.of_scheduled(chat.portal_id, [message.id])
    check_words(words, message.user_name, with_file=has_file)
    due_at, wall = due_of(context, chat, when) if when else (message.due_at, message.wall)
    if due_at <= context.now:
        raise Refused(ErrorCode.LATER_TIME, reason="past")
    per_hour = context.portal.later_per_hour
    if not here.storage.scheduled.change(message, text=words, due_at=due_at, wall=wall, per_hour=per_hour):
        raise _full(context)


def _now(context: CardContext, line: Line, chat: Chat, message: Scheduled, *, confirmed: bool) -> Response | None:
    """Send it at once, after the questions that any message is asked with."""
    here = services()
    asked = None if confirmed else question_before(context, chat, message.text, here.chats.colleagues.lately(chat))
    if asked:
        return asked
    _changed(here.storage.scheduled.take(message))
    chosen = here.storage.settings.of(message.portal_id, message.user_id)
    name = message.user_name if chosen.show_name else ""
    try:
        typed = message.typed or context.is_typed
        sent = send_as(here.chats.service, here.storage.kept_files, line, chat, message, name=name, typed=typed)
    except Refused:
        here.storage.scheduled.release(message, asks=message.asks)
        raise
    here.prepared.later.end(message, sent)
    return None


def _changed(done: bool) -> None:
    if not done:
        raise Refused(ErrorCode.LATER_BUSY)


def _full(context: CardContext) -> Refused:
    return Refused(ErrorCode.LATER_FULL, about=str(context.portal.later_per_hour))
