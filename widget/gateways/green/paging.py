"""Pages of a history that has none: GREEN-API gives the newest so many messages of a chat, and
nothing else.

Each page is therefore cut out of a journal that begins at the newest message. It is cut at the
oldest message that was shown, by its time and id and not by its place: places move when messages
arrive. Since all that is newer is read again, an edit or a reaction is known even where the message
is on a later page than it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from widget.gateways.base import GatewayError, GatewayErrorCode, Message, Page
from widget.gateways.green.messages import MAX_ID, id_of, messages_of
from widget.untrusted import as_dict, as_unix_seconds

MAX_JOURNAL_ITEMS = 1000  # items of one journal; what is older is on the phone
SLACK = 30  # items that are not messages (reactions, edits), and messages that came since the page before


@dataclass(frozen=True)
class Cursor:
    """Below the message `message_id` of the second `at`; `count` is how many items the page before
    needed."""

    count: int = 0
    at: int = 0
    message_id: str = ""

    @classmethod
    def read(cls, cursor: str | None) -> "Cursor":
        """Raises GatewayError for what is not a cursor of ours: a browser gives it back to us."""
        if cursor is None:
            return cls()
        count, _, rest = cursor.partition(":")
        at, _, message_id = rest.partition(":")
        numbers = all(part.isascii() and part.isdecimal() and len(part) < 12 for part in (count, at))
        if not numbers or len(message_id) > MAX_ID:
            raise GatewayError(GatewayErrorCode.MALFORMED)
        return cls(min(int(count), MAX_JOURNAL_ITEMS), int(at), message_id)

    def __str__(self) -> str:
        return f"{self.count}:{self.at}:{self.message_id}"

    def count_for(self, limit: int) -> int:
        """How many items to ask for so that a page of this length should be among them."""
        return min(self.count + limit + SLACK, MAX_JOURNAL_ITEMS)


def page_of(journals: Sequence[Sequence[Any]], where: Cursor, count: int, limit: int) -> Page:
    """The page below `where`, out of the journals of one chat's ids, each of which was asked for
    `count` items.

    A journal that came full may go on: what another one has from before that point is left for the
    next page. So a page may come short or even empty and still be continued, but never loses a
    message.
    """
    unfinished = [journal for journal in journals if len(journal) >= count]
    messages = _merged(journals)
    if len(journals) > 1 and unfinished:
        reaches = max(_oldest(journal) for journal in unfinished)
        messages = [message for message in messages if message.at > reaches]
    older = _below(messages, where)
    shown = older[:limit]
    if len(older) <= limit and (not unfinished or count >= MAX_JOURNAL_ITEMS):
        return Page(tuple(shown), None)
    last = shown[-1] if shown else None
    further = Cursor(
        count=max((_items_down_to(journal, last) for journal in journals), default=0) if last else count,
        at=last.at if last else where.at,
        message_id=last.id if last else where.message_id,
    )
    return Page(tuple(shown), str(further))


def _merged(journals: Sequence[Sequence[Any]]) -> list[Message]:
    """Newest first, each message once; within one second in the order of the journals."""
    unique = {message.id: message for journal in journals for message in messages_of(journal)}
    return sorted(unique.values(), key=lambda message: -message.at)


def _below(messages: Sequence[Message], where: Cursor) -> list[Message]:
    if not where.at:
        return list(messages)
    place = next((n for n, m in enumerate(messages) if m.at == where.at and m.id == where.message_id), None)
    if place is not None:
        return list(messages[place + 1 :])
    # The journal has dropped it. Its second is shown again rather than skipped: the page knows
    # messages by their ids.
    return [message for message in messages if message.at <= where.at]


def _oldest(journal: Sequence[Any]) -> int:
    """The time down to which this journal is complete."""
    return min((int(at) for item in journal if (at := as_unix_seconds(as_dict(item).get("timestamp")))), default=0)


def _items_down_to(journal: Sequence[Any], last: Message) -> int:
    """How many items of this journal are not older than that message."""
    return sum(
        as_unix_seconds(as_dict(item).get("timestamp")) >= last.at or id_of(as_dict(item).get("idMessage")) == last.id
        for item in journal
    )
