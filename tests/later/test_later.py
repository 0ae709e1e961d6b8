"""A message that goes out later goes out once, at its time, and only if that is still right."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from tests.stand import DEAL, CardPage, Outside, Widget, attribute
from widget.gateways.base import LineState, LineStatus
from widget.later.work import send_as
from widget.storage import kept_files, schema
from widget.storage.kept_files import MAX_FILE
from widget.storage.lines import Grantee, Line
from widget.storage.scheduled import LEASE, Scheduled
from widget.version import NUMBER

MARIA = "+7 912 345-67-89"  # 13:00 there when the clock starts
BOTH = "+7 961 951-00-00"  # has a long chat
HOUR = 3600


class Chat:
    """A rep's open chat."""

    def __init__(self, widget: Widget, user: str = "rep", number: str = MARIA) -> None:
        self.widget = widget
        self.card: CardPage = widget.open(DEAL, user=user, lang="en").reveal()
        self.id = self.card.open_chat(self.card.keys[number]).chat

    def later(self, when: str = "hour", text: str = "See you", key: str = "key-1") -> CardPage:
        return self.card.post(f"/chats/{self.id}/later", {"text": text, "key": key, "when": when})

    def later_file(self, body: bytes, name: str = "prices.pdf", key: str = "key-1", **fields: str) -> CardPage:
        form = {"file": (io.BytesIO(body), name, "application/pdf"), "key": key, "when": "hour", **fields}
        address = f"/chats/{self.id}/later"
        return self.card._take(self.card.client.post(address, data=form, headers=self.card._headers()))

    def do(self, do: str, later_id: int = 1, **body: object) -> CardPage:
        return self.card.post(f"/chats/{self.id}/later/{later_id}", {"do": do, **body})

    @property
    def words(self) -> str:
        return self.card.get(f"/chats/{self.id}/later").words

    @property
    def kept(self) -> list[Scheduled]:
        return self.widget.services.storage.scheduled.of_chat(self.widget.portals[0], self.id)


@pytest.fixture
def widget(make_widget: Callable[..., Widget]) -> Widget:
    """One whose pages stay open for days."""
    return make_widget(session_minutes=10_000)


@pytest.fixture
def chat(widget: Widget) -> Chat:
    return Chat(widget)


def files_kept(widget: Widget) -> int:
    with widget.services.storage.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM kept_files").scalar_one())


def client_writes(widget: Widget) -> None:
    with widget.services.storage.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE chats SET theirs_at = {widget.clock()}")


def listed(widget: Widget, user: str) -> CardPage:
    page = widget.open("/app/", user=user, lang="en")
    page.session = page.text.split('data-session="')[1].split('"')[0]
    return page.post("/app/waiting", {})


@dataclass
class Known:
    """What is known of every line."""

    state: LineState

    def known(self, _line: Line) -> LineStatus:
        return LineStatus(self.state)


def work(widget: Widget, after: float = 0, state: LineState = LineState.READY) -> None:
    """The worker's round, some seconds later, with the line in this state."""
    widget.clock.forward(after)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widget.services.prepared.later, "_gateways", Known(state))
        widget.services.prepared.later.go()


def send_kept(widget: Widget, chat: Chat, message: Scheduled) -> None:
    """As a worker does that dies before it says so."""
    here = widget.services
    line = here.storage.lines.all_of(widget.portals[0])[0]
    found = here.storage.chats.get(widget.portals[0], chat.id)
    assert found
    send_as(here.chats.service, here.storage.kept_files, line, found, message, name="", typed=False)


def sent(outside: Outside) -> int:
    return outside.calls().get("sendText", 0)


def test_it_goes_out_at_its_time_once_and_not_before(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    assert "See you" in chat.words
    work(widget, HOUR - 1)
    assert sent(outside) == 0
    work(widget, 1)
    work(widget, 60)
    assert sent(outside) == 1
    assert chat.kept == []
    assert "See you" in chat.card.history(chat.id).words


def test_two_presses_of_one_key_are_one_message(widget: Widget, chat: Chat, outside: Outside) -> None:
    assert chat.later().answer.status_code == chat.later().answer.status_code == 201
    assert len(chat.kept) == 1
    chat.card.send(chat.id, "See you", "key-1", confirmed=True)  # and by hand, under the same key
    work(widget, HOUR)
    assert sent(outside) == 1
    assert chat.later().answer.status_code == 409


def test_a_worker_that_dies_after_the_send_sends_it_no_second_time(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    chat.later()
    widget.clock.forward(HOUR)
    stored = widget.services.storage.scheduled
    message = chat.kept[0]
    assert stored.take(message)
    assert not stored.take(message)  # nor does another worker, meanwhile
    service = widget.services.chats.service
    line = widget.services.storage.lines.of(widget.portals[0])[0]
    found = widget.services.storage.chats.get(widget.portals[0], chat.id)
    assert found
    service.send(service.draft(line, found, send_key="key-1", user_id=message.user_id), "See you")

    work(widget, 1)
    assert len(chat.kept) == 1
    work(widget, LEASE)
    assert (sent(outside), chat.kept) == (1, [])


def test_a_worker_that_dies_before_the_send_leaves_it_to_the_next(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    widget.clock.forward(HOUR)
    assert widget.services.storage.scheduled.take(chat.kept[0])
    work(widget, LEASE)
    assert sent(outside) == 1


def test_where_the_client_wrote_meanwhile_its_author_is_asked(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    widget.clock.forward(60)
    client_writes(widget)
    work(widget, HOUR)

    assert sent(outside) == 0
    assert "The client has written meanwhile" in chat.words
    portal = widget.services.storage.portals.require(widget.portals[0])
    told = [words for _tag, words in widget.services.prepared.later.reasons(portal)]
    assert MARIA in told[0].words
    assert chat.do("now", confirmed=True).answer.status_code == 200
    assert (sent(outside), chat.kept) == (1, [])


@pytest.mark.parametrize("state", [LineState.OFFLINE, LineState.SCAN_QR, LineState.CONNECTING])
def test_a_line_that_is_down_sends_when_it_is_back_but_not_after_an_hour(
    widget: Widget, chat: Chat, outside: Outside, state: LineState
) -> None:
    chat.later()
    chat.later(key="key-2", text="Too late")
    work(widget, HOUR, state)
    work(widget, 1800, state)
    assert len(chat.kept) == 2
    chat.do("remove")
    work(widget, 1801, state)
    work(widget, 60)  # it is back

    assert sent(outside) == 0
    assert [message.asks for message in chat.kept] == ["late"]
    chat.do("change", 2, when="hour")
    work(widget, HOUR)
    assert sent(outside) == 1


def test_a_line_that_is_switched_off_or_may_not_send_asks(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    widget.services.storage.lines.set_active(widget.portals[0], 1, active=False)
    work(widget, HOUR)
    assert (sent(outside), chat.kept[0].asks) == (0, "line_off")
    assert "data-waiting-later" not in listed(widget, "admin").text  # no chat opens there


def takes_the_number_off_the_card(widget: Widget) -> None:
    change(widget, 3, 43, {"fm": []})


def closes_the_line(widget: Widget) -> None:
    widget.services.storage.lines.set_access(widget.portals[0], 1, [Grantee("U3", "Ольга")])


def dismisses_the_author(widget: Widget) -> None:
    portal = widget.services.storage.portals.require(widget.portals[0])
    widget.services.storage.tokens.drop_all(portal.id)


def change(widget: Widget, kind: int, item: int, fields: dict[str, object]) -> None:
    changed = {"change_item": {"entityTypeId": kind, "id": item, "fields": fields}}
    widget.outside.http.post(f"{widget.outside.portal}/_sandbox/portals/1", json=changed).raise_for_status()


@pytest.mark.parametrize("event", [takes_the_number_off_the_card, closes_the_line, dismisses_the_author])
def test_what_its_author_may_no_longer_write_does_not_go_out(
    widget: Widget, chat: Chat, outside: Outside, event: Callable[[Widget], None]
) -> None:
    chat.later()
    event(widget)
    work(widget, HOUR)
    assert (sent(outside), chat.kept[0].asks) == (0, "refused")


def test_it_waits_while_bitrix24_cannot_say_what_its_author_may(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    outside.break_portal("http_500", times=None)
    work(widget, HOUR)
    assert (sent(outside), chat.kept[0].asks) == (0, "")
    outside.heal()
    work(widget, 60)
    assert sent(outside) == 1


def test_what_the_gateway_surely_did_not_take_asks_its_author_and_goes_out_by_their_yes(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    chat.later()
    outside.break_gateway("refuse", "sendText")
    work(widget, HOUR)
    assert [(message.text, message.asks) for message in chat.kept] == [("See you", "refused")]
    assert chat.do("now", confirmed=True).answer.status_code == 200
    assert (sent(outside), chat.kept) == (2, [])


def test_what_the_gateway_refuses_at_a_press_stays_with_its_file_and_goes_out_at_the_next(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    chat.later_file(b"%PDF-1.4", text="Prices")
    outside.break_gateway("refuse", "sendFile")
    chat.do("now", confirmed=True)
    assert ([message.asks for message in chat.kept], files_kept(widget)) == (["refused"], 1)
    assert chat.do("now", confirmed=True).answer.status_code == 200
    assert (outside.calls()["sendFile"], chat.kept, files_kept(widget)) == (2, [], 0)


def test_a_press_while_a_worker_sends_it_takes_nothing_from_the_worker(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    chat.later()
    (message,) = chat.kept
    assert widget.services.storage.scheduled.take(message)
    outside.break_gateway("refuse", "sendText")
    send_kept(widget, chat, message)
    assert chat.do("remove").refusal == "later_busy"
    widget.clock.forward(LEASE)  # that worker died
    assert chat.do("remove").refusal == "later_busy"
    assert [each.asks for each in chat.kept] == ["refused"]


def test_a_text_that_is_changed_at_the_moment_of_its_sending_does_not_go_out_as_it_was(
    widget: Widget, chat: Chat, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.later()
    widget.clock.forward(60)
    admin, stored = Chat(widget, "admin"), widget.services.storage.scheduled
    take = stored.take

    def take_after_a_change(message: Scheduled) -> bool:
        monkeypatch.setattr(stored, "take", take)
        assert admin.do("change", text="Changed").answer.status_code == 200
        return take(message)

    monkeypatch.setattr(stored, "take", take_after_a_change)
    assert chat.do("now", confirmed=True).refusal == "later_busy"
    assert ([message.text for message in chat.kept], sent(outside)) == (["Changed"], 0)


def test_at_night_it_waits_for_the_morning_whatever_was_known_before(
    widget: Widget, chat: Chat, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.later("hour")  # it would be 14:00
    zones = ["Asia/Kamchatka"]  # 20:00 when the clock starts: a plan of numbers has changed
    monkeypatch.setattr(widget.services.prepared.later, "_zones_of", lambda _phone: tuple(zones))
    work(widget, HOUR)  # 21:00 is night
    assert sent(outside) == 0
    work(widget, 9 * HOUR)  # 06:00
    assert sent(outside) == 0
    work(widget, HOUR)
    assert sent(outside) == 1


def test_at_the_clients_nine_means_their_nine_though_their_zone_changes(
    widget: Widget, chat: Chat, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.later("morning")
    nine = chat.kept[0].due_at
    assert nine == widget.clock() + 20 * HOUR  # 13:00 until 09:00
    monkeypatch.setattr(
        widget.services.prepared.later, "_zones_of", lambda _phone: ("Europe/Moscow",)
    )  # two hours behind
    work(widget, 20 * HOUR)
    assert sent(outside) == 0
    assert chat.kept[0].due_at == nine + 2 * HOUR
    work(widget, 2 * HOUR)
    assert sent(outside) == 1


@pytest.mark.parametrize(
    ("when", "status", "refusal"),
    [
        ("2027-01-15T23:30", 422, "later_night"),
        ("2027-01-15T12:00", 422, "later_time"),  # past
        ("2037-01-15T12:00", 422, "later_time"),
        ("2027-02-30T12:00", 422, "later_time"),
        ("soon", 422, "bad_form"),
        ("2027-01-15T14:00", 201, ""),
    ],
)
def test_a_time_is_one_of_the_clients_day_and_ahead(chat: Chat, when: str, status: int, refusal: str) -> None:
    answer = chat.later(when)
    assert (answer.answer.status_code, answer.refusal) == (status, refusal)


def test_it_is_changed_sent_and_taken_back_by_its_author_or_an_administrator(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    chat.later()
    other, admin = Chat(widget, "restricted"), Chat(widget, "admin")
    assert other.do("remove").answer.status_code == 404
    assert "Take back" not in other.words
    assert "Changed" in admin.do("change", text="Changed").words
    assert chat.do("now").answer.status_code == 200
    assert sent(outside) == 1
    chat.later(key="key-2")
    assert chat.do("remove", 2).answer.status_code == 200
    assert chat.kept == []


def test_what_a_worker_has_sent_and_not_written_down_is_not_taken_back(widget: Widget, chat: Chat) -> None:
    chat.later()
    send_kept(widget, chat, chat.kept[0])
    assert chat.do("remove").answer.status_code == 409
    assert chat.kept == []
    assert chat.card.history(chat.id).text.count("See you") >= 1


def test_a_text_with_a_variable_cannot_wait(chat: Chat) -> None:
    assert chat.later(text="{имя}, завтра").refusal == "unfilled"


def test_an_hour_of_a_line_has_an_end(widget: Widget, chat: Chat) -> None:
    widget.services.storage.portals.set_later_per_hour(widget.portals[0], 2)
    assert [chat.later(key=f"key-{n}").refusal for n in range(3)] == ["", "", "later_full"]
    assert chat.later("morning", key="key-9").refusal == ""


def test_a_file_waits_sealed_goes_out_with_its_caption_and_is_wiped(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    assert chat.later_file(b"%PDF-1.4 prices", text="Prices").answer.status_code == 201
    assert chat.later_file(b"%PDF-1.4 prices", text="Prices").answer.status_code == 201  # pressed twice
    assert "prices.pdf" in chat.words
    with widget.services.storage.engine.connect() as connection:
        (stored,) = connection.exec_driver_sql("SELECT sealed FROM kept_files").scalars()
    assert "prices" not in stored

    work(widget, HOUR)

    assert outside.calls()["sendFile"] == 1
    assert (chat.kept, files_kept(widget)) == ([], 0)
    assert "Prices" in chat.card.history(chat.id).words


def test_what_is_taken_back_takes_its_file_along(widget: Widget, chat: Chat) -> None:
    chat.later_file(b"%PDF-1.4")
    chat.do("remove")
    assert files_kept(widget) == 0


@pytest.mark.parametrize(
    ("body", "name", "status", "refusal"),
    [
        (b"MZ\x00", "prices.exe", 422, "file_type"),
        (b"", "prices.pdf", 422, "bad_form"),
        (b"x" * (MAX_FILE + 1), "prices.pdf", 413, "too_large"),
    ],
)
def test_a_file_that_could_not_be_sent_does_not_wait(
    widget: Widget, chat: Chat, body: bytes, name: str, status: int, refusal: str
) -> None:
    chat.later_file(body, name)
    assert (chat.card.answer.status_code, chat.card.refusal) == (status, refusal)
    assert (chat.kept, files_kept(widget)) == ([], 0)


def test_a_portal_keeps_only_so_many_files(widget: Widget, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_files, "MAX_TOTAL", 10)
    assert chat.later_file(b"12345678").refusal == ""
    assert chat.later_file(b"123", key="key-2").refusal == "kept_full"
    assert [message.send_key for message in chat.kept] == ["key-1"]


def test_an_answer_stays_an_answer(widget: Widget, outside: Outside) -> None:
    chat = Chat(widget, number=BOTH)
    ref = attribute(chat.card.history(chat.id).text, "data-ref")
    chat.card.post(f"/chats/{chat.id}/later", {"text": "Yes", "key": "key-1", "when": "hour", "reply_to": ref})
    assert "an answer to a message" in chat.words
    assert chat.card.post(
        f"/chats/{chat.id}/later", {"text": "Yes", "key": "k", "when": "hour", "reply_to": "x"}
    ).refusal

    work(widget, HOUR)

    assert "quote" in chat.card.history(chat.id).text.split('data-key="key-1"')[1].split("</article>")[0]


def test_an_open_chat_brings_what_goes_out_later(chat: Chat) -> None:
    chat.later()
    opened = Chat(chat.widget).card
    assert "See you" in opened.words
    assert "Take back" in opened.words


def test_what_asks_stands_in_the_list_of_those_who_wait_for_its_author_and_administrators(
    widget: Widget, chat: Chat, outside: Outside
) -> None:
    for number in (1, 2, 3):
        chat.later(key=f"key-{number}", text=f"Text {number}")
    assert "Your yes is needed" not in listed(widget, "rep").words
    widget.clock.forward(60)
    client_writes(widget)
    work(widget, HOUR)

    assert "Text" not in listed(widget, "restricted").words
    assert "Text 1" in listed(widget, "admin").words
    rep = listed(widget, "rep")
    for words in ("Your yes is needed", MARIA, "The client has written meanwhile", "Text 1", "Send now", "Change"):
        assert words in rep.words
    assert listed(widget, "restricted").post("/app/later/1", {"do": "now"}).answer.status_code == 404
    rep.post("/app/later/1", {"do": "remove"})
    assert "Text 1" not in rep.words
    rep.post("/app/later/2", {"do": "now", "confirmed": True})
    assert "Text 2" not in rep.words
    assert sent(outside) == 1
    rep.post("/app/later/3", {"do": "change", "when": "hour"})
    assert "Your yes is needed" not in rep.words
    work(widget, HOUR)
    assert sent(outside) == 2


def test_at_night_the_list_asks_back_before_it_sends(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    widget.clock.forward(60)
    client_writes(widget)
    work(widget, HOUR)
    widget.clock.forward(10 * HOUR)  # midnight there
    asked = listed(widget, "rep").post("/app/later/1", {"do": "now"})
    assert (asked.answer.status_code, attribute(asked.text, "data-yes")) == (409, "Send anyway")
    assert sent(outside) == 0


def test_who_may_not_read_the_chat_any_more_can_only_take_it_back(widget: Widget, chat: Chat, outside: Outside) -> None:
    chat.later()
    widget.clock.forward(60)
    client_writes(widget)
    work(widget, HOUR)
    widget.services.storage.lines.set_access(widget.portals[0], 1, [Grantee("U3", "Another")])
    rep = listed(widget, "rep")
    assert "See you" in rep.words
    assert MARIA not in rep.words
    assert rep.post("/app/later/1", {"do": "now", "confirmed": True}).answer.status_code == 403
    assert rep.post("/app/later/1", {"do": "remove"}).answer.status_code == 200
    assert (sent(outside), chat.kept) == (0, [])


def test_a_message_with_what_only_a_newer_version_can_send_is_left_to_it_whole(chat: Chat) -> None:
    chat.later()
    for needs, left in ((NUMBER + 1, 1), (NUMBER, 0)):
        with chat.widget.services.storage.engine.begin() as connection:
            connection.execute(update(schema.scheduled).values(needs=needs))
        work(chat.widget, HOUR / 2 + 60)
        work(chat.widget)
        assert len(chat.kept) == left
        if left:
            assert chat.do("now").refusal == "later_busy"
        assert ("sendText" in chat.widget.outside.calls()) is not left


def test_what_a_message_that_waits_has_is_known_to_every_worker_that_sends_it() -> None:
    """What an older worker would leave out is written with `needs`, the number of the version that
    brings it. Then the new hash belongs here."""
    columns = sorted({*schema.scheduled.c.keys(), *schema.kept_files.c.keys()})
    assert hashlib.sha256(" ".join(columns).encode()).hexdigest()[:8] == "329ec947"
