"""What a page shows beside an open chat: its owner, since when its client waits, who types, and the
client's other chats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from widget.chats.colleagues import Colleagues
from widget.chats.ignoring import may_heed
from widget.context import CardContext
from widget.storage.building import Repositories
from widget.storage.chats import Chat
from widget.storage.ignores import Ignored
from widget.storage.lines import Line
from widget.storage.staff import Employee

NO_EMPLOYEE = Employee(0, "", active=True)


@dataclass(frozen=True)
class Wait:
    """A chat with its line, its owner and how long its client waits; `minutes` is None where none
    waits."""

    chat: Chat
    line: Line
    owner: Employee
    minutes: int | None
    late: bool

    @property
    def to_take(self) -> bool:
        """Whether the chat has no owner."""
        return not self.owner.user_id or not self.owner.active


@dataclass(frozen=True)
class Beside:
    """`waived` is who said that no reply is needed, `taken_by` who took the chat from this user."""

    wait: Wait
    user_id: int
    admin: bool
    waived: Employee | None
    taken_by: Employee | None
    writes: Employee | None
    others: tuple[Wait, ...]
    staff: tuple[Employee, ...]
    ignored: bool = False  # nothing new of the client is stored
    heeds: bool = False  # and this user may take that back

    @property
    def mine(self) -> bool:
        return self.wait.owner.user_id == self.user_id


class BesideReader:
    def __init__(self, stored: Repositories, colleagues: Colleagues, clock: Callable[[], float]) -> None:
        self._stored = stored
        self._waits = stored.conversations.waits
        self._colleagues = colleagues
        self._clock = clock

    def of(self, context: CardContext, line: Line, chat: Chat) -> Beside:
        """What is beside this chat. One query, a second where the chat was taken from others, and
        one round trip."""
        who, limit = context.viewer.user_id, context.portal.waiting_minutes
        writer = self._colleagues.who_writes(chat, who)
        ignored = self._ignored(chat)
        waived = chat.waived_by and not chat.waiting_since and chat.waived_at >= chat.theirs_at
        return Beside(
            wait=self.wait(chat, line, limit_minutes=limit),
            user_id=who,
            admin=context.viewer.admin,
            waived=self._employee(chat.portal_id, chat.waived_by) if waived else None,
            taken_by=self.owner(chat) if self._waits.is_taken_from(chat, who) else None,
            writes=self._employee(chat.portal_id, writer) if writer else None,
            others=tuple(self._others(context, chat)),
            staff=self.employees(chat.portal_id) if context.viewer.admin else (),
            ignored=bool(ignored),
            heeds=any(may_heed(context.viewer, each) for each in ignored),
        )

    def wait(self, chat: Chat, line: Line, *, limit_minutes: int) -> Wait:
        """The chat's owner and wait. One query, none where the portal's employees are
        remembered."""
        waits = self._clock() - chat.waiting_since if chat.waiting_since else None
        minutes = None if waits is None else max(0, int(waits // 60))
        late = minutes is not None and minutes >= limit_minutes
        return Wait(chat, line, self.owner(chat), minutes, late)

    def owner(self, chat: Chat) -> Employee:
        """Who answers the chat, NO_EMPLOYEE if it has no owner. One query, none where employees are
        remembered."""
        return self._employee(chat.portal_id, chat.owner_id)

    def employees(self, portal_id: int) -> tuple[Employee, ...]:
        """Those who work there and have been seen here, by name. No query where they are
        remembered."""
        active: Sequence[Employee] = [each for each in self._stored.staff.of(portal_id).values() if each.active]
        return tuple(sorted(active, key=lambda each: each.name))

    def _employee(self, portal_id: int, user_id: int) -> Employee:
        """An employee whose name is not stored has an empty one."""
        if not user_id:
            return NO_EMPLOYEE
        return self._stored.staff.of(portal_id).get(user_id, Employee(user_id, "", active=True))

    def _others(self, context: CardContext, chat: Chat) -> list[Wait]:
        """The client's other chats that this user may read and that have messages. One query."""
        lines, limit = {each.id: each for each in context.readable}, context.portal.waiting_minutes
        known = self._stored.chats.of_phones(chat.portal_id, [chat.client])
        others = [each for each in known if each.id != chat.id and each.written and each.line_id in lines]
        return [self.wait(each, lines[each.line_id], limit_minutes=limit) for each in others]

    def _ignored(self, chat: Chat) -> list[Ignored]:
        """Why the chat's client is ignored on its line, [] where they are not. One query where they
        are."""
        ignores, names = self._stored.ignores, {chat.client, *chat.chat_ids}
        if not ignores.ignores(chat.portal_id, chat.line_id, names):
            return []
        return ignores.of_clients(chat.portal_id, names, [chat.line_id])
