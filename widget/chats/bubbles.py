"""What a chat pane shows: the gateway's messages and our own sends as one list of bubbles
(pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from widget.chats.cards import is_card, person_in, place_in, words_beside
from widget.chats.files import is_label
from widget.chats.message_facts import MessageFacts
from widget.chats.states import STATES
from widget.gateways.base import Ack, Capabilities, ContactCard, Media, Message, Quote
from widget.storage.sends import PROGRESS, SENT_AGAIN, Send, SendState

EDIT_SECONDS = 15 * 60.0  # WhatsApp lets the writer change a text for so long (its blog, May 2023)
DELETE_SECONDS = 48 * 3600.0  # WhatsApp gives a little more than two days


@dataclass(frozen=True)
class Bubble:
    """One message on the page. `state` is None for what the client wrote. `ref` is what the gateway
    calls it, "" for a send that no gateway has shown yet; `can` is what may be done with it: reply,
    edit, delete, react. `id` is the message's, which changes for a send whose gateway names it;
    `send_id` stays, 0 for what was not sent from here."""

    id: str
    at: float
    from_me: bool
    text: str
    state: SendState | None = None
    reason: str = ""
    media: Media | None = None
    ref: str = ""
    quote: Quote | None = None
    reactions: tuple[str, ...] = field(default=())
    edited: bool = False
    deleted: bool = False
    place: tuple[float, float] | None = None
    contacts: tuple[ContactCard, ...] = ()
    can: frozenset[str] = frozenset()
    asks: tuple[str, ...] = ()  # what a rep may say of a missing send: again, seen
    user_id: int = 0  # who of us wrote it from here, 0 for what came from the phone
    user_name: str = ""
    send_id: int = 0
    send_key: str = ""  # by which the page that sent it knows it
    transcript: str = ""  # what a voice message says, as a machine heard it


def possible(message: Message, capabilities: Capabilities, now: float) -> frozenset[str]:
    """What may be done with a message now: what the gateway can, and WhatsApp still allows."""
    if message.deleted or not message.ref:
        return frozenset()
    ours = message.from_me and message.ack is not Ack.FAILED
    written = bool(message.text) and message.media is None
    return frozenset(
        verb
        for verb, allowed in {
            "reply": capabilities.reply,
            "react": capabilities.react,
            "edit": capabilities.edit and ours and written and now < message.at + EDIT_SECONDS,
            "delete": capabilities.delete and ours and now < message.at + DELETE_SECONDS,
        }.items()
        if allowed
    )


def bubble_of(message: Message) -> Bubble:
    return Bubble(
        id=message.id,
        at=message.at,
        from_me=message.from_me,
        text=message.text,
        state=STATES.get(message.ack) if message.from_me else None,
        media=message.media,
        ref=message.ref,
        quote=message.quote,
        reactions=message.reactions,
        edited=message.edited,
        deleted=message.deleted,
        place=message.place,
        contacts=message.contacts,
    )


def bubble_of_send(send: Send) -> Bubble:
    return Bubble(
        id=send.message_id,
        at=send.created_at,
        from_me=True,
        text=words_beside(send.text),
        place=place_in(send.text),
        contacts=(person,) if (person := person_in(send.text)) else (),
        state=send.state,
        reason=send.reason,
        user_id=send.user_id,
        user_name=send.user_name,
        send_id=send.id,
        send_key=send.send_key,
    )


def asked_of(send: Send) -> tuple[str, ...]:
    """A missing send may be sent again, if its text is kept, which a file is not; or the rep has
    seen it somewhere."""
    if send.state is not SendState.MISSING or send.reason == SENT_AGAIN:
        return ()
    return ("again", "seen") if send.text and not is_label(send.text) else ("seen",)


def with_facts(bubble: Bubble, facts: MessageFacts | None) -> Bubble:
    """The bubble of a send that no gateway shows, with what became of the message since: it was
    edited, deleted or reacted to, from here or on the phone."""
    if facts is None:
        return bubble
    if facts.deleted:
        return replace(bubble, text="", deleted=True)
    reactions = tuple(one[1] for one in (facts.ours, facts.theirs) if one and one[1])
    edited = facts.edit is not None
    return replace(bubble, text=facts.edit[1] if facts.edit else bubble.text, edited=edited, reactions=reactions)


def merge(
    messages: Iterable[Message],
    sends: Sequence[Send],
    *,
    facts: Mapping[str, MessageFacts] = MappingProxyType({}),
    capabilities: Capabilities | None = None,
    now: float = 0.0,
) -> list[Bubble]:
    """Oldest first, each message once. A send that the gateway shows is the gateway's; the others
    keep their place, with the `facts` that are known of them.

    The furthest known state wins: the gateway may answer with an older tick than we have seen.
    Without `capabilities` nothing can be done with any.
    """
    ours = {send.message_id: send for send in sends}
    bubbles = {}
    for message in messages:
        can = possible(message, capabilities, now) if capabilities else frozenset()
        heard = facts[message.id].transcript if message.id in facts and not message.deleted else ""
        bubble = replace(bubble_of(message), can=can, transcript=heard)
        send = ours.pop(bubble.id, None)
        bubbles[bubble.id] = _with_send(bubble, send) if send else bubble
    # Messages of one second keep the gateway's order: newest first in, so reversed before the
    # stable sort.
    asks = asked_of if capabilities else lambda _send: ()
    unseen = [
        with_facts(replace(bubble_of_send(send), asks=asks(send)), facts.get(send.message_id)) for send in ours.values()
    ]
    ordered = [*reversed(bubbles.values()), *unseen]
    ordered.sort(key=lambda bubble: bubble.at)
    return ordered


def _with_send(bubble: Bubble, send: Send) -> Bubble:
    """What the gateway shows of a send, with what is known of it here."""
    state = _further(bubble.state, send.state)
    return replace(
        bubble,
        text=words_beside(send.text) if is_card(send.text) and not bubble.deleted else bubble.text,
        state=state,
        user_id=send.user_id,
        user_name=send.user_name,
        send_id=send.id,
        send_key=send.send_key,
    )


def _further(shown: SendState | None, known: SendState) -> SendState:
    """A message that failed at the gateway failed, unless it was seen to arrive."""
    if shown is SendState.FAILED and known not in (SendState.DELIVERED, SendState.READ):
        return shown
    return known if shown is None else max(shown, known, key=PROGRESS.__getitem__)
