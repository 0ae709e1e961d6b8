"""What every real account has beside its clients, and a reader of clients' chats must leave out."""

from sandbox.gateway.model import SandboxChat, SandboxMessage

GROUP = "120363041234567890@g.us"
STATUS = "status@broadcast"
NEWSLETTER = "120363160031023229@newsletter"

COLLEAGUE = "79140003344@c.us"

_HOUR = 3600


def chats(now: float) -> list[SandboxChat]:
    """Newer than every client's chat, so that they stand first in the list."""
    return [
        _chat(GROUP, "Отдел продаж", now - _HOUR, ("Коллеги, планёрка в 10:00", "Кто поедет на объект?"), COLLEAGUE),
        _chat(STATUS, "", now - 1.2 * _HOUR, ("Скидки до конца недели!",), "79140001122@c.us"),
        _chat(NEWSLETTER, "Новости остекления", now - 1.5 * _HOUR, ("Новый ГОСТ на монтажные швы",), ""),
    ]


def _chat(chat_id: str, name: str, end: float, texts: tuple[str, ...], author: str) -> SandboxChat:
    messages = [
        SandboxMessage(
            f"3AFEED{n:014X}", chat_id, int(end) - 60 * (len(texts) - n), False, text, participant=author, seen=True
        )
        for n, text in enumerate(texts)
    ]
    return SandboxChat(chat_id, name, messages)
