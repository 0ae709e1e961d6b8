"""What waits to be sent: a message is taken at any time, and goes out when the account may send
(…/SendMessage)."""

import secrets
from dataclasses import dataclass

from sandbox.gateway.directory import client_of
from sandbox.gateway.events import GatewayEventKind, Happening
from sandbox.gateway.model import (
    NO_CARD,
    SandboxAck,
    SandboxCard,
    SandboxChat,
    SandboxLine,
    SandboxMedia,
    SandboxMessage,
)
from sandbox.gateway.state import GatewayState

KEPT_SECONDS = 86_400


@dataclass(frozen=True)
class QueuedSend:
    id: str
    chat_id: str
    text: str
    at: float
    media: SandboxMedia | None = None
    card: SandboxCard = NO_CARD
    reply_to: str = ""
    stuck: SandboxAck | None = None


def take(
    state: GatewayState,
    line: SandboxLine,
    chat_id: str,
    text: str,
    *,
    media: SandboxMedia | None = None,
    card: SandboxCard = NO_CARD,
    reply_to: str = "",
    stuck: SandboxAck | None = None,
) -> str:
    """The id of a message that is sent now or later."""
    message_id = f"3EB0{secrets.token_hex(8).upper()}"
    with state.changed:
        waiting = QueuedSend(message_id, chat_id, text, state.clock(), media, card, reply_to, stuck)
        line.config.setdefault("queue", []).append(waiting)
        _send_all(state, line)
    return message_id


def waiting(line: SandboxLine, chat_id: str, now: float) -> list[SandboxMessage]:
    """What stands in the queue for a chat, as messages that are pending; what is a day old is given
    up."""
    return [
        SandboxMessage(
            *(one.id, chat_id, one.at, True, one.text),
            media=one.media,
            place=one.card.place,
            contacts=one.card.contacts,
            by_api=True,
            stuck=SandboxAck.PENDING,
        )
        for one in line.config.get("queue", ())
        if one.chat_id == chat_id and now - one.at < KEPT_SECONDS
    ]


def sent_again(state: GatewayState, happening: Happening) -> None:
    """Once an account is well again, what waited goes out in its order; what is a day old never
    does."""
    if happening.what is GatewayEventKind.STATUS and happening.line.protocol == "green":
        _send_all(state, happening.line)


def _send_all(state: GatewayState, line: SandboxLine) -> None:
    if line.status != "WORKING" or line.yellow:
        return
    queue: list[QueuedSend] = line.config.get("queue", [])
    while queue:
        one = queue.pop(0)
        if state.clock() - one.at < KEPT_SECONDS:
            _send(state, line, one)


def _send(state: GatewayState, line: SandboxLine, one: QueuedSend) -> None:
    stuck = one.stuck
    if client_of(one.chat_id) is None:
        line.chats.setdefault(one.chat_id, SandboxChat(one.chat_id, ""))  # no such client: a journal shows the attempt
        stuck = SandboxAck.ERROR
    state.send(
        *(line, one.chat_id, one.text),
        own_id=one.id,
        reply_to=one.reply_to,
        stuck=stuck,
        media=one.media,
        card=one.card,
    )
