"""Who asks about which chat and message, for every view of a chat."""

import json

from cryptography.fernet import InvalidToken
from flask import Response, make_response, render_template, url_for

from widget.chats.bubbles import Bubble
from widget.chats.sending import UNLINKED
from widget.chats.told import Named
from widget.errors import Refusal, Refused
from widget.i18n import set_language
from widget.services import services
from widget.session import Session, current_session
from widget.storage.chats import Chat
from widget.storage.lines import Line

LONGEST_REF = 2048
LARGEST_ID = 2**53


def chat_of(chat_id: int) -> tuple[Session, Line, Chat]:
    """The chat, to be read, if it is of this portal and its number is on the card this user has open. Its line may be
    switched off or removed by now. Refused otherwise."""
    session = current_session()
    set_language(session.language)
    chat = services().chats.get(session.portal_id, chat_id) if chat_id < LARGEST_ID else None
    if chat is None:
        raise Refused(Refusal.NOT_ALLOWED, 404, "chat")
    services().cards.require(session, chat.phone)
    return session, line_to_read(session, chat.line_id), chat


def line_to_read(session: Session, line_id: int) -> Line:
    """A line whose chats this user may read. Refused otherwise."""
    line = next((line for line in services().cards.readable(session) if line.id == line_id), None)
    if line is None:
        raise Refused(Refusal.NOT_ALLOWED, 403, "line")
    return line


def chat_to_change(chat_id: int) -> tuple[Session, Line, Chat]:
    """The same to write in it, or to change something: refused too where its line is switched off or removed."""
    session, line, chat = chat_of(chat_id)
    if not line.active:
        raise Refused(Refusal.LINE_OFF, 409, "line")
    return session, line, chat


def refuse_unlinked(line: Line, key: str) -> None:
    """Nothing is sent by a line that waits for its QR code, as far as was said a moment ago (no call). A message that
    was sent is known by its key, whatever became of the line."""
    here = services()
    state = here.gateways.known_state(line)
    if state in UNLINKED and not here.sends.by_key(line.portal_id, key):
        raise Refused(Refusal.LINE_DOWN, 409, state.value)


def shown_name(session: Session) -> str:
    """The name that this user's messages begin with, "" unless they chose so."""
    here = services()
    shown = here.settings.of(session.portal_id, session.user_id).show_name
    return here.cards.viewer(session).name if shown else ""


def zone_of(session: Session) -> str:
    return services().cards.viewer_zone(session)


def question(html: str) -> Response:
    """409: something that is asked back before it is done; the page comes again with `confirmed`."""
    response = make_response(html, 409)
    response.headers["X-Refusal"] = "confirm"
    return response


def night_question(session: Session, chat: Chat, key: str, *, confirmed: bool) -> Response | None:
    """Whether it is night at the client's and nobody said «send anyway»; a message that was sent needs no answer."""
    here = services()
    local = here.cards.local(session, here.cards.require(session, chat.phone))
    if local and local.asleep and not confirmed and not here.sends.by_key(session.portal_id, key):
        return question(render_template("chats/_confirm.html", local=local))
    return None


def drawn_bubble(session: Session, chat: Chat, bubble: Bubble) -> Response:
    html = render_template("chats/_one_bubble.html", bubble=bubble, zone=zone_of(session), **names_in(chat))
    return make_response(html)


def names_in(chat: Chat) -> dict[str, object]:
    """How a page of this chat names its messages and their files: `message_ref(bubble)`, `media_url(bubble)`."""

    def media_url(bubble: Bubble) -> str:
        return url_for("chats.media", chat_id=chat.id, ref=_seal(chat, bubble))

    return {"message_ref": lambda bubble: _seal(chat, bubble), "media_url": media_url}


def named(chat: Chat, sealed: str) -> Named:
    """The message that a page of ours named so. Refused for anything that we did not seal for this chat."""
    mine = f"{chat.portal_id}:{chat.id}:"
    try:
        opened = services().vault.fernet.decrypt(sealed).decode() if len(sealed) <= LONGEST_REF else ""
        if opened.startswith(mine):
            return Named(*json.loads(opened.removeprefix(mine)))
    except (InvalidToken, ValueError, TypeError):  # letters that no ticket has, or a ticket of an older version
        pass
    raise Refused(Refusal.NOT_ALLOWED, 404, "message")


def _seal(chat: Chat, bubble: Bubble) -> str:
    name = json.dumps([bubble.id, bubble.ref, bubble.at, bubble.from_me])
    return str(services().vault.seal(f"{chat.portal_id}:{chat.id}:{name}"))
