"""GREEN-API's journal items as messages of ours. A webhook's content is brought into the same shape
first.

Sources: green-api.com/en/docs/api/journals/GetChatHistory and …/receiving/notifications-format/*.
Reactions, edits and deletions stand in a journal as items of their own, beside the messages they
are about.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from widget.gateways.base import Ack, ContactCard, Media, Message, Quote
from widget.gateways.content import MEDIA_PARTS, moment_of, place_of, plain_mimetype, thumbnail_of
from widget.gateways.names import person_in
from widget.gateways.vcards import cards_of
from widget.untrusted import as_dict, as_list, as_str

# statusMessage of a journal, status of a webhook.
ACKS = {
    "pending": Ack.PENDING,
    "sent": Ack.SENT,
    "delivered": Ack.DELIVERED,
    "read": Ack.READ,
    "failed": Ack.FAILED,
    "noAccount": Ack.FAILED,
    "notInGroup": Ack.FAILED,
    "yellowCard": Ack.PENDING,  # suspended; it stays in the queue for 24 hours
}
MAX_ID = 120  # as long as storage keeps
MAX_EMOJI = 16
VOTE = "pollUpdateMessage"  # a vote: it repeats the poll, which is nothing that they wrote
# What the client chose, by the parts of a message with buttons or a list
# (…/notifications-format/incoming-message).
CHOSEN = (
    ("templateButtonReplyMessage", "selectedDisplayText"),
    ("templateButtonsReplyMessage", "selectedDisplayText"),
    ("buttonsResponseMessage", "selectedButtonText"),
    ("interactiveButtonsResponse", "selectedDisplayText"),
    ("listResponseMessage", "title"),
)


def person_of(chat_id: Any) -> str:
    """The id of a chat with one person as GREEN-API's methods take it, "" for all others. Some
    instances write phones as WhatsApp itself does, and a device behind the number."""
    return person_in(chat_id, "c.us")


def messages_of(items: Iterable[Any]) -> list[Message]:
    """A journal's messages in its own order, newest first, with the reactions, edits and deletions
    among its items put onto the messages they are about."""
    everything = [raw for raw in items if isinstance(raw, dict)]
    found = {message.id: message for raw in everything if (message := message_of(raw)) is not None}
    reactions: dict[tuple[str, bool], str] = {}
    for raw in reversed(everything):  # oldest first: the last word of each side counts
        kind, target = change_of(raw)
        if kind == "reactionMessage":
            reactions[target, raw.get("type") == "outgoing"] = emoji_of(raw)
        elif kind and target in found:
            found[target] = _changed(found[target], kind, raw)
    for (target, _from_me), emoji in reactions.items():
        if emoji and target in found and not found[target].deleted:
            found[target] = replace(found[target], reactions=(*found[target].reactions, emoji))
    return list(found.values())


def message_of(raw: Any) -> Message | None:
    """None for what no chat shows: no id, no time, not an object, or a change of another
    message."""
    if not isinstance(raw, dict) or change_of(raw)[0]:
        return None
    message_id, at = id_of(raw.get("idMessage")), moment_of(raw.get("timestamp"))
    if not message_id or not at or raw.get("typeMessage") == VOTE:
        return None
    place = as_dict(raw.get("location"))
    from_me, deleted = raw.get("type") == "outgoing", raw.get("isDeleted") is True
    return Message(
        id=message_id,
        ref=message_id,
        at=int(at),
        from_me=from_me,
        text="" if deleted else words_of(raw),
        ack=ack_of(raw.get("statusMessage")) if from_me else Ack.NONE,
        media=None if deleted else _media(raw),
        quote=_quote(raw.get("quotedMessage"), raw.get("chatId")),
        edited=raw.get("isEdited") is True,
        deleted=deleted,
        place=place_of(place.get("latitude"), place.get("longitude")),
        contacts=() if deleted else _contacts(raw),
    )


def change_of(raw: Mapping[str, Any]) -> tuple[str, str]:
    """What an item changes, as (its type, the id of the message it is about); ("", "") for a
    message of its own."""
    kind = raw.get("typeMessage")
    if kind == "reactionMessage":
        return kind, id_of(as_dict(raw.get("quotedMessage")).get("stanzaId"))
    if kind == "editedMessage":
        return kind, id_of(as_dict(raw.get("editedMessageData")).get("stanzaId")) or id_of(raw.get("editedMessageId"))
    if kind == "deletedMessage":
        return kind, id_of(as_dict(raw.get("deletedMessageData")).get("stanzaId")) or id_of(raw.get("deletedMessageId"))
    return "", ""


def words_of(raw: Mapping[str, Any]) -> str:
    """What is written in a message, under a file or on a poll."""
    candidates = (
        raw.get("textMessage"),
        as_dict(raw.get("textMessageData")).get("textMessage"),
        as_dict(raw.get("extendedTextMessage")).get("text"),
        as_dict(raw.get("extendedTextMessageData")).get("text"),
        as_dict(raw.get("editedMessageData")).get("textMessage"),
        raw.get("caption"),
        as_dict(raw.get("pollMessageData")).get("name"),
        *(as_dict(raw.get(part)).get(name) for part, name in CHOSEN),
    )
    return next((text for one in candidates if (text := as_str(one))), "")


def emoji_of(raw: Mapping[str, Any]) -> str:
    """The emoji of a reaction; "" took it back."""
    return words_of(raw)[:MAX_EMOJI]


def ack_of(status: Any) -> Ack:
    return ACKS.get(as_str(status), Ack.NONE)


def id_of(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_ID else ""


def item_of_webhook(body: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook about a message in the shape of a journal's item."""
    content, sender = as_dict(body.get("messageData")), as_dict(body.get("senderData"))
    return {
        **content,
        **as_dict(content.get("fileMessageData")),
        "location": content.get("locationMessageData"),
        "contact": content.get("contactMessageData"),
        "contacts": as_dict(content.get("messageData")).get("contacts") or content.get("contacts"),
        "type": "incoming" if body.get("typeWebhook") == "incomingMessageReceived" else "outgoing",
        "idMessage": body.get("idMessage"),
        "timestamp": body.get("timestamp"),
        "chatId": sender.get("chatId"),
        # A message by the phone is at WhatsApp; one by the API has only come into the queue.
        "statusMessage": "sent" if body.get("typeWebhook") == "outgoingMessageReceived" else "pending",
    }


def _contacts(raw: Mapping[str, Any]) -> tuple[ContactCard, ...]:
    one = raw.get("contact")
    return cards_of(as_list(raw.get("contacts")) or ([one] if isinstance(one, dict) else []))


def _changed(message: Message, kind: str, raw: Mapping[str, Any]) -> Message:
    if kind == "deletedMessage":
        return replace(message, deleted=True, text="", media=None)
    return message if message.deleted else replace(message, edited=True, text=words_of(raw) or message.text)


def _media(raw: Mapping[str, Any]) -> Media | None:
    kind = MEDIA_PARTS.get(as_str(raw.get("typeMessage")))
    if kind is None:
        return None
    # Only a document's name is the client's own, the others are made up by GREEN-API
    # (…/ImageMessage).
    name = as_str(raw.get("fileName"), 200) if kind == "document" else ""
    thumbnail = thumbnail_of(raw.get("jpegThumbnail"))
    return Media(kind, plain_mimetype(raw.get("mimeType")), name, thumbnail=thumbnail)


def _quote(quoted: Any, chat_id: Any) -> Quote | None:
    if not isinstance(quoted, dict) or not quoted.get("stanzaId"):
        return None
    author = person_of(quoted.get("participant"))
    client = person_of(chat_id)
    alike = author and client and author.partition("@")[2] == client.partition("@")[2]
    return Quote(
        words_of(quoted)[:500],
        author != client if alike else None,  # a phone id and a LID may be one person
        has_media=as_str(quoted.get("typeMessage")) in MEDIA_PARTS,
    )
