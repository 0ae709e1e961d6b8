"""One message of every kind that a reader must be able to draw, as the last talks of a long
chat."""

from dataclasses import dataclass

from sandbox.gateway import media
from sandbox.gateway.model import SandboxAck, SandboxMedia, SandboxReaction


@dataclass
class ScriptedMessage:
    """A message before it has a time and an id. `quotes` counts back: 1 is the one just before."""

    from_me: bool
    text: str = ""
    media: SandboxMedia | None = None
    quotes: int = 0
    reactions: tuple[SandboxReaction, ...] = ()
    edited: bool = False
    revoked: bool = False
    unread: bool = False
    stuck: SandboxAck | None = None


CLIENT, LINE = False, True
LONG_LINK = (
    "https://example.com/catalog/windows/profile-70/window-1400x1600?colour=white&glass=energy&handle=silver"
    "&utm_source=whatsapp&utm_medium=manager&utm_campaign=spring-2026&session=b1f0c3d2e4a59687786950a4b3c2d1e0f"
)

HIGHLIGHTS: tuple[tuple[ScriptedMessage, ...], ...] = (
    (
        ScriptedMessage(CLIENT, "Вот так сейчас выглядит большое окно", media.photo(3)),
        ScriptedMessage(CLIENT, media=media.photo(5)),
        ScriptedMessage(LINE, "Вижу, рама рассохлась. Меняем целиком", quotes=2),
        ScriptedMessage(CLIENT, "Согласен", reactions=(SandboxReaction(LINE, "👍"),)),
        ScriptedMessage(LINE, "Коммерческое предложение во вложении", media.offer()),
        ScriptedMessage(CLIENT, "Получил, изучаю", quotes=1),
        ScriptedMessage(CLIENT, media=media.voice(14)),
        ScriptedMessage(LINE, "Прослушала. Да, отлив входит в стоимость", quotes=1),
    ),
    (
        ScriptedMessage(LINE, "Монтаж в четверг, 15-го", edited=True),
        ScriptedMessage(LINE, "", revoked=True),
        ScriptedMessage(CLIENT, "", revoked=True),
        ScriptedMessage(
            CLIENT, "Четверг подходит 🎉", reactions=(SandboxReaction(LINE, "❤️"), SandboxReaction(CLIENT, "😂"))
        ),
        ScriptedMessage(CLIENT, "Видео с объекта", media.lost_video(32)),
        ScriptedMessage(LINE, f"Такая модель: {LONG_LINK}"),
        ScriptedMessage(CLIENT, "<b>hi</b> <script>alert(1)</script>"),
        ScriptedMessage(LINE, "Извините, не поняла сообщение 🙂", quotes=1),
        ScriptedMessage(CLIENT, "Это сын с телефоном играл 😂🙈👨‍👩‍👧‍👦"),
        ScriptedMessage(LINE, "Ничего страшного! Адрес доставки прежний?", stuck=SandboxAck.ERROR),
    ),
    (
        ScriptedMessage(LINE, "Иван, добрый день! Адрес доставки прежний:\nБлаговещенск, Ленина 27?"),
        ScriptedMessage(CLIENT, "Да, всё так же"),
        ScriptedMessage(LINE, "Отлично. Итого 12 окон, 286 400 ₽, монтаж два дня", media.photo(1)),
        ScriptedMessage(CLIENT, "Хорошо"),
        ScriptedMessage(CLIENT, "А подоконники можно шире, 350 мм?", unread=True),
    ),
)
