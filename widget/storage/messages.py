"""What webhooks told about messages: one sealed body a message, which grows with every fact."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select, update

from widget.storage.database import RowRefused
from widget.storage.pruning import in_parts, prune
from widget.storage.schema import chats, messages
from widget.storage.secret_box import SecretBox
from widget.storage.transaction import transaction
from widget.storage.upsert import insert_into

MAX_ROWS = 300  # rows of one page of a chat
TRIES = 20  # writers that may be quicker than we are, one after the other


@dataclass(frozen=True)
class Body:
    """What is stored of a message: JSON, when it was written (0 until its message came), and whose
    it is."""

    text: str
    at: float
    from_me: bool

    def __repr__(self) -> str:
        return f"Body(at={self.at}, from_me={self.from_me})"


@dataclass(frozen=True)
class ChatEvidence:
    """What the messages of some ids say about a chat."""

    last_at: float
    incoming: bool


class Messages:
    def __init__(self, engine: Engine, secret_box: SecretBox, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._secret_box = secret_box
        self._clock = clock

    def grow(
        self, portal_id: int, line_id: int, chat_id: str, message_id: str, grown: Callable[[str], Body]
    ) -> tuple[str, str]:
        """Replace a message's body by what `grown` makes of it: its text before and after. Writes
        only a change.

        `grown` gets "" for a message that is new. It is called again when another writer was
        quicker, so that no fact of theirs is lost. Raises RowRefused for a portal or a line that is
        gone.
        """
        named = {"portal_id": portal_id, "line_id": line_id, "chat_id": chat_id, "message_id": message_id}
        mine = and_(*(messages.c[name] == value for name, value in named.items()))
        with transaction(self._engine) as connection:
            for _attempt in range(TRIES):
                row = connection.execute(select(messages.c.id, messages.c.body).where(mine)).first()
                before = self._secret_box.decrypt_or_empty(row.body) if row else ""
                after = grown(before)
                if row and after.text == before:
                    return before, before
                values = {
                    "at": after.at,
                    "from_me": after.from_me,
                    "body": self._secret_box.encrypt(after.text),
                    "changed_at": self._clock(),
                }
                if row:
                    same = and_(messages.c.id == row.id, messages.c.body == row.body)
                    written = connection.execute(update(messages).where(same).values(values)).rowcount
                else:  # another process may write the first row of this message meanwhile
                    new = insert_into(connection, messages).values(**named, **values).on_conflict_do_nothing()
                    written = len(connection.execute(new.returning(messages.c.id)).all())
                if written:
                    return before, after.text
        raise RowRefused("a message can neither be changed nor made")

    def of_chat(
        self,
        portal_id: int,
        line_id: int,
        chat_ids: Sequence[str],
        *,
        since: float = 0.0,
        before: float = float("inf"),
        named: Collection[str] = (),
    ) -> list[tuple[str, str]]:
        """Message id and body of each row of the messages that were written in this time or are
        named, of very many the newest. A message may have a row for each of its chat's ids, one
        with its text and one with its tick. One query.
        """
        of_chat = and_(
            messages.c.portal_id == portal_id, messages.c.line_id == line_id, messages.c.chat_id.in_(chat_ids)
        )
        in_time = [messages.c.at > 0, messages.c.at >= since]
        if before != float("inf"):
            in_time.append(messages.c.at < before)
        newest = select(messages.c.message_id).where(of_chat, *in_time).order_by(messages.c.at.desc()).limit(MAX_ROWS)
        query = select(messages.c.message_id, messages.c.body).where(
            of_chat, or_(messages.c.message_id.in_(newest), messages.c.message_id.in_(list(named)))
        )
        with transaction(self._engine) as connection:
            return [(row.message_id, self._secret_box.decrypt_or_empty(row.body)) for row in connection.execute(query)]

    def newest(self, portal_id: int, chats: Collection[tuple[int, str]], most: int) -> list[tuple[int, str, str, str]]:
        """Line, chat id, message id and body of the newest written messages of each chat, named by
        its line and what the gateway calls it. One query."""
        wanted: dict[int, list[str]] = {}
        for line_id, chat_id in chats:
            wanted.setdefault(line_id, []).append(chat_id)
        if not wanted:
            return []
        theirs = or_(*(and_(messages.c.line_id == line, messages.c.chat_id.in_(ids)) for line, ids in wanted.items()))
        of_chat = (messages.c.line_id, messages.c.chat_id)
        rank = func.row_number().over(partition_by=of_chat, order_by=messages.c.at.desc()).label("rank")
        ranked = select(messages.c.id, rank).where(messages.c.portal_id == portal_id, messages.c.at > 0, theirs)
        newest = ranked.subquery()
        query = select(*of_chat, messages.c.message_id, messages.c.body).join(newest, messages.c.id == newest.c.id)
        with transaction(self._engine) as connection:
            rows = connection.execute(query.where(newest.c.rank <= most)).all()
        return [(row.line_id, row.chat_id, row.message_id, self._secret_box.decrypt_or_empty(row.body)) for row in rows]

    def chat_ids_of(self, portal_id: int, line_id: int, message_id: str) -> tuple[str, ...]:
        """Under which ids of a chat something was told of this message. One query."""
        query = select(messages.c.chat_id).where(
            messages.c.portal_id == portal_id,
            messages.c.line_id == line_id,
            messages.c.message_id == message_id,
        )
        with transaction(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def bodies_of(self, portal_id: int, line_id: int, message_id: str) -> list[str]:
        """What was told of this message, under each id of its chat. One query."""
        mine = and_(
            messages.c.portal_id == portal_id, messages.c.line_id == line_id, messages.c.message_id == message_id
        )
        with transaction(self._engine) as connection:
            return [
                self._secret_box.decrypt_or_empty(body)
                for body in connection.execute(select(messages.c.body).where(mine)).scalars()
            ]

    def evidence(self, portal_id: int, line_id: int, chat_ids: Sequence[str]) -> ChatEvidence:
        """When the last message of these ids was written, and whether the client wrote any. One
        query."""
        theirs: ColumnElement[int] = func.count().filter(messages.c.from_me.is_(False))
        query = select(func.max(messages.c.at), theirs).where(
            messages.c.portal_id == portal_id,
            messages.c.line_id == line_id,
            messages.c.chat_id.in_(chat_ids),
            messages.c.at > 0,
        )
        with transaction(self._engine) as connection:
            last_at, incoming = connection.execute(query).one()
        return ChatEvidence(float(last_at or 0.0), bool(incoming))

    def wipe(self, before: float) -> int:
        """Forget what was written or last heard of before this time. Returns how many messages that
        were.

        That a client was answered may be known by these rows alone: it is noted in their chat
        first.
        """
        answered = and_(
            chats.c.waiting_since == 0,
            chats.c.theirs_at > chats.c.answered_at,
            chats.c.theirs_at > chats.c.waived_at,
            chats.c.theirs_at < before,
        )
        noted = update(chats).values(answered_at=chats.c.theirs_at, recounts=chats.c.recounts + 1)
        in_parts(self._engine, chats, answered, noted)
        written_before = and_(messages.c.at > 0, messages.c.at < before)
        return sum(prune(self._engine, messages, old) for old in (messages.c.changed_at < before, written_before))
