"""A chat that Evolution keeps in halves, as pages of one history.

Its own paging by number shifts as messages arrive. A page here is «not newer than the oldest second
seen, without what was seen of that second»: asked for is that much more, so that a page makes
progress in any order within a second is, which the database leaves open (channel.service.ts,
fetchMessages, orders by messageTimestamp alone). The cursor carries that second and short marks of
the messages seen in it.

Two things remain: an edit moves a message to the time of the edit, and a reaction is a message of
its own, shown on its target where both are in one answer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from widget.gateways.base import GatewayError, GatewayErrorCode, Page
from widget.gateways.evolution.messages import id_of, message_of, reaction_of, time_of
from widget.untrusted import MAX_UNIX_SECONDS, as_dict

MAX_SEEN = 300  # of one second; more there are not, and an address has an end
_CURSOR = re.compile(r"(\d{1,11}):((?:[0-9a-f]{8}(?:\.[0-9a-f]{8})*)?)", re.ASCII)


@dataclass(frozen=True)
class EvolutionPlace:
    """Where to go on: not newer than `before`, without what was `seen` of that second. 0 is the
    newest."""

    before: int = 0
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """The records of one id, newest first, and whether it has more."""

    records: tuple[dict[str, Any], ...]
    more: bool


def read_place(cursor: str | None) -> EvolutionPlace:
    """Raises GatewayError for a cursor that we did not write."""
    if cursor is None:
        return EvolutionPlace()
    found = _CURSOR.fullmatch(cursor) if len(cursor) <= 12 + 9 * MAX_SEEN else None
    if not found or not 0 < int(found[1]) < MAX_UNIX_SECONDS:
        raise GatewayError(GatewayErrorCode.MALFORMED)
    return EvolutionPlace(int(found[1]), frozenset(found[2].split(".")) - {""})


def where_before(place: EvolutionPlace) -> dict[str, Any]:
    """Both bounds, and as texts: with one alone Evolution asks for no time at all (measured)."""
    if not place.before:
        return {}
    until = datetime.fromtimestamp(place.before, UTC)
    return {"messageTimestamp": {"gte": "1970-01-01T00:00:00Z", "lte": f"{until:%Y-%m-%dT%H:%M:%SZ}"}}


def page_of(halves: Sequence[Found], place: EvolutionPlace, limit: int) -> Page:
    """The newest `limit` messages after the place, out of both halves."""
    by_id = {id_of(as_dict(record.get("key"))): record for half in halves for record in half.records}
    left = [
        record
        for message_id, record in by_id.items()
        if message_id and _follows(int(time_of(record)), _mark(message_id), place)
    ]
    left.sort(key=time_of, reverse=True)  # stable: within a second as Evolution gave them
    taken = left[:limit]
    reactions = _reactions([record for half in halves for record in half.records])
    messages = tuple(
        replace(message, reactions=reactions.get(message.id, ()))
        for record in taken
        if (message := message_of(record)) is not None
    )
    more = bool(taken) and (len(left) > limit or any(half.more for half in halves))
    return Page(messages, _cursor(taken, place) if more else None)


def _follows(at: int, mark: str, place: EvolutionPlace) -> bool:
    """Also against an Evolution that does not know the bounds and gives the newest again."""
    if not at or not place.before:
        return at > 0
    return at < place.before or (at == place.before and mark not in place.seen)


def _cursor(taken: Sequence[dict[str, Any]], place: EvolutionPlace) -> str:
    oldest = int(time_of(taken[-1]))
    seen = {_mark(id_of(as_dict(record.get("key")))) for record in taken if int(time_of(record)) == oldest}
    if oldest == place.before:
        seen |= place.seen
    if len(seen) > MAX_SEEN:
        return cursor_of(oldest - 1)
    return cursor_of(oldest, seen)


def cursor_of(at: int, seen: Iterable[str] = ()) -> str:
    """«Not newer than this second», without what was seen of it."""
    return f"{at}:{'.'.join(sorted(seen))}"


def _mark(message_id: str) -> str:
    return sha256(message_id.encode()).hexdigest()[:8]


def _reactions(records: Sequence[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The last reaction of each side by message id."""
    last: dict[str, dict[bool, str]] = {}
    for record in sorted(records, key=time_of, reverse=True):
        if (said := reaction_of(record)) is not None:
            about, from_me, emoji = said
            last.setdefault(about, {}).setdefault(from_me, emoji)
    return {about: tuple(emoji for emoji in sides.values() if emoji) for about, sides in last.items()}
