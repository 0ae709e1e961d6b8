"""What an open chat asks for: the pane, its messages, a send, a file."""

import hashlib
from dataclasses import replace

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.bitrix24.drive import READS_DRIVE
from widget.chats import beside_views, drive_views, message_views
from widget.chats.context import (
    chat_of,
    current_context,
    draft_of,
    drawn_send,
    drawn_with,
    named,
    open_typed_number,
    read_cursor,
    read_for_typed_number,
    refuse_empty,
    refuse_others,
    signed_cursor,
    usual_line,
)
from widget.chats.files import MAX_FILE_SIZE
from widget.chats.history import History
from widget.chats.later_shown import later_names
from widget.chats.pages import pages
from widget.chats.sending import MAX_TEXT, UNLINKED, signature
from widget.context import CardContext, CardPhone, hours_csv
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, text_field
from widget.gateways.base import GatewayError, GatewayErrorCode, LineState
from widget.gateways.kinds import capabilities_of
from widget.gateways.lines import chat_ids_for
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.line_health import HEARD_EVERY
from widget.storage.lines import Line
from widget.variables import UNFILLED_PATTERN
from widget.voice.notes import can_convert

__all__ = ["beside_views", "drive_views", "message_views", "pages"]

# Shown in the page; everything else is only ever saved, so that no file of a stranger runs in our
# origin.
SHOWN_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "video/mp4", "audio/")


# Those that reps use most with clients; a picker of all would weigh more than the page.
EMOJIS = tuple("🙂😀😁😂😉😊😍🤔😎😢😮😡👍👎👌🙏👏💪🤝👋✌🔥🎉🎁❤💚💯✅❌❗❓⏰📅📌📎📞📷🏠🚚🚗💰💳☕🌷")

# What shows nothing of a chat and sends nothing: the gateway is not asked for it.
SHOW_NOTHING = (
    *("chats.open_chat", "chats.line_of_chat", "chats.look_beside", "chats.choose_owner"),
    *("chats.say_writing", "chats.told_of_loss", "chats.heed"),
    *("chats.look_into_drive", "chats.look_colleague"),
)
# Who answers a chat may read it from then on, and what is ignored no employee reads: no way to get
# at a chat that has others' words, or will have them.
CLAIMS = ("chats.take", "chats.waive", "chats.ignore")


@pages.before_request
def keep_typed_numbers_apart() -> None:
    """A session for a typed number is good as long as all in its chat is this user's (typed.py)."""
    open_typed_number(current_session(), shows=request.endpoint not in SHOW_NOTHING)
    whole = read_for_typed_number()
    if whole and request.endpoint in CLAIMS:
        refuse_empty(whole)


@pages.post("")
def open_chat() -> ResponseReturnValue:
    """The pane of one phone's chat, made if there is none. No gateway call: a slow one never delays
    the composer.

    `line` is the line to write from; without it a number that has a chat keeps its line, and every
    other number gets the one that the card has `shown`. A chat on a line that was switched off or
    removed opens to be read.
    """
    body = json_body()
    asked, shown = id_field(body, "line"), id_field(body, "shown")
    context, here = current_context(), services()
    session = context.session
    item = context.phone(text_field(body, "phone", longest=64))
    if not item.client:
        raise Refused(ErrorCode.NOT_ALLOWED, 422, "not a number")
    presence = here.presence.known.shown(session.portal_id, item.client)
    known = _chats_of(context, item.client, presence.listed_on, presence.chat_id, presence.last_at)
    line, last = _line_to_open(context, known, asked, shown)
    if line.active and not item.lid:
        chat, new = here.chats.service.open(line, item.client, user_id=session.user_id, chat_id=presence.chat_id)
        refuse_others(context, line)  # the client was known by a LID until now, and others wrote to that
    else:
        chat, new = _chat_on(line, known), False
    lines = {each.id: each for each in context.lines}
    chosen = here.storage.settings.of(session.portal_id, session.user_id)
    name = context.viewer.name if chosen.show_name else ""
    capabilities = capabilities_of(line.gateway)
    return render_template(
        "chats/_chat.html",
        chat=chat,
        line=line,
        item=_called(item, chat),
        local=context.local(item),
        hours=hours_csv(context.hours),
        presence=presence,
        firsts=None if chat.proved or chat.last_at else here.presence.outgoing.remaining(line),
        other_line=lines.get(last.line_id) if last and last.last_at and last.line_id != line.id else None,
        shown=lines.get(shown) if shown and shown != line.id else None,
        several_lines=len(lines) > 1,
        longest=MAX_TEXT - len(signature(name)),
        name=name,
        beside=here.chats.beside.of(context, line, chat),
        chosen=chosen,
        emojis=EMOJIS,
        has_drive=capabilities.files and READS_DRIVE in context.portal.scopes,
        colleagues=here.chats.beside.employees(session.portal_id) if capabilities.contact else (),
        unfilled_pattern=UNFILLED_PATTERN,
        draft_name=hashlib.sha256(f"{session.portal_id}:{session.user_id}:{chat.id}".encode()).hexdigest()[:16],
        capabilities=capabilities,
        records=capabilities.files and can_convert(),
        largest_file=min(capabilities.largest_file, MAX_FILE_SIZE),
        **later_names(here.storage, context, chat),
        **_line_words(context, line, chat, here.gateways.known_state(line)),
    ), 201 if new else 200


def _called(item: CardPhone, chat: Chat) -> CardPhone:
    """With the name that a client gave whose phone is not known. One query for such a one."""
    name = services().storage.conversations.hidden.names([chat]).get(chat.id)
    return replace(item, phone=replace(item.phone, display=name)) if name else item


def _chat_on(line: Line, known: list[Chat]) -> Chat:
    """One that is there: a client whose phone is not known can be written to where they wrote, and
    nowhere else."""
    chat = next((chat for chat in known if chat.line_id == line.id), None)
    if chat is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 409, "no chat on this line")
    return chat


def _chats_of(context: CardContext, phone: str, listed_on: int, chat_id: str, last_at: float) -> list[Chat]:
    """The number's chats, the last used first. One that so far only the listing of a line's gateway
    has (`listed_on`, 0 for none) becomes one of ours, now that it is opened. One query, and an
    insert for such a one."""
    here = services()
    known = here.storage.chats.of_phones(context.portal.id, [phone])
    line = next((line for line in context.lines if line.id == listed_on), None)
    if line is None or any(chat.line_id == line.id for chat in known):
        return known
    learned = here.storage.chats.learn(
        context.portal.id,
        line.id,
        phone,
        chat_ids=chat_ids_for(line, chat_id),
        proved=True,
        last_at=last_at,
    )
    return sorted([*known, *([learned] if learned else [])], key=lambda chat: (-chat.last_at, chat.id))


def _line_to_open(
    context: CardContext, known: list[Chat], asked: int | None, shown: int | None
) -> tuple[Line, Chat | None]:
    """The line whose chat opens, and the number's last chat on any line that this user may use."""
    lines = {line.id: line for line in context.lines}
    last = next((chat for chat in known if chat.line_id in lines and (chat.written or not shown)), None)
    if asked and asked not in lines and any(chat.line_id == asked and chat.written for chat in known):
        return context.line_to_read(asked), last
    if not asked and last:
        return lines[last.line_id], last
    wanted = asked or shown
    line = context.line(wanted) if wanted else usual_line(context)
    if line is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 409, "no line")
    return line, last


def _line_words(context: CardContext, line: Line, chat: Chat, state: LineState) -> dict[str, object]:
    """What a chat says of its line: its state, whether anything can be sent, and the lines to
    change to."""
    others = [other for other in context.lines if other.id != line.id and chat.phone]
    return {"state": state, "blocked": not line.active or state in UNLINKED, "others": others}


@pages.get("/<int:chat_id>/line")
def line_of_chat(chat_id: int) -> ResponseReturnValue:
    """What is to be said of the chat's line above the composer: nothing while it is connected. No
    call."""
    context, line, chat = chat_of(chat_id)
    state = services().gateways.known_states([line])[line.id] if line.active else LineState.OFFLINE
    return render_template("chats/_chat_line.html", line=line, **_line_words(context, line, chat, state))


@pages.get("/<int:chat_id>/messages")
def messages(chat_id: int) -> ResponseReturnValue:
    """A page of history: the newest, or the one above `before`. 304 when the newest is what the
    page has."""
    context, line, chat = chat_of(chat_id)
    before, whole = request.args.get("before", ""), read_for_typed_number()
    if before:
        if whole:
            raise Refused(ErrorCode.BAD_FORM, reason="a typed number has one page")
        try:
            history = services().chats.service.older(line, chat, read_cursor(chat, before))
        except GatewayError as error:
            if error.gateway_code is GatewayErrorCode.MALFORMED:  # no page of ours holds such a place
                raise Refused(ErrorCode.BAD_FORM, reason="before") from error
            history = History([], None, None, error.gateway_code)
            return _pieces(context, line, chat, history, []), 502
        return _pieces(context, line, chat, history, _elsewhere(context, chat, history))
    service = services().chats.service
    history = service.whole(line, chat, whole.messages, whole.user_id) if whole else service.newest(line, chat)
    if history.error and not history.bubbles:
        return _pieces(context, line, chat, history, []), 502
    elsewhere = [] if whole else _elsewhere(context, chat, history)
    version = _version(context, history, elsewhere)
    known = request.if_none_match.contains_weak(version)  # then nothing is drawn
    response = make_response("", 304) if known else make_response(_pieces(context, line, chat, history, elsewhere))
    if not whole and _is_fed(line, history):
        response.headers["X-Fed"] = "1"  # the page need not ask again until the cache says that something came
    response.set_etag(version)
    return response


@pages.post("/<int:chat_id>/messages")
def send(chat_id: int) -> ResponseReturnValue:
    """Send a text, perhaps as an answer to a message (`reply_to`). 409 with a question when it is
    night at the client's and `confirmed` does not say «send anyway»."""
    body = json_body()
    text = text_field(body, "text", longest=MAX_TEXT + 2000)
    draft = draft_of(chat_id, body, confirmed=flag_field(body, "confirmed"), text=text)
    if isinstance(draft, Response):
        return draft
    return drawn_send(draft.chat, services().chats.service.send(draft, text))


@pages.get("/<int:chat_id>/media/<ref>")
def media(chat_id: int, ref: str) -> ResponseReturnValue:
    """The file of one message of this chat. `ref` is sealed by us, so no other message can be asked
    for."""
    _session, line, chat = chat_of(chat_id)
    if line.removed:
        raise Refused(ErrorCode.FILE_GONE, reason="line")
    try:
        file = services().chats.service.media(line, chat, named(chat, ref).ref)
    except GatewayError as error:
        if error.host:
            raise Refused(ErrorCode.FILE_ELSEWHERE, reason=error.host, about=error.host) from error
        if error.gateway_code is GatewayErrorCode.NO_SUCH_THING:
            raise Refused(ErrorCode.FILE_GONE) from error
        raise
    shown = file.mimetype.startswith(SHOWN_TYPES)
    response = make_response(file.body)
    response.headers["Content-Type"] = file.mimetype if shown else "application/octet-stream"
    response.headers["Content-Disposition"] = "inline" if shown else "attachment"
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def _pieces(context: CardContext, line: Line, chat: Chat, history: History, elsewhere: list[Line]) -> str:
    return render_template(
        "chats/_messages.html",
        history=replace(history, cursor=signed_cursor(chat, history.cursor)),
        line=line,
        elsewhere=elsewhere,
        **drawn_with(chat),
    )


def _is_fed(line: Line, history: History) -> bool:
    """Whether the line's webhooks bring its messages: they came, and no message of the client's is
    newer than the last one. One query."""
    heard_at = services().storage.line_health.of(line.portal_id, line.id).hook_at
    newest = max((bubble.at for bubble in history.bubbles if not bubble.from_me), default=0.0)
    return heard_at > 0 and newest <= heard_at + HEARD_EVERY


def _elsewhere(context: CardContext, chat: Chat, history: History) -> list[Line]:
    """The other lines on which this client's conversation can be read, the last used first: said
    where this chat's history ends. One query then."""
    if not history.end:
        return []
    lines = {line.id: line for line in context.readable}
    known = services().storage.chats.of_phones(chat.portal_id, [chat.client])
    return [lines[other.line_id] for other in known if other.written and other.id != chat.id and other.line_id in lines]


def _version(context: CardContext, history: History, elsewhere: list[Line]) -> str:
    """Of what is shown and not of its HTML: the sealed name of a message is another one each
    time."""
    shown = [(replace(bubble, can=frozenset()), sorted(bubble.can)) for bubble in history.bubbles]
    whole = (shown, history.cursor, history.end, elsewhere, history.error, context.session.language, context.zone)
    return hashlib.sha256(repr(whole).encode("utf-8", "replace")).hexdigest()[:24]
