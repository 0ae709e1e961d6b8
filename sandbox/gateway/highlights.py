"""One message of every kind that a reader must be able to draw, as the last talks of a long chat."""

from dataclasses import dataclass

from sandbox.gateway import media
from sandbox.gateway.model import Ack, Media, Reaction


@dataclass
class Draft:
    """A message before it has a time and an id. `quotes` counts back: 1 is the one just before."""

    from_me: bool
    text: str = ""
    media: Media | None = None
    quotes: int = 0
    reactions: tuple[Reaction, ...] = ()
    edited: bool = False
    revoked: bool = False
    unread: bool = False
    stuck: Ack | None = None


CLIENT, LINE = False, True
LONG_LINK = (
    "https://example.com/catalog/windows/profile-70/window-1400x1600?colour=white&glass=energy&handle=silver"
    "&utm_source=whatsapp&utm_medium=manager&utm_campaign=spring-2026&session=b1f0c3d2e4a59687786950a4b3c2d1e0f"
)

HIGHLIGHTS: tuple[tuple[Draft, ...], ...] = (
    (
        Draft(CLIENT, "Вот так сейчас выглядит большое окно", media.photo(3)),
        Draft(CLIENT, media=media.photo(5)),
        Draft(LINE, "Вижу, рама рассохлась. Меняем целиком", quotes=2),
        Draft(CLIENT, "Согласен", reactions=(Reaction(LINE, "👍"),)),
        Draft(LINE, "Коммерческое предложение во вложении", media.offer()),
        Draft(CLIENT, "Получил, изучаю", quotes=1),
        Draft(CLIENT, media=media.voice(14)),
        Draft(LINE, "Прослушала. Да, отлив входит в стоимость", quotes=1),
    ),
    (
        Draft(LINE, "Монтаж в четверг, 15-го", edited=True),
        Draft(LINE, "", revoked=True),
        Draft(CLIENT, "", revoked=True),
        Draft(CLIENT, "Четверг подходит 🎉", reactions=(Reaction(LINE, "❤️"), Reaction(CLIENT, "😂"))),
        Draft(CLIENT, "Видео с объекта", media.lost_video(32)),
        Draft(LINE, f"Такая модель: {LONG_LINK}"),
        Draft(CLIENT, "<b>hi</b> <script>alert(1)</script>"),
        Draft(LINE, "Извините, не поняла сообщение 🙂", quotes=1),
        Draft(CLIENT, "Это сын с телефоном играл 😂🙈👨‍👩‍👧‍👦"),
        Draft(LINE, "Ничего страшного! Адрес доставки прежний?", stuck=Ack.ERROR),
    ),
    (
        Draft(LINE, "Иван, добрый день! Адрес доставки прежний:\nБлаговещенск, Ленина 27?"),
        Draft(CLIENT, "Да, всё так же"),
        Draft(LINE, "Отлично. Итого 12 окон, 286 400 ₽, монтаж два дня", media.photo(1)),
        Draft(CLIENT, "Хорошо"),
        Draft(CLIENT, "А подоконники можно шире, 350 мм?", unread=True),
    ),
)
