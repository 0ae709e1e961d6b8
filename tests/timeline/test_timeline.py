"""A conversation stands in the timeline of the right card, once, as the portal's administrator
chose."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.stand import DEAL, Widget
from tests.webhooks.gateways import CLIENT, PHONE, written
from widget.chats.bubbles import Bubble
from widget.gateways.base import Media
from widget.gateways.serialization import events_json
from widget.storage.timelines import TimelineMode, TimelineSettings
from widget.timeline.places import COMPANY, CONTACT, LEAD, Chosen, CrmParties, choose, name_of
from widget.timeline.places import DEAL as DEALS
from widget.timeline.transcript import MAX_COMMENT, Talk, text_of

DAILY = TimelineSettings(TimelineMode.DAY, zone="Europe/Moscow")
SMART = replace(DAILY, kinds=(7, 31, 183))
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

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """As the administrator."""
        portal = self.services.storage.portals.get(self.id)
        return self.services.bitrix24.rest.call(portal, 1, method, params)

    def comment_often(self, times: int) -> None:
        """As colleagues do in a deal."""
        fields = {"ENTITY_ID": 7048, "ENTITY_TYPE": "deal", "COMMENT": "Созвонились"}
        for _ in range(times):
            self.call("crm.timeline.comment.add", {"fields": fields})

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
    assert comment["places"] == [[2, 7048]]  # the newest open deal that is theirs, though another's first
    first, others, *said = comment["text"].splitlines()
    assert others == "У клиента ещё 1 сделка, эта – самая новая."
    assert first.startswith("WhatsApp · +7 961 951-00-00 · Line sales · №")
    assert said == ["15.01 11:00 Клиент: Добрый день", "15.01 11:01 Роман Продажин: Замер завтра"]

    portal.widget.clock.forward(24 * HOUR)
    portal.client_writes("Ещё вопрос", "C2")
    portal.later()
    assert [len(one["text"].splitlines()) for one in portal.comments] == [4, 3]


def test_what_was_written_before_midnight_stands_in_that_days_comment(make_portal: Callable[..., Portal]) -> None:
    """Though the round that tells it comes after the first message of the next day."""
    portal = make_portal()
    portal.widget.clock.forward(13 * HOUR - 10)  # to 23:59:50 in Moscow
    portal.client_writes("поздно", "C1")
    portal.widget.clock.forward(20)
    portal.client_writes("рано", "C2")
    portal.later()
    portal.later()
    assert [one["text"].splitlines()[-1] for one in portal.comments] == [
        "15.01 23:59 Клиент: поздно",
        "16.01 00:00 Клиент: рано",
    ]


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


def test_a_busy_portal_that_does_not_tell_the_deals_has_not_none(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.widget.outside.break_portal("OPERATION_TIME_LIMIT", "batch:crm.item.list", times=None)
    portal.client_writes("Добрый день", "C1")
    portal.later()
    portal.widget.outside.heal()
    portal.later(1)
    assert [comment["places"] for comment in portal.comments] == [[[2, 7048]]]


def test_a_day_that_the_portal_refuses_for_ever_keeps_no_later_day_untold(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.client_writes("Добрый день", "C1")
    outage = ["http_500"] * 9 + ["ERROR_METHOD_NOT_FOUND"] * 2  # no refusals of this day
    for fault in (*outage, "ACCESS_DENIED here", "ACCESS_DENIED here"):
        portal.widget.outside.break_portal(fault, "crm.timeline.comment.add")
        portal._job("timelines-behind")
        portal.later(7)
    assert portal.comments == []
    portal.client_writes("Ещё вопрос", "C2")
    portal.later()
    assert [one["text"].splitlines()[-1].partition(": ")[2] for one in portal.comments] == ["Ещё вопрос"]


def test_a_choice_that_is_saved_during_a_round_is_looked_through_too(make_portal: Callable[..., Portal]) -> None:
    backlog = make_portal().services.storage.timelines.backlog
    (mine,) = backlog.take()
    assert backlog.take() == set()
    backlog.reopen()
    assert backlog.take() == {mine}
    backlog.put_back(mine)
    assert backlog.take() == {mine}


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
    """Among however many comments; and its copy is made though the call for it was lost."""
    portal = make_portal(replace(DAILY, copies=True))
    portal.comment_often(50)
    portal.widget.outside.break_portal("cut", "crm.timeline.comment.add")
    portal.client_writes("Добрый день", "C1")
    portal.later()
    portal.comment_often(10)
    portal.widget.outside.break_portal("cut", "crm.timeline.bindings.bind")
    portal.later(1)
    portal.later(1)
    (comment,) = [one for one in portal.comments if "WhatsApp" in one["text"]]
    assert comment["places"] == [[2, 7048], [3, 42], [3, 43]]


def test_smart_processes_quotes_and_invoices_have_a_comment_of_their_own(make_portal: Callable[..., Portal]) -> None:
    """No copy can be bound to them. One that does not let us is left out, and the rest goes on."""
    portal = make_portal(replace(DAILY, kinds=(7, 31, 183)))
    for kind, item_id in ((7, 31), (31, 88), (183, 12)):
        portal.call("crm.item.update", {"entityTypeId": kind, "id": item_id, "fields": {"contactIds": [42]}})
    portal.client_writes("Добрый день", "C1")
    portal.widget.outside.break_portal("cut", "crm.timeline.comment.add", after=1)
    portal.later()
    portal.rep_writes("Здравствуйте", "k1")
    portal.widget.outside.break_portal(
        "user_access_error", "crm.timeline.comment.add", times=2
    )  # to both who may write
    portal.later(1)
    portal.later(1)
    assert [one["places"] for one in portal.comments] == [[[2, 7048]], [[7, 31]], [[183, 12]]]
    assert {one["text"].splitlines()[-1] for one in portal.comments} == {"15.01 11:01 Роман Продажин: Здравствуйте"}


def test_a_comment_that_an_employee_deleted_stays_deleted(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    portal.client_writes("Добрый день", "C1")
    portal.later()
    (comment,) = portal.comments
    portal.call("crm.timeline.comment.delete", {"id": comment["id"]})
    portal.client_writes("Ещё", "C2")
    portal.later()
    assert portal.comments == []
    assert not portal.services.storage.timelines.due(portal.id, DAILY, [portal.line.id])


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
    assert portal.marks == [([[2, 7048]], False)]
    assert [mark.asked for mark in portal.services.storage.timelines.marked()] == [False]
    portal.rep_writes("Здравствуйте", "k1")
    portal.later()
    assert portal.marks == [([[2, 7048]], True)]
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
        (CrmParties((42,), items=((183, deal(5)),)), DAILY, Chosen((CONTACT, 42))),
        (CrmParties((42,), items=((183, deal(5)), (183, deal(4)))), SMART, Chosen((183, 5))),
        (CrmParties((42,), items=((183, deal(5, stageId="DT183_9:FAIL")), (183, deal(4)))), SMART, Chosen((183, 4))),
        (CrmParties((42,), items=((31, deal(5, stageId="DT31_2:P")),)), SMART, Chosen((CONTACT, 42))),
        (
            CrmParties((42,), (), (7,), (), ((31, deal(5)), (7, deal(6)))),
            SMART,
            Chosen((LEAD, 7), (), ((7, 6), (31, 5))),
        ),
    ],
)
def test_the_freshest_deal_that_is_allowed_wins(
    known: CrmParties, settings: TimelineSettings, chosen: Chosen | None
) -> None:
    assert choose(known, settings) == chosen


def test_a_kind_of_cards_is_called_as_the_timeline_calls_it() -> None:
    assert [name_of(kind) for kind in (2, 4, 7, 31, 183)] == [
        "deal",
        "company",
        "quote",
        "smart_invoice",
        "dynamic_183",
    ]


def said(text: str, at: float = 0.0, **more: Any) -> Bubble:
    return Bubble("m", at, False, text, **more)


def text(*bubbles: Bubble, client: str = "+7 961 951-00-00") -> list[str]:
    told = text_of(Talk("Продажи", client, 0, bubbles, {}), "№1", language="ru", zone="Asia/Tokyo")
    assert len(told.encode()) < 65_535
    return told.splitlines()


@pytest.mark.parametrize(
    ("bubble", "line"),
    [
        (said("*жирно* [b]не тег[/b]"), "Клиент: [b]жирно[/b] [\u2060b]не тег[\u2060/b]"),
        (
            said("[disk file id=7] [list][*]a[/list]"),
            "Клиент: [\u2060disk file id=7] [\u2060list][\u2060*]a[\u2060/list]",
        ),
        (said("вот", media=Media("image", "image/jpeg", "план [b].jpg", 10)), "Клиент: 📎 план [\u2060b].jpg вот"),
        (said("", media=Media("audio", "audio/ogg", "", 10)), "Клиент: 📎 audio"),
        (said("нет", deleted=True), "Клиент: (удалено)"),
        (Bubble("m", 0.0, True, "с телефона"), "Мы: с телефона"),
    ],
)
def test_a_message_stands_there_as_it_was_written(bubble: Bubble, line: str) -> None:
    """At the portal's time, with its file's name; BB code that was typed is text."""
    assert text(bubble)[1:] == [f"01.01 09:00 {line}"]


def test_no_message_passes_for_another_writers() -> None:
    lines = text(said("Да\n01.01 09:00 Роман: скидка 90 %"))
    assert lines[2] == "\u00a0\u00a0\u00a001.01 09:00 Роман: скидка 90 %"


def test_a_long_conversation_keeps_its_newest_messages() -> None:
    """Bitrix24 keeps 65,535 bytes and loses the rest without a word."""
    lines = text(*(said("я" * 1000, at=60.0 * number) for number in range(100)))
    left_out = 100 - len(lines[2:])
    assert lines[1] == f"Более ранние сообщения не вошли: {left_out}"
    assert lines[-1].startswith("01.01 10:39") and len("\n".join(lines).encode()) > MAX_COMMENT - 3000
