"""What webhooks told about one message, put together so that their order does not matter (pure).

Webhooks come late, twice, and a tick before its message. So nothing here is a step: `merge_facts`
of the same facts in any order, any number of times, is the same. Each field has one rule: the
furthest tick, the newest edit, the newest reaction of each side, and a deletion is for ever.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, Message
from widget.gateways.serialization import message_of, message_values
from widget.storage.messages import Body
from widget.untrusted import as_dict, as_list, as_str, as_unix_seconds

# WhatsApp may refuse what the gateway had sent; what was delivered did not fail.
FURTHER = {Ack.NONE: 0, Ack.PENDING: 1, Ack.SENT: 2, Ack.FAILED: 3, Ack.DELIVERED: 4, Ack.READ: 5}

MAX_TRANSCRIPT = 20_000

Dated = tuple[float, str]  # when, what: the greater one is the newer one


@dataclass(frozen=True)
class MessageFacts:
    """The facts of one message. `message` is None until the message itself has come."""

    message: Message | None = None  # as it was written: without ticks, reactions and deletion
    from_me: bool = False
    ack: Ack = Ack.NONE
    not_on_whatsapp: bool = False
    why: GatewayErrorCode | None = None  # a restriction that made it fail
    edit: Dated | None = None
    ours: Dated | None = None  # our own side's reaction
    theirs: Dated | None = None
    deleted: bool = False
    transcript: str = ""  # what a voice message says, as a model of ours heard it


_NAMES = frozenset(field.name for field in fields(MessageFacts))


@dataclass(frozen=True)
class Named:
    """One message of a chat, as a page of ours named it: its id, what the gateway calls it, and
    when it was written by whom."""

    id: str
    ref: str
    at: float
    from_me: bool


def facts_of(event: GatewayEvent) -> MessageFacts:
    """The facts of one event; of a reaction `from_me` says whose it is."""
    match event.kind:
        case EventKind.MESSAGE if event.message:
            written = event.message
            plain = replace(written, ack=Ack.NONE, reactions=(), deleted=False)
            return MessageFacts(plain, written.from_me, ack=written.ack, deleted=written.deleted)
        case EventKind.ACK:
            return MessageFacts(
                from_me=event.from_me, ack=event.ack, not_on_whatsapp=event.not_on_whatsapp, why=event.why
            )
        case EventKind.EDITED:
            return MessageFacts(from_me=event.from_me, edit=(event.at, event.text))
        case EventKind.DELETED:
            return MessageFacts(from_me=event.from_me, deleted=True)
        case EventKind.REACTION:
            reaction = (event.at, event.text)
            return MessageFacts(ours=reaction) if event.from_me else MessageFacts(theirs=reaction)
    return MessageFacts()


def merge_facts(known: MessageFacts, news: MessageFacts) -> MessageFacts:
    """Both together: commutative, associative, and nothing new the second time."""
    deleted = known.deleted or news.deleted
    return MessageFacts(
        message=_without_content(_fuller(known.message, news.message), deleted),
        from_me=known.from_me or news.from_me,
        ack=max(known.ack, news.ack, key=FURTHER.__getitem__),
        not_on_whatsapp=known.not_on_whatsapp or news.not_on_whatsapp,
        why=_one_of(known.why, news.why),
        edit=None if deleted else _newer(known.edit, news.edit),
        ours=_newer(known.ours, news.ours),
        theirs=_newer(known.theirs, news.theirs),
        deleted=deleted,
        transcript="" if deleted else max(known.transcript, news.transcript),
    )


def seen(facts: MessageFacts) -> Message | None:
    """The message as it is now, None as long as only other things are known of it."""
    return brought_up_to_date(facts.message, facts) if facts.message else None


def brought_up_to_date(message: Message, facts: MessageFacts) -> Message:
    """A message, of the gateway's history or a webhook's own, with what is known of it besides.

    A history that shows an edit shows the last one: it is asked now, and a webhook may have been
    lost.
    """
    if message.deleted or facts.deleted:
        return replace(message, deleted=True, edited=False, text="", media=None, quote=None, contacts=())
    reactions = [one[1] for one in (facts.ours, facts.theirs) if one and one[1]]
    edit = facts.edit if facts.edit and not message.edited else None
    return replace(
        message,
        text=edit[1] if edit else message.text,
        edited=message.edited or edit is not None,
        ack=max(message.ack, facts.ack, key=FURTHER.__getitem__) if message.from_me else message.ack,
        reactions=tuple(reactions) if facts.ours or facts.theirs else message.reactions,
    )


def completed(
    shown: Sequence[Message], facts: Mapping[str, MessageFacts], *, since: float, before: float
) -> list[Message]:
    """The gateway's messages brought up to date, and those it does not show though a webhook told
    of them.

    Newest first; of these only what was written from `since` until `before`.
    """
    there = [brought_up_to_date(message, facts[message.id]) if message.id in facts else message for message in shown]
    ids = {message.id for message in shown}
    missing = [message for message_id, one in sorted(facts.items()) if message_id not in ids and (message := seen(one))]
    there += [message for message in missing if since <= message.at < before]
    return sorted(there, key=lambda message: -message.at)


def facts_json(facts: MessageFacts, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """`more` are values that only a newer version knows."""
    values: dict[str, Any] = {
        "message": message_values(facts.message) if facts.message else None,
        "from_me": facts.from_me,
        "ack": facts.ack.value if facts.ack is not Ack.NONE else None,
        "not_on_whatsapp": facts.not_on_whatsapp,
        "why": facts.why.value if facts.why else None,
        "edit": facts.edit,
        "ours": facts.ours,
        "theirs": facts.theirs,
        "deleted": facts.deleted,
        "transcript": facts.transcript,
    }
    there = {name: value for name, value in values.items() if value}
    return json.dumps({**more, **there}, separators=(",", ":"))


def read_facts(text: str) -> MessageFacts:
    """What was written, or no facts at all for a text that was wiped or that this version cannot
    read."""
    return _facts_in(_values_in(text))


def _values_in(text: str) -> dict[str, Any]:
    try:
        return as_dict(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        return {}


def _facts_in(found: Mapping[str, Any]) -> MessageFacts:
    return MessageFacts(
        message=message_of(found.get("message")),
        from_me=found.get("from_me") is True,
        ack=next((ack for ack in Ack if ack.value == found.get("ack")), Ack.NONE),
        not_on_whatsapp=found.get("not_on_whatsapp") is True,
        why=next((why for why in GatewayErrorCode if why.value == found.get("why")), None),
        edit=_dated(found.get("edit")),
        ours=_dated(found.get("ours")),
        theirs=_dated(found.get("theirs")),
        deleted=found.get("deleted") is True,
        transcript=as_str(found.get("transcript"), MAX_TRANSCRIPT),
    )


def merger(news: MessageFacts) -> Callable[[str], Body]:
    """How a stored body grows by these facts. What a newer version wrote beside them stays, unless
    the message is deleted."""

    def grown(body: str) -> Body:
        values = _values_in(body)
        whole = merge_facts(_facts_in(values), news)
        newer = {} if whole.deleted else {name: values[name] for name in values.keys() - _NAMES}
        return Body(facts_json(whole, newer), float(whole.message.at) if whole.message else 0.0, whole.from_me)

    return grown


def _one_of(one: GatewayErrorCode | None, other: GatewayErrorCode | None) -> GatewayErrorCode | None:
    """Of two reasons any will do if it is always the same."""
    return max(one, other, key=lambda why: why.value) if one and other else one or other


def _newer(one: Dated | None, other: Dated | None) -> Dated | None:
    return max(one, other) if one and other else one or other


def _fuller(one: Message | None, other: Message | None) -> Message | None:
    """A gateway may tell of a message twice (as sent by its API, and as seen on WhatsApp): the
    edited one is newer, one with its file knows more, and of what is left any choice will do if it
    is always the same. It was written at the earliest time told: some gateways date a message by
    when they read it, or when it was edited."""
    if one is None or other is None:
        return one or other
    return replace(max(one, other, key=_fullness), at=min(one.at, other.at))


def _fullness(message: Message) -> tuple[str, bool, bool, bool, bool, str]:
    """What a deletion leaves comes first, so that it does not matter whether it came before or
    after the choice."""
    written = json.dumps(message_values(replace(message, at=0)), sort_keys=True)
    left = message.ref, message.from_me
    return *left, message.edited, message.media is not None, message.quote is not None, written


def _without_content(message: Message | None, deleted: bool) -> Message | None:
    """What was taken back is not kept either."""
    if message is None or not deleted:
        return message
    return Message(message.id, message.ref, message.at, message.from_me, "")


def _dated(value: Any) -> Dated | None:
    found = as_list(value)
    return (as_unix_seconds(found[0]), as_str(found[1])) if len(found) == 2 else None
