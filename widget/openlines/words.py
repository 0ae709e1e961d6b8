"""What we ourselves say in an open line's chat, in the portal's language (pure)."""

from datetime import UTC, datetime

from widget.bitrix24.country import language_in
from widget.gateways.base import Message
from widget.i18n import catalogue
from widget.openlines.markup import to_portal
from widget.storage.portals import Portal

LATE_SECONDS = 300.0  # the portal dates a message by when it comes: an older one says itself when it was written
MAX_QUOTE = 120
PARTLY = "partly:"


def of_message(portal: Portal, message: Message, now: float) -> str:
    """The text of a client's message. A file comes beside it, not in it."""
    gettext = catalogue(language_in(portal)).gettext
    lines = [late(message.at, now)]
    if message.quote and message.quote.text:
        lines.append(f">>{to_portal(' '.join(message.quote.text.split())[:MAX_QUOTE])}")
    lines.append(to_portal(message.text))
    if message.place:
        latitude, longitude = message.place
        lines.append(f"https://maps.google.com/?q={latitude:.6f},{longitude:.6f}")
    for card in message.contacts:
        lines.append(
            gettext("Contact card: %(words)s")
            % {"words": to_portal(", ".join(filter(None, (card.name, *card.phones))))}
        )
    return "\n".join(line for line in lines if line)


def late(at: float, now: float) -> str:
    """When a message was written that comes late; "" for one that does not."""
    if not at or now - at < LATE_SECONDS:
        return ""
    return f"[{datetime.fromtimestamp(at, UTC):%d.%m.%Y %H:%M} UTC]"


def nothing_shown(portal: Portal) -> str:
    """Of a message of a kind that has no text: a sticker that cannot be fetched, a poll."""
    return catalogue(language_in(portal)).gettext("This type of message cannot be shown here. Look at the phone.")


def from_phone(portal: Portal, text: str) -> str:
    title = catalogue(language_in(portal)).gettext("Written on the phone")
    return f"{title}:\n{text}"


def from_colleague(portal: Portal, text: str) -> str:
    """What a colleague sent from a card, where it cannot stand as their own message."""
    title = catalogue(language_in(portal)).gettext("Sent from the card")
    return f"{title}:\n{text}"


def reaction(portal: Portal, emoji: str) -> str:
    gettext = catalogue(language_in(portal)).gettext
    taken_back, words = gettext("The client took a reaction back"), gettext("Reaction of the client: %(emoji)s")
    return words % {"emoji": emoji} if emoji else taken_back


def failure(portal: Portal, code: str) -> str:
    """Why a message did not go out, or not all of it; `code` is a Refusal's or a
    GatewayErrorCode's, behind PARTLY where some of the message is out."""
    gettext = catalogue(language_in(portal)).gettext
    reasons = {
        **dict.fromkeys(
            ("firsts_spent", "sends_spent", "checks_spent", "cannot_count"),
            gettext("the line has reached its limit of messages"),
        ),
        **dict.fromkeys(("line_off", "line_down"), gettext("the line is not connected to WhatsApp")),
        "line_restricted": gettext("WhatsApp lets the line start no new chats for now"),
        "not_on_whatsapp": gettext("the number is not on WhatsApp"),
        "too_large": gettext("the file is too large"),
        "file_type": gettext("this file type can't be sent"),
        **dict.fromkeys(("file_elsewhere", "file_gone"), gettext("the file could not be fetched")),
        "too_late": gettext("WhatsApp lets a message be changed for a while only"),
        "unsupported": gettext("the line's gateway cannot do that"),
        "late": gettext("it was lost for too long, write it again if it still holds"),
    }
    reason = {"reason": reasons.get(code.removeprefix(PARTLY)) or gettext("the gateway refused it")}
    if code.removeprefix(PARTLY) == "missing":
        return gettext("It is unclear whether this was sent to WhatsApp, look at the phone.")
    if code.startswith(PARTLY):
        return gettext("Only a part of it was sent to WhatsApp, look at the phone: %(reason)s.") % reason
    return gettext("Not delivered to WhatsApp: %(reason)s.") % reason
