"""The histories that a fresh gateway has: made from people.CLIENTS, the same on every reset but for
the clock."""

import pickle
import random
from dataclasses import replace
from functools import lru_cache
from itertools import cycle, islice

from sandbox.gateway import dialogues, media, noise
from sandbox.gateway.directory import home_id
from sandbox.gateway.highlights import HIGHLIGHTS, ScriptedMessage
from sandbox.gateway.model import SandboxChat, SandboxMessage
from sandbox.people import ANNA, CLIENTS, HIDDEN, OLEG, ON_GREEN, RUSTAM, KnownNumber

DAY = 86_400
MADE_FOR = 600  # seconds
WITH_HIGHLIGHTS = 100  # chats at least this long end with one message of every kind
PHOTO_EVERY = 29
DAYS = ("понедельник", "среду", "четверг", "пятницу", "субботу")
_SCRIPTS = {
    ANNA.phone: dialogues.GERMAN,
    RUSTAM.phone: dialogues.UZBEK_RUSSIAN,
    HIDDEN.phone: dialogues.HIDDEN,
}
# Clients who write to a second line too.
_ALSO = {"branch": (replace(ANNA, chat=18), RUSTAM, replace(OLEG, chat=60))}


def chats_of(line: str, now: float) -> dict[str, SandboxChat]:
    """All chats that a line has at the start. Made once in MADE_FOR, as every reset asks for
    them."""
    chats: dict[str, SandboxChat] = pickle.loads(_made(line, now // MADE_FOR * MADE_FOR))
    return chats


@lru_cache(maxsize=16)
def _made(line: str, now: float) -> bytes:
    seeded = [_chat(client, now) for client in (*CLIENTS, *ON_GREEN) if client.chat and client.line == line]
    seeded += [_chat(client, now, also=line) for client in _ALSO.get(line, ())]
    if line in ("sales", "branch"):
        seeded += noise.chats(now)
    return pickle.dumps({chat.id: chat for chat in seeded})


def _chat(client: KnownNumber, now: float, *, also: str = "") -> SandboxChat:
    rng = random.Random(home_id(client) + also)
    talks = _talks(client, rng)
    chat = SandboxChat(home_id(client), client.name)
    for draft, at in zip((draft for talk in talks for draft in talk), _times(talks, rng, now), strict=True):
        chat.messages.append(_message(draft, at, chat, rng))
    return chat


def _talks(client: KnownNumber, rng: random.Random) -> list[list[ScriptedMessage]]:
    """Conversations that together have exactly the wanted number of messages."""
    closing = [list(talk) for talk in HIGHLIGHTS] if client.chat >= WITH_HIGHLIGHTS else []
    left = client.chat - sum(map(len, closing))
    talks = []
    for script in cycle(_SCRIPTS.get(client.phone, dialogues.RUSSIAN).strip().split("\n\n")):
        if left <= 0:
            break
        about = _particulars(client, rng)
        lines = islice(script.splitlines(), left)
        talk = [ScriptedMessage(line.startswith(">"), line[2:].format(**about)) for line in lines]
        left -= len(talk)
        talks.append(talk)
    spoken = [draft for talk in talks for draft in talk]
    for number, draft in enumerate(spoken[PHOTO_EVERY - 1 :: PHOTO_EVERY]):
        draft.media = media.photo(number)
    return talks + closing


def _particulars(client: KnownNumber, rng: random.Random) -> dict[str, str | int]:
    """What one talk is about; from five on every Russian noun has the same form."""
    return {
        "name": client.name.split()[0],
        "n": rng.randint(5, 14),
        "minutes": rng.randrange(10, 50, 5),
        "day": rng.choice(DAYS),
        "price": f"{rng.randint(38, 420)} {rng.randrange(0, 1000, 50):03}",
        "euro": f"{rng.randint(2, 19)}.{rng.randrange(0, 1000, 10):03}",
        "order": rng.randint(1100, 9800),
    }


def _times(talks: list[list[ScriptedMessage]], rng: random.Random, now: float) -> list[int]:
    """When each message was written. The newest talk ended some hours ago, each before it days
    earlier.

    Some follow within the same second, so that paging by time alone would lose them.
    """
    end = int(now) - rng.randint(2 * 3600, 4 * 3600)
    times: list[int] = []
    for talk in reversed(talks):
        gaps = [0 if rng.random() < 0.1 else rng.randint(4, 260) for _ in talk[1:]]
        backwards = [end]
        for gap in gaps:
            backwards.append(backwards[-1] - gap)
        times += backwards
        midnight = backwards[-1] // DAY * DAY
        end = midnight - rng.randint(1, 4) * DAY + rng.randint(7 * 3600, 15 * 3600)
    return times[::-1]


def _message(draft: ScriptedMessage, at: int, chat: SandboxChat, rng: random.Random) -> SandboxMessage:
    ours = draft.from_me
    return SandboxMessage(
        id=f"{'3EB0' if ours else '3A'}{rng.getrandbits(72):018X}",
        chat_id=chat.id,
        at=at,
        from_me=ours,
        text=draft.text,
        media=draft.media,
        quoted=chat.messages[-draft.quotes] if draft.quotes else None,
        reactions=list(draft.reactions),
        edited=draft.edited,
        revoked=draft.revoked,
        seen=not draft.unread,
        stuck=draft.stuck,
    )
