"""What brings a chat to a rep brings them no more of it than they may read: neither what they say
of its client, nor that two chats become one."""

from typing import Any

import pytest

from sandbox.people import OKSANA, ORDERS_MOSCOW
from tests.chats.test_typed import LINES, Rep, take_out_of_cards
from tests.stand import DEAL, CardPage, Clock, Outside, Widget, config_for, start_widget
from tests.waiting.test_list import NOBODYS, app_page, as_app, listed
from tests.webhooks.gateways import Caller, PlainWebhooks, written
from widget.storage.chats import Chat
from widget.storage.lines import OwnerRule

PHONE = ORDERS_MOSCOW.phone
PHONE_ID = f"{PHONE[1:]}@c.us"
OKSANA_ID = f"{OKSANA.phone[1:]}@c.us"  # in card 44, which «restricted» may not read
LID = "550099887766554@lid"
PRICE = "The price is 100"


def begin(outside: Outside, clock: Clock, database: str, line: str = "sales", kind: str = "waha") -> Widget:
    config = config_for(outside, database, session_minutes=10_000)
    widget = start_widget(outside, config, clock, lines=(line,), webhooks={kind: PlainWebhooks()})
    widget.services.storage.portals.set_installer(widget.portals[0], 1)
    widget.services.storage.staff.seen(widget.portals[0], 1, "Olga")
    app_page(widget, "admin")
    return widget


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str) -> Widget:
    return begin(outside, clock, empty_database)


def typed_owner(widget: Widget) -> tuple[Rep, int]:
    """A rep who typed a number, wrote to it and had an answer; then a colleague wrote there, and no
    report told it."""
    take_out_of_cards(widget)
    rep = Rep(widget)
    assert rep.type_number(PHONE, 1).answer.status_code == 200
    chat = rep.page.open_chat(rep.key, line=1).chat
    assert rep.page.send(chat, "Hello", "key-1", confirmed=True).answer.status_code == 201
    widget.outside.answer_as_client(PHONE, "For who wrote", LINES[0])
    rep.page.history(chat)
    return rep, chat


def reads(rep: Rep, chat: int) -> str:
    return rep.page.history(chat).words if rep.open_waiting(chat).answer.status_code == 200 else ""


@pytest.mark.parametrize(
    ("do", "body"),
    [("take", {}), ("ignore", {"confirmed": True}), ("waive", {}), ("card", {"kind": "contact"})],
)
def test_who_typed_a_number_says_nothing_of_its_client_once_others_talk_there(
    widget: Widget, do: str, body: dict[str, Any]
) -> None:
    rep, chat = typed_owner(widget)
    widget.outside.write_on_phone(PHONE, "A colleague's", LINES[0])
    if do != "card":
        assert rep.page.post(f"/chats/{chat}/{do}", body).answer.status_code == 403
    rep.page.session = rep.own
    assert rep.page.post(f"/app/waiting/{chat}/{do}", body).answer.status_code == 403
    widget.clock.forward(61)
    assert "A colleague's" not in reads(rep, chat)


def test_a_take_that_meets_a_colleagues_take_gives_no_more_than_the_typed_number_did(
    widget: Widget, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep, chat = typed_owner(widget)
    services, portal = widget.services, widget.portals[0]
    rights, ask = services.chats.rights, services.chats.rights.readable

    def readable(*asked: Any) -> Any:
        found = ask(*asked)
        monkeypatch.setattr(rights, "readable", ask)
        services.storage.conversations.waits.own(services.storage.chats.get(portal, chat), 1, at=widget.clock())
        return found

    monkeypatch.setattr(rights, "readable", readable)
    rep.page.session = rep.own
    assert rep.page.post(f"/app/waiting/{chat}/take", {}).answer.status_code == 200
    widget.outside.write_on_phone(PHONE, "A colleague's", LINES[0])
    assert "A colleague's" not in reads(rep, chat)


def told_on_phone(widget: Widget, chat_id: str = PHONE_ID) -> None:
    """A colleague answers on the phone, and a report tells of it."""
    widget.clock.forward(60)
    widget.outside.write_on_phone(PHONE, "A colleague's", LINES[0])
    Caller(widget).tell(written("P1", "A colleague's", at=widget.clock(), ids=(chat_id,), from_me=True))


def test_who_said_that_no_reply_is_needed_does_not_read_a_colleagues_later(widget: Widget) -> None:
    chat_id = f"{NOBODYS[1:]}@c.us"
    Caller(widget).tell(written("C1", at=widget.clock() - 300, ids=(chat_id,)))
    chat = Caller(widget).chat(NOBODYS).id
    rep = Rep(widget)
    assert listed(app_page(widget, "rep")) == [chat]
    assert rep.page.post(f"/app/waiting/{chat}/waive", {}).answer.status_code == 200
    assert rep.open_waiting(chat).answer.status_code == 200  # it may have been a mistake
    told_on_phone(widget, chat_id)
    assert rep.open_waiting(chat).answer.status_code == 403


@pytest.mark.parametrize("rule", OwnerRule)
def test_nor_does_who_typed_the_number_whose_client_needs_no_reply(widget: Widget, rule: OwnerRule) -> None:
    widget.services.storage.lines.set_owner_rule(widget.portals[0], 1, rule)
    rep, chat = typed_owner(widget)
    widget.clock.forward(60)
    Caller(widget).tell(written("C1", "Mine", at=widget.clock(), ids=(PHONE_ID,)))
    assert rep.page.post(f"/chats/{chat}/waive", {}).answer.status_code == 200
    told_on_phone(widget)
    services, portal = widget.services, widget.portals[0]
    services.storage.conversations.waits.own(services.storage.chats.get(portal, chat), 0, at=widget.clock())
    assert rep.page.history(chat).answer.status_code == 403
    assert "A colleague's" not in reads(rep, chat)


def hidden_client(widget: Widget) -> tuple[Chat, Chat]:
    """A colleague's conversation with Oksana on the phone, and a client without a number who is she
    and waits."""
    Caller(widget).tell(written("P1", PRICE, at=widget.clock() - 9000, ids=(OKSANA_ID,), from_me=True))
    known, _new = widget.services.storage.chats.remember(widget.portals[0], 1, OKSANA.phone, chat_ids=(OKSANA_ID,))
    Caller(widget).tell(written("C1", "Who is there?", at=widget.clock() - 300, ids=(LID,)))
    return known, Caller(widget).chat(LID)


def unite(widget: Widget) -> None:
    Caller(widget).tell(written("C2", "It is me", at=widget.clock() - 10, ids=(LID, OKSANA_ID)))


def after_union(widget: Widget, page: CardPage) -> str:
    unite(widget)
    widget.clock.forward(61)  # nothing is remembered
    chat = Caller(widget).chat(OKSANA.phone)
    as_app(page, f"/app/waiting/{chat.id}/open", {})
    return page.history(chat.id).words


@pytest.mark.parametrize(
    ("do", "body"), [("open", {}), ("take", {}), ("attach", {"kind": "contact", "id": 42}), ("write", {})]
)
@pytest.mark.parametrize("colleague", [0, 1])
def test_what_a_rep_did_with_a_client_without_a_number_opens_no_chat_of_that_number(
    widget: Widget, do: str, body: dict[str, Any], colleague: int
) -> None:
    known, hidden = hidden_client(widget)
    widget.services.storage.conversations.waits.own(known, colleague, at=widget.clock() - 8000)
    page = app_page(widget, "restricted")
    own = page.session
    as_app(page, f"/app/waiting/{hidden.id}/{'open' if do == 'write' else do}", body)
    assert page.answer.status_code == 200
    if do == "write":
        assert page.send(hidden.id, "Hello", "key-1", confirmed=True).answer.status_code == 201
        widget.services.storage.conversations.waits.own(
            widget.services.storage.chats.get(widget.portals[0], hidden.id), 0, at=widget.clock()
        )
    page.session = own
    assert PRICE not in after_union(widget, page)


def test_nor_what_its_gateway_has_while_the_list_is_remembered(
    outside: Outside, clock: Clock, empty_database: str
) -> None:
    """The number has no chat of ours yet: the client's becomes its chat, and she is in a card after
    all."""
    widget = begin(outside, clock, empty_database, LINES[2], "green")
    Caller(widget).tell(written("C1", "Who is there?", at=clock() - 300, ids=(LID,)))
    hidden = Caller(widget).chat(LID)
    page = app_page(widget, "restricted")
    assert listed(page) == [hidden.id]
    unite(widget)
    as_app(page, f"/app/waiting/{hidden.id}/open", {})
    assert page.history(hidden.id).bubbles == []


@pytest.mark.parametrize("rule", OwnerRule)
def test_what_was_kept_in_a_card_gives_no_right_when_it_goes_out_from_a_typed_number(
    widget: Widget, rule: OwnerRule
) -> None:
    widget.services.storage.lines.set_owner_rule(widget.portals[0], 1, rule)
    card = widget.open(DEAL, user="rep", lang="en").reveal()
    chat = card.open_chat(card.keys["+7 926 111-22-33"], line=1).chat
    kept = {"text": "Kept in a card", "key": "k-1", "when": "hour"}
    assert card.post(f"/chats/{chat}/later", kept).answer.status_code == 201
    take_out_of_cards(widget)
    rep = Rep(widget)
    assert rep.type_number(PHONE, 1).answer.status_code == 200
    now = {"do": "now", "confirmed": True}
    assert rep.page.post(f"/chats/{chat}/later/1", now).answer.status_code == 200
    widget.outside.answer_as_client(PHONE, "An answer", LINES[0])
    widget.outside.write_on_phone(PHONE, "A colleague's", LINES[0])
    assert rep.page.history(chat).answer.status_code == 403
    assert "A colleague's" not in reads(rep, chat)


def test_who_lost_a_client_whose_message_waits_is_not_told_the_number_that_is_known_since(widget: Widget) -> None:
    services, portal = widget.services, widget.portals[0]
    Caller(widget).tell(written("C1", "Who is there?", at=widget.clock() - 300, ids=(LID,)))
    hidden = Caller(widget).chat(LID)
    rep = app_page(widget, "restricted")
    as_app(rep, f"/app/waiting/{hidden.id}/open", {})
    kept = {"text": "Later", "key": "k-1", "when": "hour"}
    assert rep.post(f"/chats/{hidden.id}/later", kept).answer.status_code == 201
    services.storage.conversations.waits.own(hidden, 1, at=widget.clock())
    unite(widget)
    widget.clock.forward(3700)
    services.prepared.later.go()
    told = [reason.words for _whom, reason in services.prepared.later.reasons(services.storage.portals.require(portal))]
    assert len(told) == 1
    assert "67 123" not in told[0]


def test_who_lost_a_client_is_not_told_the_number_that_is_known_since(widget: Widget) -> None:
    Caller(widget).tell(written("C1", "Who is there?", at=widget.clock() - 300, ids=(LID,)))
    hidden = Caller(widget).chat(LID)
    rep = app_page(widget, "restricted")
    rep.post(f"/app/waiting/{hidden.id}/take", {})
    app_page(widget, "admin").post(f"/app/waiting/{hidden.id}/take", {})
    unite(widget)
    rep.post("/app/waiting", {})
    assert "took over a chat of yours" in rep.words
    assert "67 123" not in rep.words


def test_a_press_that_is_repeated_after_two_chats_became_one_is_told_what_became_of_it(widget: Widget) -> None:
    _known, hidden = hidden_client(widget)
    page = app_page(widget, "admin")
    as_app(page, f"/app/waiting/{hidden.id}/open", {})
    assert page.send(hidden.id, "Hello", "key-1", confirmed=True).answer.status_code == 201
    unite(widget)
    again = page.send(hidden.id, "Hello", "key-1", confirmed=True)
    assert (again.answer.status_code, "Hello" in again.words) == (201, True)
    assert page.send(hidden.id, "Hello", "key-2", confirmed=True).answer.status_code == 404
    assert widget.outside.calls()["sendText"] == 1
