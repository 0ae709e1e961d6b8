"""The user, the chat and the message that a request is about, for every view of a chat."""

import json
import math
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import InvalidToken
from flask import Response, g, make_response, render_template, url_for
from itsdangerous import BadSignature, Signer

from widget.chats.bubbles import Bubble, bubble_of_send
from widget.chats.message_facts import Named
from widget.chats.sending import UNLINKED, Draft
from widget.chats.typed import ChatOwner, WholeChat
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import maybe_text_field, text_field
from widget.i18n import set_language
from widget.services import services
from widget.session import Session
from widget.storage.chats import Chat
from widget.storage.conversations import Before
from widget.storage.lines import Line, OwnerRule
from widget.storage.sends import Send

MAX_REF = 2048
MAX_CURSOR = 4000
MAX_ID = 2**53


def current_context() -> CardContext:
    """What this request knows, made at its first use. No call for a card that is remembered; else
    one batch. Raises Refused."""
    if "context" not in g:
        session = current_session()
        set_language(session.language)
        g.context = services().card.door.enter(session, g.portal)
    context: CardContext = g.context
    return context


def chat_of(chat_id: int) -> tuple[CardContext, Line, Chat]:
    """The chat, to be read, if it is of this portal and its number is on the card this user has
    open. Its line may be switched off or removed by now. Refused otherwise."""
    session = current_session()
    set_language(session.language)
    chat = services().storage.chats.get(session.portal_id, chat_id) if chat_id < MAX_ID else None
    return _readable(chat)


def _readable(chat: Chat | None) -> tuple[CardContext, Line, Chat]:
    if chat is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "chat")
    context = current_context()
    context.phone_of(chat.client)
    return context, context.line_to_read(chat.line_id), chat


def chat_to_change(chat_id: int) -> tuple[CardContext, Line, Chat]:
    """As `chat_of`, to write in the chat or change it: raises Refused(LINE_OFF) too where its line
    is switched off or removed."""
    context, line, chat = chat_of(chat_id)
    if not line.active:
        raise Refused(ErrorCode.LINE_OFF, reason="line")
    return context, line, chat


def refuse_unlinked(line: Line, known: Send | None) -> None:
    """Nothing is sent by a line that is switched off, or waits for its QR code as far as was said a
    moment ago (no call). A message that was sent is known by its key, also when its line is gone:
    «nothing was sent» would be wrong.

    Raises Refused: LINE_OFF, LINE_DOWN.
    """
    state = services().gateways.known_state(line)
    if known is None and (not line.active or state in UNLINKED):
        raise Refused(ErrorCode.LINE_DOWN if line.active else ErrorCode.LINE_OFF, reason=state.value)


def draft_of(chat_id: int, given: dict[str, Any], *, confirmed: bool, text: str = "") -> Draft | Response:
    """What is about to be sent in a chat, by the `key` and perhaps as an answer (`reply_to`) that
    were given; or 409 with a question when it is night at the client's, or when another employee
    has just written there, and nothing `confirmed` it. One query. Refused otherwise."""
    session = current_session()
    set_language(session.language)
    key = text_field(given, "key", longest=64)
    if ":" in key:  # such are the keys of what comes from elsewhere (openlines/mirroring.py)
        raise Refused(ErrorCode.BAD_FORM, reason="key")
    reply_to = maybe_text_field(given, "reply_to", longest=4096)
    before = _before(session, chat_id, key, asks=not confirmed)
    if before is None and (sent := _sent_elsewhere(session, key)):
        return sent
    context, line, chat = _readable(before.chat if before else None)
    assert before  # noqa: S101 - a chat that is not there was refused
    answered = named(chat, reply_to) if reply_to else None
    refuse_unlinked(line, before.known)
    asked = None if before.known or confirmed else question_before(context, chat, text, before.lately)
    if asked:
        return asked
    name = context.viewer.name if before.show_name else ""
    services().saw(session.portal_id, context.viewer)
    return Draft(
        line,
        chat,
        key,
        session.user_id,
        name,
        answered,
        before.known,
        owner_id=owner_of_new(context, line),
        author=context.viewer.name,
        typed=context.is_typed,
    )


def _before(session: Session, chat_id: int, key: str, *, asks: bool) -> Before | None:
    """None for a chat that is not there. `asks`: what users have just written there is wanted. One
    query."""
    if chat_id >= MAX_ID:
        return None
    here, user_id = services(), session.user_id
    since = here.chats.colleagues.since() if asks else math.inf
    return here.storage.conversations.before(session.portal_id, chat_id, send_key=key, user_id=user_id, since=since)


def _sent_elsewhere(session: Session, key: str) -> Response | None:
    """What this user has sent under the key in a chat that has become one with another since: a
    press that comes again must not be told that nothing went out. Two queries."""
    stored = services().storage
    sent = stored.sends.by_key(session.portal_id, key)
    chat = stored.chats.get(session.portal_id, sent.chat_id) if sent and sent.user_id == session.user_id else None
    return _drawn_bubble(chat, sent) if sent and chat else None


def open_typed_number(session: Session, *, shows: bool) -> None:
    """For a session of a typed number: raises Refused(NOT_ALLOWED) where its chat holds others'
    messages, or would be one of too many empty ones. Where the request `shows` or sends anything,
    the whole chat is read for it first, and is what this request may see (`read_for_typed_number`).
    Nothing for a session of a card, or an administrator's."""
    if not session.number:
        return
    context, typed = current_context(), services().chats.service.typed
    if not context.is_typed:
        if session.granted and not context.viewer.admin:
            refuse_ungranted(session)
        return
    line = context.line(session.line_id)
    if not typed.may_begin(session.portal_id, line.id, session.number, session.user_id):
        raise Refused(ErrorCode.NOT_ALLOWED, reason="typed number: too many")
    if not shows:
        refuse_others(context, line)
        return
    g.whole_chat = typed.require(line, session.number, session.user_id)


def refuse_empty(whole: WholeChat) -> None:
    """Raises Refused(NOT_ALLOWED): who has written nothing to a typed number does not say whose its
    client is."""
    if not whole.messages:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="typed number: nothing written yet")


def refuse_others(context: CardContext, line: Line) -> None:
    """Refused(NOT_ALLOWED) where a typed number is all that brought this user here, and others
    talked in its chat as far as is stored. Two queries."""
    session, typed = context.session, services().chats.service.typed
    mine = session.portal_id, line.id, session.number, session.user_id
    if context.is_typed and typed.owner(*mine) is ChatOwner.OTHERS:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="typed number: others talked")


def refuse_ungranted(session: Session) -> None:
    """For a session of a client who was chosen in the list of those who wait: Refused(NOT_ALLOWED)
    where this user may not read the chat any more. One query; outside calls as
    `ChatRights.readable` makes."""
    here, context = services(), current_context()
    line = context.line(session.line_id)
    chat = here.storage.chats.find(session.portal_id, line.id, session.number)
    if chat is None or not here.chats.rights.may_read(context.portal, context.viewer, chat):
        raise Refused(ErrorCode.NOT_ALLOWED, reason="chat of the waiting list")


def read_for_typed_number() -> WholeChat | None:
    """All that this request may see of its chat; None where a card or an administrator's rights say
    what it may."""
    whole: WholeChat | None = g.get("whole_chat")
    return whole


def usual_line(context: CardContext) -> Line | None:
    """The line that this user usually writes from, the first where they chose none, None without
    any. One query where there are several."""
    if len(context.lines) < 2:
        return context.usual_line(None)
    session = context.session
    return context.usual_line(services().storage.settings.of(session.portal_id, session.user_id).line_id)


def ask_back(html: str) -> Response:
    """409: something that is asked back before it is done; the page comes again with
    `confirmed`."""
    response = make_response(html, 409)
    response.headers["X-Refusal"] = "confirm"
    return response


def download(body: bytes) -> Response:
    """A file to be saved: no browser draws or runs anything of it under our name."""
    response = make_response(body)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = "attachment"
    return response


def question_before(context: CardContext, chat: Chat, text: str, lately: Sequence[Send]) -> Response | None:
    """All that is to be asked before the message goes out, at once; None where nothing is. `lately`
    is what users have just written there. One query where another one has, and none where the
    employees are remembered."""
    here = services()
    local = context.local(context.phone_of(chat.client))
    doubted = here.chats.colleagues.doubt(lately, context.viewer.user_id, text)
    asleep = local if local and local.asleep else None
    if not asleep and not doubted:
        return None
    name = here.staff_names(chat.portal_id).get(doubted.user_id, "") if doubted else ""
    return ask_back(render_template("chats/_confirm.html", local=asleep, doubted=doubted, name=name))


def owner_of_new(context: CardContext, line: Line) -> int:
    """The user who becomes the owner of a chat without one once this user writes in it; 0 for
    none."""
    if line.owner_rule is OwnerRule.NOBODY:
        return 0
    responsible = context.card.responsible if line.owner_rule is OwnerRule.RESPONSIBLE else 0
    return responsible or context.viewer.user_id


def drawn_send(chat: Chat, send: Send) -> Response:
    """The bubble of what was just sent, and its metric."""
    services().infra.metrics.sent(send.state.value)
    return _drawn_bubble(chat, send)


def _drawn_bubble(chat: Chat, send: Send) -> Response:
    return make_response(
        render_template("chats/_one_bubble.html", bubble=bubble_of_send(send), **drawn_with(chat)), 201
    )


def names_in(chat: Chat) -> dict[str, object]:
    """How a page of this chat names its messages and their files: `message_ref(bubble)`,
    `media_url(bubble)`."""

    def media_url(bubble: Bubble) -> str:
        return url_for("chats.media", chat_id=chat.id, ref=_encrypted_ref(chat, bubble))

    return {"message_ref": lambda bubble: _encrypted_ref(chat, bubble), "media_url": media_url}


def drawn_with(chat: Chat) -> dict[str, object]:
    """All that this chat's messages are drawn with; `me` is the reader, `in_card` whether a card is
    open round it."""
    session, zone = current_context().session, current_context().zone
    in_card = bool(session.entity_id) and not session.number
    return {**names_in(chat), "me": session.user_id, "zone": zone, "now": services().now(), "in_card": in_card}


def named(chat: Chat, sealed: str) -> Named:
    """The message that a page of ours named so. Refused for anything that we did not seal for this
    chat."""
    mine = f"{chat.portal_id}:{chat.id}:"
    try:
        opened = services().storage.secret_box.fernet.decrypt(sealed).decode() if len(sealed) <= MAX_REF else ""
        found = Named(*json.loads(opened.removeprefix(mine))) if opened.startswith(mine) else None
        whole = read_for_typed_number()
        if found and (whole is None or whole.has(found.id)):
            return found
    except (InvalidToken, ValueError, TypeError):  # letters that no ticket has, or a ticket of an older version
        pass
    raise Refused(ErrorCode.NOT_ALLOWED, 404, "message")


def signed_cursor(chat: Chat, cursor: str | None) -> str | None:
    """A place in this chat's history as a page carries it. It comes back from a browser, and a
    made-up one would be a question of a stranger's to the gateway."""
    return _cursors(chat).sign(cursor).decode() if cursor else None


def read_cursor(chat: Chat, signed: str) -> str:
    """Refused for what we did not sign for this chat."""
    try:
        if len(signed) <= MAX_CURSOR:
            return _cursors(chat).unsign(signed).decode()
    except (BadSignature, UnicodeError):
        pass
    raise Refused(ErrorCode.BAD_FORM, reason="before")


def _cursors(chat: Chat) -> Signer:
    config = services().infra.config
    keys = [*config.old_secret_keys, config.secret_key]
    return Signer(keys, salt=f"cursor-1:{chat.portal_id}:{chat.line_id}:{chat.id}")


def _encrypted_ref(chat: Chat, bubble: Bubble) -> str:
    name = json.dumps([bubble.id, bubble.ref, bubble.at, bubble.from_me])
    return str(services().storage.secret_box.encrypt(f"{chat.portal_id}:{chat.id}:{name}"))
