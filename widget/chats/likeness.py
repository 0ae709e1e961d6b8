"""Whether a message at the gateway is one of our sends, by what it says and when (pure)."""

from mimetypes import guess_type

from widget.chats.cards import says
from widget.chats.files import is_voice_label, label_of
from widget.gateways.base import Message
from widget.storage.sends import Send

SAME_SEND = 120.0  # seconds within which an equal text from us is taken for the send whose answer was lost
CLOCKS_APART = 10.0  # seconds that the gateway's clock may be behind ours


def is_the_send(send: Send, message: Message) -> bool:
    """Whether a message of ours says what the send says, in its time."""
    return _alike(send, message) and -CLOCKS_APART < message.at - send.created_at < SAME_SEND


def _alike(send: Send, message: Message) -> bool:
    """Pictures, videos and voice have no name at WhatsApp: then the caption and the kind must
    do."""
    if message.place or message.contacts:
        return says(send.text, message.place, with_contacts=bool(message.contacts))
    if not message.media:
        return bool(send.text) and message.text == send.text
    if is_voice_label(send.text):
        return message.media.kind == "audio" and not message.text
    label, _, caption = send.text.partition("\n")
    name = label.removeprefix(label_of("", ""))
    if not name or name == label or message.text not in (caption, caption or name):
        return False
    if message.media.name:
        return message.media.name == name
    return (guess_type(name)[0] or "").partition("/")[0] == message.media.kind
