"""What everybody has on the app's page: their lines, their defaults, a new number."""

from typing import Any

import pytest

from sandbox.people import IVAN
from tests.admin.conftest import AppPage, OpenApp
from tests.stand import CardPage, Clock, Outside, Widget
from widget.chats.typed import MAX_UNWRITTEN
from widget.storage.lines import Grantee

ORDERS = "+7 926 111-22-33"
NEW = "8 (926) 555-44-33"
FULL = "+79265554433"


@pytest.fixture
def two_lines(make_widget: Any) -> Widget:
    widget: Widget = make_widget(lines=("sales", "support"))
    return widget


def test_a_reps_usual_line_is_chosen_where_nobody_talked_yet(two_lines: Widget, open_app: OpenApp) -> None:
    rep = open_app("rep", of=two_lines)
    rep.save("mine", line=2, show_name=False)

    assert "Saved." in rep.words
    assert '<option value="2" selected' in open_app("rep", of=two_lines).html
    card = two_lines.open("/crm/lead/details/501/", lang="en").reveal()
    assert '<option value="2" selected' in card.text
    assert '<option value="1" selected' in two_lines.open("/crm/lead/details/501/", user="admin").reveal().text


def test_a_message_begins_with_the_name_only_when_its_writer_wants_it(
    widget: Widget, open_app: OpenApp, outside: Outside
) -> None:
    card = widget.open(lang="en").reveal()
    chat = card.open_chat(card.keys[ORDERS]).chat
    card.send(chat, "Первое", "key-1", confirmed=True)
    open_app("rep").save("mine", line=None, show_name=True)
    card.send(chat, "Второе", "key-2", confirmed=True)
    card.send(chat, "Первое", "key-1", confirmed=True)  # the same message, whatever was chosen meanwhile
    assert card.answer.status_code == 201

    texts = card.history(chat).words
    assert "Роман Продажин: Второе" in texts
    assert "Роман Продажин:* Первое" not in texts
    assert outside.calls()["sendText"] == 2
    assert "begins with your name" in card.open_chat(card.reveal().keys[ORDERS]).words


def test_a_line_that_is_not_theirs_cannot_be_a_reps_usual_one(widget: Widget, open_app: OpenApp) -> None:
    rep = open_app("rep")
    rep.save("mine", line=2, show_name=True)  # the other portal's

    assert (rep.status, rep.refusal) == (403, "not_allowed")
    assert widget.services.storage.settings.of(widget.portals[0], 2).show_name is False


def test_a_typed_number_is_read_with_the_portals_country_and_shown_with_place_and_time(
    rep: AppPage, outside: Outside
) -> None:
    calls = outside.total("portal")
    rep.save("number/look", number="8 961 951 00 00")

    assert "+7 961 951-00-00" in rep.words
    assert "Amur Oblast, Beeline" in rep.words
    assert "5:00" in rep.words
    assert (outside.total("portal"), outside.total("gateway")) == (calls, 0)


def test_what_is_no_number_is_said_so(rep: AppPage) -> None:
    for number in ("", "abc", "12", "+7 961", "8 961 951 00 00, 8 961 951 00 01"):
        rep.save("number/look", number=number)

        assert rep.status == 422
        assert "This is not a phone number." in rep.words


def test_a_new_number_gets_the_usual_chat(rep: AppPage, widget: Widget, outside: Outside) -> None:
    key = written_to(rep)
    page = rep.page.open_chat(key, line=1)
    assert page.answer.status_code == 201
    chat = page.chat

    page.send(chat, "Здравствуйте", "key-1", confirmed=True)
    assert page.answer.status_code == 201
    assert "Здравствуйте" in page.history(chat).words
    assert "check-exists" not in outside.calls()
    assert written_to(rep) == key  # who began it may go on with it


def written_to(page: AppPage, number: str = NEW, line: int = 1) -> str:
    page.save("number", number=number, line=line)
    assert page.status == 200, page.words
    return page.html.split('data-key="')[1].split('"')[0]


def test_the_session_of_a_typed_number_opens_that_number_on_that_line_and_nothing_else(
    two_lines: Widget, open_app: OpenApp, outside: Outside
) -> None:
    card = two_lines.open(lang="en").reveal()
    ivan, chat = card.keys["+7 961 951-00-00"], card.open_chat(card.keys["+7 961 951-00-00"], line=1).chat
    rep = open_app("rep", of=two_lines)
    key = written_to(rep)

    page = rep.page
    assert page.open_chat(ivan, line=1).answer.status_code == 403
    assert page.open_chat(key, line=2).answer.status_code == 403
    assert page.history(chat).answer.status_code == 403
    assert page.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 403
    assert page.post("/card", {"pressed": True}).answer.status_code == 403
    assert "sendText" not in outside.calls()


def test_without_a_typed_number_the_page_opens_no_chat(rep: AppPage, widget: Widget) -> None:
    card = widget.open(lang="en").reveal()

    assert rep.page.open_chat(card.keys[ORDERS], line=1).answer.status_code == 403


def test_a_number_that_others_write_with_is_opened_from_its_card_only(
    rep: AppPage, open_app: OpenApp, widget: Widget
) -> None:
    rep.save("number", number=IVAN.phone, line=1)  # 340 messages that this rep never saw
    assert rep.status == 422
    assert "Open it from the client's card" in rep.words
    assert "data-opening" not in rep.html

    assert written_to(open_app("admin"), IVAN.phone)


def test_who_only_opened_a_chat_on_a_card_does_not_open_it_by_its_number(
    widget: Widget, open_app: OpenApp, outside: Outside
) -> None:
    card = widget.open(lang="en").reveal()
    card.open_chat(card.keys[ORDERS])  # the same rep, who writes nothing
    written_by_an_administrator(widget)

    rep = open_app("rep")
    rep.save("number", number=ORDERS, line=1)

    assert rep.status == 422
    assert "Open it from the client's card" in rep.words


def test_a_typed_number_closes_when_others_write_with_it(rep: AppPage, widget: Widget, outside: Outside) -> None:
    key = written_to(rep, ORDERS)
    opening = opening_in(rep)
    page = rep.page.open_chat(key, line=1)
    chat = page.chat
    assert page.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 201
    outside.answer_as_client("+79261112233", "Good day")
    assert "Good day" in page.history(chat).words  # an answer to this rep is theirs to read

    written_by_an_administrator(widget)

    assert page.history(chat).answer.status_code == 403
    assert page.open_chat(key, line=1).answer.status_code == 403
    assert page.send(chat, "Hello again", "key-2", confirmed=True).answer.status_code == 403
    assert renewed(rep, widget, opening).open_chat(key, line=1).answer.status_code == 403
    rep.save("mine/states")
    assert rep.status == 200  # the rest of the page goes on


def test_a_renewal_asks_the_gateway_whether_others_talk_in_an_empty_chat(
    rep: AppPage, widget: Widget, outside: Outside
) -> None:
    key = written_to(rep, ORDERS)
    opening = opening_in(rep)
    rep.page.open_chat(key, line=1)
    outside.answer_as_client("+79261112233", "For somebody else")  # no report tells us

    assert renewed(rep, widget, opening).open_chat(key, line=1).answer.status_code == 403


def test_an_administrator_goes_on_with_any_typed_number(admin: AppPage, widget: Widget) -> None:
    key = written_to(admin, ORDERS)
    opening = opening_in(admin)
    card = widget.open(lang="en").reveal()
    card.send(card.open_chat(card.keys[ORDERS]).chat, "From a rep", "key-1", confirmed=True)

    assert admin.page.open_chat(key, line=1).answer.status_code == 200
    assert renewed(admin, widget, opening).open_chat(key, line=1).answer.status_code == 200


def written_by_an_administrator(widget: Widget) -> None:
    card = widget.open(user="admin", lang="en").reveal()
    card.send(card.open_chat(card.keys[ORDERS]).chat, "The price is 100", "admins-1", confirmed=True)
    assert card.answer.status_code == 201


def test_a_rep_makes_no_more_than_so_many_empty_chats_in_a_day(
    rep: AppPage, open_app: OpenApp, widget: Widget, outside: Outside, clock: Clock
) -> None:
    portal = widget.portals[0]
    key = written_to(rep)
    prepared = rep.page.session
    for number in range(MAX_UNWRITTEN):
        widget.services.storage.chats.remember(portal, 1, f"+7926555{1000 + number}", user_id=2)
    calls = outside.total("gateway")

    rep.save("number", number=NEW, line=1)
    assert rep.status == 422
    assert "You opened 50 new numbers in 24 hours" in rep.words
    rep.page.session = prepared
    assert rep.page.open_chat(key, line=1).answer.status_code == 403  # a session of before is not a way around
    assert outside.total("gateway") == calls

    page = open_app("rep").save("number", number="+79265551001", line=1)
    assert page.status == 200  # one of them
    page.page.send(
        page.page.open_chat(page.html.split('data-key="')[1].split('"')[0]).chat, "Hello", "key-1", confirmed=True
    )
    assert written_to(rep)  # one that was written to is not counted
    clock.forward(25 * 3600)
    assert widget.services.storage.chats.unwritten(portal, 2, clock() - 86_400) == 0


def test_when_the_gateway_cannot_tell_nothing_is_opened(rep: AppPage, outside: Outside) -> None:
    outside.break_gateway("html", "messages", times=None)

    rep.save("number", number=NEW, line=1)

    assert rep.status == 422
    assert "did not say" in rep.words


def test_a_line_that_is_closed_to_a_rep_is_no_way_to_a_new_number(two_lines: Widget, open_app: OpenApp) -> None:
    two_lines.services.storage.lines.set_access(two_lines.portals[0], 1, [Grantee("U3", "Ольга")])
    rep = open_app("rep", of=two_lines)

    assert "Line sales" not in rep.words
    rep.save("number", number=NEW, line=1)
    assert (rep.status, rep.refusal) == (403, "not_allowed")
    assert written_to(rep, line=2)


def test_a_renewed_session_still_knows_the_number(rep: AppPage, widget: Widget) -> None:
    key = written_to(rep)
    opening = opening_in(rep)

    assert renewed(rep, widget, opening).open_chat(key, line=1).answer.status_code == 201


def opening_in(page: AppPage) -> str:
    return page.html.split('data-opening="')[1].split('"')[0]


def renewed(page: AppPage, widget: Widget, opening: str) -> CardPage:
    """The page after its session ended."""
    token = widget.services.entrance.session_tokens.read_launch(page.page.opening_ticket).access_token
    answer = page.page.client.post("/session", json={"auth": token}, headers={"X-Opening": opening})
    page.page.session = answer.headers["X-Session"]
    return page.page
