"""Messages as the client sees them: mirrored, by days, without what never left the line."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.gateway.files import file_name
from sandbox.gateway.media import plays
from sandbox.gateway.model import SandboxAck, SandboxChat, SandboxMessage

_MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)

_KINDS = {"image": "Фото", "audio": "Голосовое сообщение", "video": "Видео"}


@dataclass(frozen=True)
class PhoneBubble:
    message: SandboxMessage
    time: str
    file: str  # its name at the gateway, empty without a file
    size: str

    @property
    def mine(self) -> bool:
        """The client's own, on the right: the mirror of the line's view."""
        return not self.message.from_me

    @property
    def plays(self) -> bool:
        """Whether what it has can be heard: any sound, and a voice message that WhatsApp can
        play."""
        media = self.message.media
        return media is not None and media.kind == "audio" and (plays(media) or not media.voice)

    @property
    def reacted(self) -> bool:
        """Whether the client has reacted to it."""
        return any(not one.from_me for one in self.message.reactions)

    @property
    def quote(self) -> str:
        return words_of(self.message.quoted) if self.message.quoted else ""


@dataclass
class PhoneDay:
    title: str
    bubbles: list[PhoneBubble] = field(default_factory=list)


def arrived(chat: SandboxChat | None, now: float) -> list[SandboxMessage]:
    """The messages that are on the client's phone: not those that failed or hang on the line's
    side."""
    return [message for message in chat.messages if message.ack(now) > SandboxAck.PENDING] if chat else []


def words_of(message: SandboxMessage) -> str:
    """One line that stands for the message: the words, or what kind of file it is."""
    if message.revoked:
        return "Сообщение удалено"
    media = message.media
    shown = "Геопозиция" if message.place else "Контакт" if message.contacts else ""
    return message.text or (media.filename or _KINDS.get(media.kind, "Файл") if media else shown)


def days_of(messages: list[SandboxMessage], now: float) -> list[PhoneDay]:
    """Times are those of this machine: the demo runs where it is looked at."""
    days: list[PhoneDay] = []
    for message in messages:
        moment = datetime.fromtimestamp(message.at).astimezone()
        title = _title(moment, datetime.fromtimestamp(now).astimezone())
        if not days or days[-1].title != title:
            days.append(PhoneDay(title))
        days[-1].bubbles.append(_bubble(message, moment))
    return days


def _bubble(message: SandboxMessage, moment: datetime) -> PhoneBubble:
    media = message.media
    file = file_name(message, media) if media and not media.lost else ""
    return PhoneBubble(message, f"{moment:%H:%M}", file, _size(len(media.content)) if media else "")


def _title(moment: datetime, now: datetime) -> str:
    ago = (now.date() - moment.date()).days
    if ago in (0, 1):
        return ("Сегодня", "Вчера")[ago]
    year = f" {moment.year}" if moment.year != now.year else ""
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year}"


def _size(length: int) -> str:
    return f"{length} Б" if length < 1024 else f"{length / 1024:.0f} КБ"
