"""What an open chat asks for: the pane, its messages, a send, a file."""

import hashlib

from cryptography.fernet import InvalidToken
from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from widget.chats.bubbles import Bubble, bubble_of_send
from widget.chats.service import LONGEST_TEXT, History, signature
from widget.errors import Refusal, Refused
from widget.forms import flag_field, id_field, json_body, text_field
from widget.gateways.base import GatewayError, Trouble
from widget.i18n import set_language
from widget.services import services
from widget.session import Session, current_session
from widget.storage.chats import Chat
from widget.storage.lines import Line

pages = Blueprint("chats", __name__, url_prefix="/chats")

# Shown in the page; everything else is only ever saved, so that no file of a stranger runs in our origin.
SHOWN_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "video/mp4", "audio/")
LONGEST_REF = 2048
LARGEST_ID = 2**53


@pages.post("")
def open_chat() -> ResponseReturnValue:
    """The pane of one phone's chat, made if there is none. No gateway call: a slow one never delays the composer."""
    body = json_body()
    session = current_session()
    set_language(session.language)
    here = services()
    item = here.cards.phone(session, text_field(body, "phone", longest=64))
    if item.phone.e164 is None:
        raise Refused(Refusal.NOT_ALLOWED, 422, "not a number")
    known = here.chats.of_phones(session.portal_id, [item.phone.e164])
    lines = {line.id: line for line in here.cards.lines(session)}
    last = next((lines[chat.line_id] for chat in known if chat.line_id in lines), None)
    asked = id_field(body, "line")
    line = here.cards.line(session, asked) if asked or last is None else last
    if line is None:
        raise Refused(Refusal.NOT_ALLOWED, 409, "no line")
    name = _shown_name(session)
    presence = here.cards.presence_of(session, item.phone.e164)
    chat, new = here.chat_service.open(
        line, item.phone.e164, user_id=session.user_id, chat_id=presence.chat_id if presence else ""
    )
    return render_template(
        "chats/_chat.html",
        chat=chat,
        line=line,
        item=item,
        local=here.cards.local(session, item),
        hours=here.cards.borders(session.portal_id),
        presence=presence,
        other_line=last if last and last.id != line.id else None,
        longest=LONGEST_TEXT - len(signature(name)),
        name=name,
        zone=here.cards.viewer_zone(session),
    ), 201 if new else 200


@pages.get("/<int:chat_id>/messages")
def messages(chat_id: int) -> ResponseReturnValue:
    """A page of history: the newest, or the one above `before`. 304 when the newest is what the page has."""
    session, line, chat = _chat(chat_id)
    before = request.args.get("before", "")
    if before:
        try:
            history = services().chat_service.older(line, chat, before)
        except GatewayError as error:
            if error.trouble is Trouble.MALFORMED:  # no page of ours holds such a place
                raise Refused(Refusal.BAD_FORM, 422, "before") from error
            history = History([], None, None, error.trouble)
            return _pieces(session, chat, history), 502
        return _pieces(session, chat, history)
    history = services().chat_service.newest(line, chat)
    if history.trouble and not history.bubbles:
        return _pieces(session, chat, history), 502
    response = make_response(_pieces(session, chat, history))
    response.set_etag(_version(session, history))
    return response.make_conditional(request)


@pages.post("/<int:chat_id>/messages")
def send(chat_id: int) -> ResponseReturnValue:
    """Send a text. 409 with a question when it is night at the client's and nobody said «send anyway»."""
    body = json_body()
    text = text_field(body, "text", longest=LONGEST_TEXT + 2000)
    key = text_field(body, "key", longest=64)
    confirmed = flag_field(body, "confirmed")
    session, line, chat = _chat(chat_id)
    here = services()
    local = here.cards.local(session, here.cards.require(session, chat.phone))
    if local and local.asleep and not confirmed and not here.sends.by_key(session.portal_id, key):
        response = make_response(render_template("chats/_confirm.html", local=local), 409)
        response.headers["X-Refusal"] = "confirm"
        return response
    sent = here.chat_service.send(line, chat, text, send_key=key, user_id=session.user_id, name=_shown_name(session))
    here.metrics.sent(sent.state.value)
    return _bubble(session, chat, bubble_of_send(sent)), 201


@pages.get("/<int:chat_id>/media/<ref>")
def media(chat_id: int, ref: str) -> ResponseReturnValue:
    """The file of one message of this chat. `ref` is sealed by us, so no other message can be asked for."""
    _session, line, chat = _chat(chat_id)
    try:
        file = services().chat_service.media(line, chat, _unseal(chat, ref))
    except GatewayError as error:
        if error.trouble is Trouble.NO_SUCH_THING:
            raise Refused(Refusal.FILE_GONE, 404) from error
        raise
    shown = file.mimetype.startswith(SHOWN_TYPES)
    response = make_response(file.body)
    response.headers["Content-Type"] = file.mimetype if shown else "application/octet-stream"
    response.headers["Content-Disposition"] = "inline" if shown else "attachment"
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def _chat(chat_id: int) -> tuple[Session, Line, Chat]:
    """The chat, if it is of this portal and its number is on the card this user has open. Refused otherwise."""
    session = current_session()
    set_language(session.language)
    chat = services().chats.get(session.portal_id, chat_id) if chat_id < LARGEST_ID else None
    if chat is None:
        raise Refused(Refusal.NOT_ALLOWED, 404, "chat")
    services().cards.require(session, chat.phone)
    line = services().cards.line(session, chat.line_id)
    assert line  # noqa: S101 - a given id is found or refused
    return session, line, chat


def _shown_name(session: Session) -> str:
    """The name that this user's messages begin with, "" unless they chose so."""
    here = services()
    shown = here.settings.of(session.portal_id, session.user_id).show_name
    return here.cards.viewer(session).name if shown else ""


def _pieces(session: Session, chat: Chat, history: History) -> str:
    return render_template(
        "chats/_messages.html", history=history, zone=_zone(session), media_url=lambda bubble: _media_url(chat, bubble)
    )


def _bubble(session: Session, chat: Chat, bubble: Bubble) -> Response:
    html = render_template(
        "chats/_one_bubble.html", bubble=bubble, zone=_zone(session), media_url=lambda shown: _media_url(chat, shown)
    )
    return make_response(html)


def _version(session: Session, history: History) -> str:
    """Of what is shown and not of its HTML: the sealed address of a file is another one each time."""
    return hashlib.sha256(repr((history, session.language, _zone(session))).encode()).hexdigest()[:24]


def _zone(session: Session) -> str:
    return services().cards.viewer_zone(session)


def _media_url(chat: Chat, bubble: Bubble) -> str:
    sealed = services().vault.seal(f"{chat.portal_id}:{chat.id}:{bubble.ref}")
    return url_for("chats.media", chat_id=chat.id, ref=sealed)


def _unseal(chat: Chat, ref: str) -> str:
    mine = f"{chat.portal_id}:{chat.id}:"
    try:
        opened = services().vault.fernet.decrypt(ref).decode() if len(ref) <= LONGEST_REF else ""
    except (InvalidToken, ValueError):  # ValueError: letters that no ticket of ours has
        opened = ""
    if not opened.startswith(mine):
        raise Refused(Refusal.NOT_ALLOWED, 404, "file")
    return opened.removeprefix(mine)
