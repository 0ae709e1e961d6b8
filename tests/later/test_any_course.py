"""Whatever happens meanwhile, a message that waits goes out once at most, at its time, by day, and
never unasked."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.stand import Clock, Widget
from widget.chats.service import ChatService
from widget.gateways.base import LineState, LineStatus
from widget.gateways.lines import Gateways
from widget.later.authors import Authors
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
    """What the worker works with: the real table, and a gateway, a chat and a line that a course
    changes."""

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
    typed: bool = False
    reply_to: object = None


# What happens, how long nothing does then, and how the worker fares in its next round.
Step = tuple[tuple[str, Any], float, str]
EVENTS = st.one_of(
    st.just(("nothing", None)),
    st.tuples(st.just("line"), st.sampled_from([LineState.READY, LineState.OFFLINE, LineState.SCAN_QR])),
    st.tuples(st.just("zone"), st.sampled_from(ZONES)),
    st.just(("client", None)),
    st.tuples(st.just("yes"), st.sampled_from(KEYS)),
)
SECONDS = st.sampled_from([60.0, 1800.0, 3600.0, 7200.0, 6 * 3600.0])
STEPS = st.lists(st.tuples(EVENTS, SECONDS, st.sampled_from(["", "after", "before"])), min_size=8, max_size=20)
BEGINS = st.floats(datetime(2027, 3, 26, tzinfo=UTC).timestamp(), datetime(2027, 11, 8, tzinfo=UTC).timestamp())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, BEGINS)
def test_no_course_sends_twice_early_at_night_or_unasked(widget: Widget, steps: list[Step], begins: float) -> None:
    course = Course(widget, begins)
    for (name, what), seconds, dies in steps:
        getattr(course, name)(what)
        widget.clock.forward(seconds)
        course.round(dies)
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
        self.wrong: list[str] = []
        self.asked: dict[str, float] = {}  # since when what the client writes is news
        self.due = {"key-1": at_wall(self.world.zones, MORNING, begins, DEFAULT_HOURS), "key-2": begins + 3600}
        for key, wall in (("key-1", MORNING), ("key-2", "")):
            due = self.due[key]
            assert due
            self.asked[key] = begins
            self.stored.add(Scheduled(portal, line.id, chat.id, key, 2, "Anna", "Hi", due, begins, wall), per_hour=10)
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
        authors = cast(Authors, SimpleNamespace(check=lambda *_who: None))
        zones = lambda _phone: self.world.zones  # noqa: E731
        self.work = LaterWork(reads, world, gateways, authors, zones, DEFAULT_HOURS, widget.clock)

    def nothing(self, _what: None) -> None:
        """A quiet hour."""

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

    def client(self, _what: None) -> None:
        self.world.chat = replace(self.world.chat, theirs_at=self.clock())

    def yes(self, key: str) -> None:
        """The author, who is asked, puts it an hour later."""
        for message in self.stored.of_chat(self.world.chat.portal_id, self.world.chat.id):
            due = self.clock() + 3600
            if message.send_key == key and message.asks:
                assert self.stored.change(message, text="Hi", due_at=due, wall="", per_hour=10)
                self.due[key], self.asked[key] = due, self.clock()

    def send(self, draft: Draft, text: str) -> None:
        """What must be true at the moment of a send. Noted down: the worker goes on after any
        error."""
        key, now = draft.key, self.clock()
        hours = [datetime.fromtimestamp(now, ZoneInfo(zone)).hour for zone in self.world.zones]
        message = next(m for m in self.stored.of_chat(1, self.world.chat.id) if m.send_key == key)
        wrong = {
            "early": now < (self.due[key] or 0.0),
            "over a line that is down": self.world.state is not LineState.READY,
            "though the client had written": self.world.chat.theirs_at > self.asked[key],
            "before their nine": bool(message.wall) and min(hours) < 9,
            "at night": not any(7 <= hour < 21 for hour in hours),
            "long after its time": now > message.due_at + LATE,
            "twice": any(sent == key for sent, _at in self.world.out),
        }
        self.wrong += [what for what, is_so in wrong.items() if is_so]
        self.world.send(draft, text)

    def holds(self) -> None:
        """Each went out once at most; what did not is still there, and no worker holds it for
        ever."""
        assert self.wrong == []
        keys = [key for key, _at in self.world.out]
        assert len(keys) == len(set(keys))
        left = {message.send_key for message in self.stored.of_chat(1, self.world.chat.id)}
        assert left | set(keys) == set(KEYS)


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM scheduled")
