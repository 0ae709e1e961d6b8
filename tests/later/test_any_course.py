"""Whatever happens meanwhile, a message that waits goes out once at most, at its time, by day, and never unasked."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.stand import Clock, Widget
from widget.chats.service import ChatService
from widget.gateways.base import LineState, LineStatus
from widget.gateways.lines import Gateways
from widget.later.times import MORNING, at_wall
from widget.later.work import LATE, LaterWork, Stored
from widget.phones.hours import DEFAULT_HOURS
from widget.storage.chats import Chat
from widget.storage.scheduled import LEASE, Scheduled

ZONES = (("Asia/Yekaterinburg",), ("Europe/Berlin",), ("America/New_York",), ("Europe/Moscow", "Asia/Kamchatka"))
KEYS = ("key-1", "key-2")


class Killed(BaseException):
    """The worker's process ends here, and nothing after it runs."""


@dataclass
class World:
    """What the worker works with: the real table, and a gateway, a chat and a line that a course changes."""

    clock: Clock
    chat: Chat
    state: LineState = LineState.READY
    zones: tuple[str, ...] = ZONES[0]
    dies: str = ""  # before, after: in the next send
    out: list[tuple[str, float]] = field(default_factory=list)

    def draft(self, _line: object, _chat: Chat, *, send_key: str, user_id: int, name: str = "") -> Any:
        known = send_key if any(key == send_key for key, _at in self.out) else None
        return Draft(send_key, known)

    def send(self, draft: "Draft", _text: str) -> None:
        dies, self.dies = self.dies, ""
        if dies == "before":
            raise Killed
        if draft.known is None:
            self.out.append((draft.key, self.clock()))
        if dies == "after":
            raise Killed

    def known(self, _line: object) -> LineStatus:
        return LineStatus(self.state)


@dataclass(frozen=True)
class Draft:
    key: str
    known: str | None
    author: str = ""
    owner_id: int | None = None
    reply_to: object = None


Step = tuple[str, Any]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("time"), st.floats(60, 30 * 3600)),
        st.tuples(st.just("round"), st.sampled_from(["", "before", "after"])),
        st.tuples(st.just("line"), st.sampled_from([LineState.READY, LineState.OFFLINE, LineState.SCAN_QR])),
        st.tuples(st.just("zone"), st.sampled_from(ZONES)),
        st.tuples(st.just("client"), st.none()),
        st.tuples(st.just("yes"), st.sampled_from(KEYS)),
    ),
    min_size=6,
    max_size=24,
)
BEGINS = st.floats(datetime(2027, 3, 26, tzinfo=UTC).timestamp(), datetime(2027, 11, 8, tzinfo=UTC).timestamp())


@pytest.fixture
def table(widget: Widget) -> Iterator[Widget]:
    yield widget


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, BEGINS)
def test_no_course_sends_twice_early_at_night_or_unasked(table: Widget, steps: list[Step], begins: float) -> None:
    course = Course(table, begins)
    for name, what in steps:
        getattr(course, name)(what)
    course.holds()


class Course:
    """Two messages of one chat: one for the client's nine, one in an hour."""

    def __init__(self, widget: Widget, begins: float) -> None:
        services, portal = widget.services, widget.portals[0]
        self.stored, self.clock = services.storage.scheduled, widget.clock
        widget.clock.now = begins
        _empty(services.storage.engine)
        line = services.storage.lines.of(portal)[0]
        chat, _new = services.storage.chats.remember(portal, line.id, "+79123456789", user_id=2)
        self.world = World(widget.clock, chat)
        self.asked: dict[str, float] = {}  # since when what the client writes is news
        self.due = {"key-1": at_wall(self.world.zones, MORNING, begins, DEFAULT_HOURS), "key-2": begins + 3600}
        for key, wall in (("key-1", MORNING), ("key-2", "")):
            due = self.due[key]
            assert due
            self.asked[key] = begins
            self.stored.add(
                Scheduled(portal, line.id, chat.id, key, 2, "Anna", "Hi", due, begins, wall), per_hour=10
            )
        reads = Stored(
            self.stored,
            services.storage.kept_files,
            services.storage.portals,
            services.storage.lines,
            services.storage.settings,
            lambda _portal, _chat: self.world.chat,
        )
        world = cast(ChatService, SimpleNamespace(draft=self.world.draft, send=self.send))
        gateways = cast(Gateways, self.world)
        self.work = LaterWork(reads, world, gateways, lambda _phone: self.world.zones, DEFAULT_HOURS, widget.clock)

    def time(self, seconds: float) -> None:
        self.clock.forward(seconds)

    def round(self, dies: str) -> None:
        self.world.dies = dies
        try:
            self.work.go()
        except Killed:
            self.clock.forward(LEASE)  # before the next worker may have it
        self.world.dies = ""

    def line(self, state: LineState) -> None:
        self.world.state = state

    def zone(self, zones: tuple[str, ...]) -> None:
        self.world.zones = zones

    def client(self, _nothing: None) -> None:
        self.world.chat = replace(self.world.chat, theirs_at=self.clock())

    def yes(self, key: str) -> None:
        """The author, who is asked, puts it an hour later."""
        for message in self.stored.of_chat(self.world.chat.portal_id, self.world.chat.id):
            due = self.clock() + 3600
            if message.send_key == key and message.asks:
                assert self.stored.change(message, text="Hi", due_at=due, wall="", per_hour=10)
                self.due[key], self.asked[key] = due, self.clock()

    def send(self, draft: Draft, text: str) -> None:
        """What must be true at the moment of a send."""
        key, now = draft.key, self.clock()
        assert now >= (self.due[key] or 0.0), "early"
        assert self.world.state is LineState.READY
        assert self.world.chat.theirs_at <= self.asked[key], "the client had written"
        clocks = [datetime.fromtimestamp(now, ZoneInfo(zone)).hour for zone in self.world.zones]
        assert any(7 <= hour < 21 for hour in clocks), "at night"
        message = next(m for m in self.stored.of_chat(1, self.world.chat.id) if m.send_key == key)
        assert now <= message.due_at + LATE, "long after its time"
        self.world.send(draft, text)

    def holds(self) -> None:
        """Each went out once at most; what did not is still there, and no worker holds it for ever."""
        keys = [key for key, _at in self.world.out]
        assert len(keys) == len(set(keys)), "twice"
        left = {message.send_key for message in self.stored.of_chat(1, self.world.chat.id)}
        assert left | set(keys) == set(KEYS)


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM scheduled")
