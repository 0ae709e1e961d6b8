"""A conversation as the text of a comment (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from widget.chats.bubbles import Bubble
from widget.i18n import catalogue

MOST = 300  # messages of one comment, the newest
MAX_MESSAGE = 2000


@dataclass(frozen=True)
class Conversation:
    """`mark` is unique for the comment: by it a comment whose answer was lost is found. `others` is how many other
    deals of the client might have been meant."""

    mark: str
    line: str
    number: str
    others: int
    bubbles: Sequence[Bubble]
    writers: Mapping[str, str]  # who sent a message of ours, by its id


def text_of(conversation: Conversation, *, language: str, zone: str) -> str:
    gettext, ngettext = catalogue(language).gettext, catalogue(language).ngettext
    client, ours = gettext("Client"), gettext("We")
    bubbles = list(conversation.bubbles)[-MOST:]
    lines = [f"WhatsApp · {conversation.number} · {conversation.line} · {conversation.mark}"]
    if conversation.others:
        told = ngettext(
            "The client has %(num)s more deal; this is the newest one.",
            "The client has %(num)s more deals; this is the newest one.",
            conversation.others,
        )
        lines.append(told % {"num": conversation.others})
    left_out = len(conversation.bubbles) - len(bubbles)
    if left_out:
        lines.append(gettext("Earlier messages that are left out: %(num)s") % {"num": left_out})
    for bubble in bubbles:
        who = conversation.writers.get(bubble.id, ours) if bubble.from_me else client
        lines.append(f"{_clock(bubble.at, zone)} {who}: {_words(bubble, gettext('deleted'))}")
    return "\n".join(lines)


def day_of(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone) if zone else UTC).date().isoformat()


def _clock(at: float, zone: str) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone) if zone else UTC):%d.%m %H:%M}"


def _words(bubble: Bubble, deleted: str) -> str:
    if bubble.deleted:
        return f"({deleted})"
    file = f"📎 {bubble.media.name or bubble.media.kind}" if bubble.media else ""
    place = "📍 {:.5f}, {:.5f}".format(*bubble.place) if bubble.place else ""
    return " ".join(part for part in (file, place, bubble.text[:MAX_MESSAGE]) if part) or "…"
