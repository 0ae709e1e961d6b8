"""A conversation as the text of a comment (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from widget.bitrix24.bbcode import from_whatsapp, without_tags
from widget.chats.bubbles import Bubble
from widget.i18n import catalogue

MAX_MESSAGE = 2000
# Bytes of one comment, the newest messages: the column takes 65,535 and loses the rest without a
# word.
MAX_COMMENT = 60_000
_INDENT = "\n" + 3 * "\N{NO-BREAK SPACE}"  # so that no line of a message looks like one of another writer


@dataclass(frozen=True)
class Talk:
    """A conversation. `others` is how many other deals of the client might have been meant."""

    line: str
    client: str
    others: int
    bubbles: Sequence[Bubble]
    writers: Mapping[str, str]  # who sent a message of ours, by its id


def text_of(talk: Talk, mark: str, *, language: str, zone: str) -> str:
    """As BB code. The first line ends with `mark`."""
    gettext, ngettext = catalogue(language).gettext, catalogue(language).ngettext
    head = [f"WhatsApp · {without_tags(talk.client)} · {without_tags(talk.line)} · {mark}"]
    if talk.others:
        words = ngettext(
            "The client has %(num)s more deal; this is the newest one.",
            "The client has %(num)s more deals; this is the newest one.",
            talk.others,
        )
        head.append(words % {"num": talk.others})
    said = [_said(bubble, talk, gettext, zone) for bubble in talk.bubbles]
    shown = _newest(said)
    if len(shown) < len(said):
        head.append(gettext("Earlier messages that are left out: %(num)s") % {"num": len(said) - len(shown)})
    return "\n".join([*head, *shown])


def _newest(said: Sequence[str]) -> Sequence[str]:
    """As many as there is room for."""
    room = MAX_COMMENT
    for place in range(len(said) - 1, -1, -1):
        room -= len(said[place].encode("utf-8", "replace")) + 1
        if room < 0:
            return said[place + 1 :]
    return said


def _said(bubble: Bubble, talk: Talk, gettext: Callable[[str], str], zone: str) -> str:
    ours, client = talk.writers.get(bubble.id) or gettext("We"), gettext("Client")
    words = gettext("(deleted)") if bubble.deleted else _words(bubble)
    return f"{_clock(bubble.at, zone)} {without_tags(ours) if bubble.from_me else client}: {words}"


def day_of(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone) if zone else UTC).date().isoformat()


def _clock(at: float, zone: str) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone) if zone else UTC):%d.%m %H:%M}"


def _words(bubble: Bubble) -> str:
    file = f"📎 {without_tags(bubble.media.name or bubble.media.kind)}" if bubble.media else ""
    place = "📍 {:.5f}, {:.5f}".format(*bubble.place) if bubble.place else ""
    text = from_whatsapp(bubble.text[:MAX_MESSAGE]).strip().replace("\n", _INDENT)
    return " ".join(part for part in (file, place, text) if part) or "…"
