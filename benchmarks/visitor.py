"""The browser's part: what static/card/card.js sends when a card is opened, revealed and
checked."""

import itertools
import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks import stub
from benchmarks.http import HttpMessage, request
from benchmarks.load import Connection
from widget.session import Launch, SessionTokens

USER = 7
JSON = "application/json"
ANSWERED = re.compile(rb'data-presence="(?:yes|no)"')
ASK = re.compile(rb'data-ask="([^"]+)"')
TICKET = re.compile(r'data-opening="([^"]+)"')

_cards = itertools.count(1)


@dataclass(frozen=True)
class HiddenCard:
    """A hidden card on a screen: which it is, and the ticket it was opened with."""

    card: int
    ticket: str


def hidden_page(session_tokens: SessionTokens, portal: int, *, token: str = "known", card: int = 0) -> HiddenCard:
    """A page as POST /placement leaves it, without asking for it. The same token again is one that
    was proved."""
    card = card or next_card()
    return HiddenCard(card, session_tokens.encrypt_launch(_opening(portal, token, card)))


def next_card() -> int:
    """A card that was not asked for yet: it is cold everywhere."""
    return next(_cards)


def placement(portal: int, card: int, *, token: str = "known") -> bytes:
    """What Bitrix24 posts into the frame."""
    opening = _opening(portal, token, card)
    query = urlencode({"DOMAIN": opening.domain, "PROTOCOL": "0", "LANG": "ru", "APP_SID": "0" * 32})
    form = {
        "AUTH_ID": opening.access_token,
        "REFRESH_ID": opening.refresh_token,
        "AUTH_EXPIRES": "3600",
        "member_id": opening.member_id,
        "PLACEMENT": "CRM_DEAL_DETAIL_TAB",
        "PLACEMENT_OPTIONS": json.dumps({"ID": str(card)}),
    }
    body = urlencode(form).encode()
    return request("POST", f"/placement?{query}", body, content_type="application/x-www-form-urlencoded")


def reveal(*, opening: str = "", session: str = "") -> bytes:
    who = {"X_Session": session} if session else {"X_Opening": opening}
    return request("POST", "/card", b'{"pressed":true}', content_type=JSON, **who)


def check(keys: list[str], session: str) -> bytes:
    body = json.dumps({"keys": keys, "line": None}).encode()
    return request("POST", "/card/check", body, content_type=JSON, X_Session=session)


async def see(connection: Connection, page: HiddenCard) -> bool:
    """Reveal a card and have its unknown numbers checked. True if every number got an answer."""
    revealed = await connection.ask(reveal(opening=page.ticket))
    if revealed.status != 200:
        return False
    keys = to_ask(revealed)
    if not keys:
        return complete(revealed)
    return complete(await connection.ask(check(keys, revealed.headers["x-session"])))


def to_ask(revealed: HttpMessage) -> list[str]:
    found = ASK.search(revealed.body)
    return found[1].decode().split() if found else []


def complete(drawn: HttpMessage) -> bool:
    return drawn.status == 200 and len(ANSWERED.findall(drawn.body)) == stub.PHONES


def _opening(portal: int, token: str, card: int) -> Launch:
    return Launch(
        member_id=stub.member_of(portal),
        domain=stub.domain_of(portal),
        access_token=f"{portal}.{USER}.{token}",
        refresh_token="refresh",
        expires_in=3600,
        entity_type_id=2,
        entity_id=card,
        language="ru",
    )
