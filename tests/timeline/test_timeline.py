"""A conversation stands in the timeline of the right card, once, as the portal's administrator chose."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.stand import DEAL, Widget
from tests.webhooks.gateways import CLIENT, PHONE, written
from widget.gateways.serialization import events_json
from widget.storage.timelines import TimelineMode, TimelineSettings
from widget.timeline.places import COMPANY, CONTACT, LEAD, Chosen, CrmParties, choose
from widget.timeline.places import DEAL as DEALS

DAILY = TimelineSettings(TimelineMode.DAY, zone="Europe/Moscow")
HOUR = 3600.0


class Portal:
    """A portal that wants conversations in its timelines, and one chat."""

    def __init__(self, widget: Widget, settings: TimelineSettings) -> None:
        self.widget, self.services = widget, widget.services
        self.id = widget.portals[0]
        widget.open(DEAL, user="admin").reveal()  # its token is stored
        widget.open(DEAL, user="rep").reveal()
        self.services.storage.portals.set_installer(self.id, 1)
        self.services.storage.timelines.save(self.id, settings)
        self.line = self.services.storage.lines.all_of(self.id)[0]

    def client_writes(self, text: str, name: str) -> None:
        event = written(name, text, at=self.widget.clock.now)
        self.services.webhooks.ingest.work(self.services.storage.inbox.add(self.id, self.line.id, events_json([event])))

    def rep_writes(self, text: str, key: str) -> None:
        chat, _new = self.services.chats.service.open(self.line, PHONE, user_id=2, chat_id=CLIENT)
        draft = self.services.chats.service.draft(self.line, chat, send_key=key, user_id=2)
        self.services.chats.service.send(draft, text)

    def later(self, hours: float = 0.02) -> None:
        self.widget.clock.forward(hours * HOUR)
        self._job("timelines")
        self._job("badges")

    def _job(self, name: str) -> None:
        for known, _times, work in self.services.jobs._timed:
            if known == name:
                work()

    @property
    def comments(self) -> list[dict[str, Any]]:
        return [entry for entry in self._timeline if entry["kind"] == "comment"]

    @property
    def marks(self) -> list[tuple[list[list[int]], bool]]:
        """Where cards are marked, and whether that is over."""
        ours = [entry for entry in self._timeline if entry["kind"] == "activity"]
        return [(entry["places"], entry["about"]["fields"]["completed"]) for entry in ours]

    @property
    def _timeline(self) -> list[dict[str, Any]]:
        outside = self.widget.outside
        told: list[dict[str, Any]] = outside.http.get(f"{outside.portal}/_sandbox/portals/1").json()["timeline"]
        return told


@pytest.fixture
def make_portal(make_widget: Callable[..., Widget]) -> Callable[..., Portal]:
    return lambda settings=DAILY: Portal(make_widget(), settings)


def test_a_days_comment_grows_and_the_next_day_has_its_own(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.client_writes("Добрый день", "C1")
    portal.later()
    portal.rep_writes("Замер завтра", "k1")
    portal.later()
    (comment,) = portal.comments
    assert comment["places"] == [[2, 7045]]  # the newest open deal that is theirs
    first, *said = comment["text"].splitlines()
    assert first.startswith("WhatsApp · +7 961 951-00-00 · Line sales · №")
    assert said == ["15.01 11:00 Клиент: Добрый день", "15.01 11:01 Роман Продажин: Замер завтра"]

    portal.widget.clock.forward(24 * HOUR)
    portal.client_writes("Ещё вопрос", "C2")
    portal.later()
    assert [len(one["text"].splitlines()) for one in portal.comments] == [3, 2]


def test_a_transcript_is_written_when_the_conversation_has_ended(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal(replace(DAILY, mode=TimelineMode.END, idle_hours=2))
    portal.client_writes("Добрый день", "C1")
    portal.later(1)
    assert portal.comments == []
    portal.later(2)
    portal.later(2)
    assert len(portal.comments) == 1
    portal.client_writes("Через день", "C2")
    portal.later(3)
    assert [one["text"].splitlines()[-1].partition(": ")[2] for one in portal.comments] == ["Добрый день", "Через день"]


def test_what_was_not_told_for_days_is_told_within_the_hour(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.later()
    portal.client_writes("Добрый день", "C1")
    portal.later(72)
    assert portal.comments == []  # a round of each minute looks at the last days alone
    portal._job("timelines-behind")
    portal.later()
    portal.later(1)
    assert len(portal.comments) == 1


def test_a_mark_that_no_card_got_is_forgotten_after_a_week(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    chat, _new = portal.services.chats.service.open(portal.line, PHONE, user_id=2, chat_id=CLIENT)
    timelines, began = portal.services.storage.timelines, portal.widget.clock()
    for name in ("waits-1", "waits-2", "2027-01-15"):
        record = timelines.take(chat, name, began)
    timelines.made(timelines.take(chat, "waits-3", began), 7)
    assert [timelines.forget_marks(), record.name] == [0, "2027-01-15"]
    portal.widget.clock.forward(8 * 24 * HOUR)
    portal._job("forget-marks")
    assert [mark.name for mark in timelines.marked()] == ["waits-3"]
    assert timelines.take(chat, "2027-01-15", began).id == record.id
    assert timelines.forget_marks() == 0


def test_a_comment_whose_answer_was_lost_is_found_by_its_mark(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.widget.outside.break_portal("cut", "crm.timeline.comment.add")
    portal.client_writes("Добрый день", "C1")
    portal.later()
    portal.later(1)
    assert len(portal.comments) == 1


def test_the_writer_is_its_author_and_the_client_shows_a_copy(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal(replace(DAILY, copies=True))
    portal.rep_writes("Здравствуйте", "k1")
    portal.later()
    (comment,) = portal.comments
    assert comment["author"] == 2
    assert [3, 42] in comment["places"]


def test_what_was_written_before_and_what_an_open_line_shows_is_left_out(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal(TimelineSettings())
    portal.client_writes("раньше", "C1")
    portal.later()
    portal.services.storage.timelines.save(portal.id, DAILY)
    portal.later()
    assert portal.comments == []


@pytest.mark.parametrize("fault", ["", "cut"])
def test_a_card_is_marked_once_while_its_client_waits(make_portal: Callable[..., Portal], fault: str) -> None:
    portal = make_portal(TimelineSettings(badge=True))
    if fault:
        portal.widget.outside.break_portal(fault, "crm.activity.configurable.add")
    portal.client_writes("Добрый день", "C1")
    portal.later()
    assert portal.marks == []  # not long enough yet
    for _ in range(3):
        portal.later(1)
    assert portal.marks == [([[2, 7045]], False)]
    portal.rep_writes("Здравствуйте", "k1")
    portal.later()
    assert portal.marks == [([[2, 7045]], True)]
    assert portal.comments == []


def deal(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "closed": "N", "categoryId": 0, **fields}


@pytest.mark.parametrize(
    ("known", "settings", "chosen"),
    [
        (CrmParties(), DAILY, None),
        (CrmParties((42,)), DAILY, Chosen((CONTACT, 42))),
        (CrmParties((42,), (15,)), replace(DAILY, copies=True), Chosen((CONTACT, 42), ((COMPANY, 15),))),
        (CrmParties((42,), leads=(7, 9)), DAILY, Chosen((LEAD, 9))),
        (CrmParties((42,), leads=(7,)), replace(DAILY, leads=False), Chosen((CONTACT, 42))),
        (CrmParties((42,), deals=(deal(9), deal(8))), DAILY, Chosen((DEALS, 9), others=1)),
        (CrmParties((42,), deals=(deal(9, closed="Y"), deal(8))), DAILY, Chosen((DEALS, 8))),
        (CrmParties((42,), deals=(deal(9, stageSemanticId="F"),)), DAILY, Chosen((CONTACT, 42))),
        (CrmParties((42,), deals=(deal(9, closed="Y"),)), replace(DAILY, closed=True), Chosen((DEALS, 9))),
        (CrmParties((42,), deals=(deal(9), deal(8, categoryId=5))), replace(DAILY, funnels=(5,)), Chosen((DEALS, 8))),
        (CrmParties((42,), deals=(deal(9),)), replace(DAILY, deals=False), Chosen((CONTACT, 42))),
    ],
)
def test_the_freshest_deal_that_is_allowed_wins(
    known: CrmParties, settings: TimelineSettings, chosen: Chosen | None
) -> None:
    assert choose(known, settings) == chosen
