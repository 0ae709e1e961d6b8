"""A client whose phone nothing tells is a client: they wait, are answered, belong to a card, and
become one with their number when it is known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from sandbox.people import HIDDEN, IVAN, RUSTAM
from tests.stand import CardPage, Clock, Outside, Widget, config_for, start_widget
from tests.waiting.test_list import app_page, as_app, listed
from tests.webhooks.gateways import Caller, PlainWebhooks, tick, written
from widget.bitrix24.claims import Claims
from widget.bitrix24.clients import MAX_COMMANDS, ORIGINATOR
from widget.bitrix24.crm import CONTACT
from widget.bitrix24.rest import Rest
from widget.gateways.base import Ack, GatewayEvent
from widget.gateways.serialization import events_json
from widget.storage.chats import Chat
from widget.storage.hidden_clients import FOLLOWING
from widget.storage.portals import Portal
from widget.storage.schema import metadata

NAME = "Тимур"
PHONE = RUSTAM.phone
STRANGER = "+79261112234"
PHONE_ID = f"{PHONE[1:]}@c.us"


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str) -> Widget:
    config = config_for(outside, empty_database)
    widget = start_widget(outside, config, clock, lines=("sales", "support"), webhooks={"waha": PlainWebhooks()})
    widget.services.storage.portals.set_installer(widget.portals[0], 1)
    app_page(widget, "admin")  # whose token searches
    return widget


@pytest.fixture
def gateway(widget: Widget) -> Caller:
    return Caller(widget)


def by_lid(widget: Widget, name: str = "C1", *, ago: float = 300.0, lid: str = RUSTAM.lid) -> GatewayEvent:
    told = written(name, "Кто здесь?", at=widget.clock() - ago, ids=(lid,))
    return GatewayEvent(told.kind, told.at, told.chat_ids, told.message_id, message=told.message, name=NAME)


def chat_of(gateway: Caller, client: str) -> Chat | None:
    found: Chat | None = gateway.chat(client)
    return found


def waits(widget: Widget, gateway: Caller, lid: str = RUSTAM.lid) -> int:
    gateway.tell(by_lid(widget, lid=lid))
    found = chat_of(gateway, lid)
    assert found
    return found.id


def links_of(widget: Widget, chat: int) -> list[tuple[int, int]]:
    """The cards that a chat is attached to."""
    found = widget.services.storage.conversations.hidden.links(widget.portals[0], [chat])
    cards: list[tuple[int, int]] = found.get(chat, [])
    return cards


def change_portal(widget: Widget, **change: object) -> None:
    widget.outside.http.post(f"{widget.outside.portal}/_sandbox/portals/1", json=change).raise_for_status()


def opened(page: CardPage, chat: int) -> CardPage:
    as_app(page, f"/app/waiting/{chat}/open", {})
    return page.open_chat(page.text.split('data-key="')[1].split('"')[0])


def test_a_client_without_a_number_waits_under_their_name_and_is_answered(widget: Widget, gateway: Caller) -> None:
    chat = waits(widget, gateway)
    page = app_page(widget, "rep")
    assert listed(page) == [chat]
    assert NAME in page.words
    opened(page, chat)
    assert (page.chat, NAME in page.words) == (chat, True)
    assert "Кто здесь?" in page.history(chat).words
    assert page.send(chat, "Мы", "key-1", confirmed=True).answer.status_code == 201
    assert widget.outside.heard().get("check", 0) == 0
    assert listed(page) == []


def test_a_card_that_a_client_without_a_number_is_attached_to_shows_their_chat(widget: Widget, gateway: Caller) -> None:
    chat = waits(widget, gateway)
    card = widget.open(user="rep", lang="en").reveal()
    assert NAME not in card.words
    page = app_page(widget, "rep")
    restricted = app_page(widget, "restricted")
    assert restricted.post(f"/app/waiting/{chat}/attach", {"kind": "contact", "id": 44}).answer.status_code == 403
    page.post(f"/app/waiting/{chat}/attach", {"kind": "contact", "id": 42})
    assert "in no card" not in page.words
    card = widget.open(user="rep", lang="en").reveal()
    assert "The number is not known" in card.row(NAME)
    key, other = card.keys[NAME], widget.services.storage.lines.of(widget.portals[0])[1].id
    assert card.open_chat(key).chat == chat
    assert card.open_chat(key, line=other).answer.status_code == 409
    wanted = {"key": key, "line": gateway.line.id, "confirmed": True}
    assert "Ignore no longer" in card.post("/card/ignore", wanted).row_html(NAME)
    assert 'data-action="ignore"' in card.post("/card/unignore", wanted).row_html(NAME)

    gateway.tell(written("C2", at=widget.clock(), ids=(PHONE_ID, RUSTAM.lid)))
    widget.clock.forward(400)
    card = widget.open(user="rep", lang="en").reveal()
    assert "+998 90 123 45 67" in card.rows
    assert NAME not in card.words


def test_a_new_card_for_a_client_without_a_number_holds_their_chat(widget: Widget, gateway: Caller) -> None:
    chat = waits(widget, gateway)
    page = app_page(widget, "rep")
    page.post(f"/app/waiting/{chat}/card", {"kind": "contact"})
    assert NAME in page.words
    assert "in no card" not in page.words
    assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).answer.status_code == 409


@pytest.mark.parametrize(
    ("kind", "item", "change"),
    [
        (3, 44, {"delete_item": {"entityTypeId": 3, "id": 44}}),  # so goes also what is merged into another
        (1042, 5, {"delete_smart_type": 1042}),
    ],
    ids=["a contact", "a smart process"],
)
def test_a_client_whose_card_is_deleted_waits_for_all_and_is_attached_anew(
    widget: Widget, gateway: Caller, kind: int, item: int, change: dict[str, object]
) -> None:
    chat, hidden = waits(widget, gateway), widget.services.storage.conversations.hidden
    told = chat_of(gateway, RUSTAM.lid)
    assert told
    change_portal(widget, add_smart_type={"title": "Замеры", "entityTypeId": 1042})
    hidden.link(told, kind, item, user_id=1)
    change_portal(widget, **change)
    page = app_page(widget, "restricted")
    assert listed(page) == [chat]
    assert "in no card" in page.words
    assert page.post(f"/app/waiting/{chat}/attach", {"kind": "contact", "id": 42}).answer.status_code == 200
    assert hidden.links(told.portal_id, [chat]) == {chat: [(3, 42)]}


@pytest.mark.parametrize("kind", ["lead", "contact"])
def test_a_card_whose_making_got_no_answer_is_found_by_the_next_press_long_after(
    widget: Widget, gateway: Caller, outside: Outside, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(Claims, "take", lambda *_: True)  # the next press comes when the claim of this one is over
    chat, page = waits(widget, gateway), app_page(widget, "rep")
    outside.break_portal("cut", "crm.item.add")
    assert page.post(f"/app/waiting/{chat}/card", {"kind": kind}).refusal == "portal_failed"
    assert page.post(f"/app/waiting/{chat}/card", {"kind": kind}).answer.status_code == 200
    assert "in no card" not in page.words
    assert outside.calls("portal")["crm.item.add"] == 1


@pytest.mark.parametrize("filtered", [True, False], ids=["the portal filters", "the portal passes over a filter"])
def test_two_clients_without_a_number_get_a_card_each(
    widget: Widget, gateway: Caller, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    asked_for = Rest.call

    def call(rest: Rest, portal: Portal, user_id: int, method: str, params: Mapping[str, Any], *more: Any) -> Any:
        passed_over = {} if filtered or method != "crm.item.list" else {"filter": {}}
        return asked_for(rest, portal, user_id, method, {**params, **passed_over}, *more)

    monkeypatch.setattr(Rest, "call", call)
    chats, page = [waits(widget, gateway, lid) for lid in (RUSTAM.lid, HIDDEN.lid)], app_page(widget, "rep")
    cards = []
    for chat in chats:
        assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).answer.status_code == 200
        cards += links_of(widget, chat)
    assert len(cards) == len(set(cards)) == 2


def test_a_card_is_found_among_more_of_ours_than_one_answer_holds(
    widget: Widget, gateway: Caller, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Claims, "take", lambda *_: True)
    portal, rest = widget.services.storage.portals.get(widget.portals[0]), widget.services.bitrix24.rest
    fields = [{"name": "Гость", "originatorId": ORIGINATOR, "originId": f"{each}@lid"} for each in range(MAX_COMMANDS)]
    others = [("crm.item.add", {"entityTypeId": CONTACT, "fields": each}) for each in fields]
    chat, page = waits(widget, gateway), app_page(widget, "rep")
    rest.batch(portal, 1, {f"a{number}": command for number, command in enumerate(others)})
    outside.break_portal("cut", "crm.item.add")
    assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).refusal == "portal_failed"
    assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).answer.status_code == 200
    assert outside.calls("portal")["crm.item.add"] == 1


def test_a_user_who_may_add_cards_and_list_none_makes_one(widget: Widget, gateway: Caller, outside: Outside) -> None:
    chat, page = waits(widget, gateway), app_page(widget, "rep")
    outside.break_portal("ACCESS_DENIED here", "crm.item.list")
    assert page.post(f"/app/waiting/{chat}/card", {"kind": "contact"}).answer.status_code == 200
    assert len(links_of(widget, chat)) == 1


@pytest.mark.parametrize(
    ("press", "fails", "next_press"),
    [
        (("card", {"kind": "lead"}), "crm.item.list", ""),
        (("attach", {"kind": "contact", "id": 42}), "batch", ""),
        (("card", {"kind": "lead"}), "crm.item.add", "portal_busy"),
    ],
    ids=["a look for a card", "a look at a card", "a card that is made"],
)
def test_the_next_press_waits_for_one_without_an_answer_only_where_that_may_have_written(
    widget: Widget, gateway: Caller, outside: Outside, press: tuple[str, Any], fails: str, next_press: str
) -> None:
    chat, page = waits(widget, gateway), app_page(widget, "rep")
    path, body = f"/app/waiting/{chat}/{press[0]}", press[1]
    outside.break_portal("cut", fails)
    assert page.post(path, body).refusal == "portal_failed"
    assert page.post(path, body).refusal == next_press
    assert (page.answer.status_code == 200) is (not next_press)


def test_a_card_that_others_may_not_read_is_looked_for_once_in_ten_minutes(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    chat, told = waits(widget, gateway), chat_of(gateway, RUSTAM.lid)
    assert told
    widget.services.storage.conversations.hidden.link(told, 3, 44, user_id=1)
    page = app_page(widget, "restricted")
    asked = outside.calls("portal")["batch"]
    for more in (2, 1):
        assert listed(page) == []
        asked += more
        assert outside.calls("portal")["batch"] == asked
        widget.clock.forward(61)
    change_portal(widget, delete_item={"entityTypeId": 3, "id": 44})
    widget.clock.forward(600)
    assert listed(page) == [chat]


@pytest.mark.parametrize("case", ["no administrator asks", "Bitrix24 fails"])
def test_a_client_whose_card_is_not_proved_to_be_gone_is_shown_to_nobody_else(
    widget: Widget, gateway: Caller, outside: Outside, case: str
) -> None:
    chat, hidden = waits(widget, gateway), widget.services.storage.conversations.hidden
    told = chat_of(gateway, RUSTAM.lid)
    assert told
    hidden.link(told, 3, 44, user_id=1)
    page = app_page(widget, "restricted")
    if case == "no administrator asks":
        widget.services.storage.portals.set_installer(told.portal_id, 2)
        app_page(widget, "rep")
    else:
        outside.break_portal("OPERATION_TIME_LIMIT", "batch:crm.item.get", None)
    change_portal(widget, delete_item={"entityTypeId": 3, "id": 44})
    assert listed(page) == []
    assert hidden.links(told.portal_id, [chat]) == {chat: [(3, 44)]}


@pytest.mark.parametrize("first", ["lid", "both", "phone"])
def test_a_webhook_that_tells_the_number_makes_one_chat_of_two(widget: Widget, gateway: Caller, first: str) -> None:
    """Of what was there before: the chat of the LID with a send and an owner, and perhaps that of
    the number, in which a colleague wrote on the phone: then it is not known whose the client
    is."""
    services = widget.services
    if first != "lid":
        services.chats.service.open(gateway.line, PHONE, user_id=2)
    if first == "both":
        gateway.tell(written("P1", "Давно", at=widget.clock() - 9000, ids=(PHONE_ID,), from_me=True))
    chat = waits(widget, gateway)
    page = app_page(widget, "rep")
    page.post(f"/app/waiting/{chat}/take", {})
    opened(page, chat)
    page.send(chat, "Мы", "key-1", confirmed=True)
    gateway.tell(by_lid(widget, "C2", ago=-60))
    widget.clock.forward(120)

    news = written("C3", "Это я", at=widget.clock(), ids=(PHONE_ID, RUSTAM.lid))
    for event in (news, news, tick(Ack.READ, "L9", ids=(PHONE_ID, RUSTAM.lid))):
        gateway.tell(event)
    assert len(gateway.stored["chats"]) == 1
    one = chat_of(gateway, PHONE)
    assert one
    owner = 0 if first == "both" else 2
    assert (one.phone, one.owner_id, one.waiting_since) == (PHONE, owner, int(widget.clock() - 60))
    assert services.storage.sends.by_key(widget.portals[0], "key-1").chat_id == one.id
    assert {"Кто здесь?", "Мы", "Это я"} <= {bubble.text for bubble in gateway.shown(PHONE)}
    assert chat_of(gateway, RUSTAM.lid) is None


@pytest.mark.parametrize("first", ["sales by both", "support by the LID", "a list tells sales"])
def test_a_client_whom_another_line_knows_by_a_lid_alone_is_named_beside_the_chat_of_their_number(
    widget: Widget, gateway: Caller, first: str
) -> None:
    services, (sales, support) = widget.services, widget.services.storage.lines.of(widget.portals[0])
    both = written("C1", at=widget.clock(), ids=(f"{IVAN.phone[1:]}@c.us", HIDDEN.lid))
    by_lid_alone = by_lid(widget, "C2", lid=HIDDEN.lid)
    told = {sales.id: both, support.id: by_lid_alone}
    for line in (sales, support) if first == "sales by both" else (support, sales):
        if line is sales and first == "a list tells sales":
            services.storage.chats.learn(
                line.portal_id, line.id, IVAN.phone, chat_ids=[HIDDEN.lid], proved=True, last_at=1.0
            )
            services.chats.unveiling.go()
        else:
            services.webhooks.ingest.work(
                services.storage.inbox.add(line.portal_id, line.id, events_json([told[line.id]]))
            )
    assert chat_of(gateway, HIDDEN.lid) is None
    page = widget.open(user="admin", lang="en").reveal()
    key = page.keys["+7 961 951-00-00"]
    page.open_chat(key, line=sales.id)
    assert f"Chat on the line {support.name}" in page.words
    assert "Client waits 5 minutes" in page.words
    page.open_chat(key, line=support.id)
    assert "Кто здесь?" in page.history(page.chat).words


@pytest.mark.parametrize(
    ("owners", "owner"),
    [
        ([(RUSTAM.lid, 1, False), (PHONE, 2, False)], (2, False)),
        ([(PHONE, 2, False), (RUSTAM.lid, 1, False)], (2, False)),
        ([(PHONE, 2, True), (RUSTAM.lid, 1, False)], (1, False)),
        ([(PHONE, 2, True)], (0, False)),  # whom a client without a number wrote to is not theirs
    ],
)
def test_of_two_who_answered_one_client_the_one_of_their_number_keeps_them_unless_they_typed_it(
    widget: Widget, gateway: Caller, owners: list[tuple[str, int, bool]], owner: tuple[int, bool]
) -> None:
    conversations = widget.services.storage.conversations
    widget.services.chats.service.open(gateway.line, PHONE, user_id=2)
    waits(widget, gateway)
    for client, user_id, typed in owners:
        chat = chat_of(gateway, client)
        assert chat
        conversations.waits.own(chat, user_id, at=widget.clock(), typed=typed)
        widget.clock.forward(60)

    gateway.tell(written("C3", "Это я", at=widget.clock(), ids=(PHONE_ID, RUSTAM.lid)))

    one = chat_of(gateway, PHONE)
    assert one
    assert (one.owner_id, one.owner_typed) == owner


def test_a_typed_number_shows_nothing_of_the_chat_that_its_client_has_by_another_name(
    widget: Widget, gateway: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check has told under which id WhatsApp knows the number: a colleague's client is who that
    is."""
    hidden = waits(widget, gateway, HIDDEN.lid)
    widget.services.storage.staff.seen(widget.portals[0], 1, "Olga")
    as_app(app_page(widget, "admin"), f"/app/waiting/{hidden}/take", {})
    known = widget.services.presence.known
    told = replace(known.shown(widget.portals[0], STRANGER), chat_id=f"waha:{HIDDEN.lid}")
    monkeypatch.setattr(known, "shown", lambda _portal, _phone: told)
    rep = app_page(widget, "rep")
    as_app(rep, "/app/number", {"number": STRANGER, "line": gateway.line.id})

    answer = rep.open_chat(rep.text.split('data-key="')[1].split('"')[0])
    assert (answer.answer.status_code, answer.refusal) == (403, "not_allowed")
    assert "Olga" not in answer.text


def test_what_the_gateway_saw_meanwhile_is_asked_at_night_and_whatsapp_hears_nothing(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    chat = waits(widget, gateway)
    hidden = waits(widget, gateway, HIDDEN.lid)
    outside.set_up("sales", unpaired=[RUSTAM.lid])
    widget.services.chats.unveiling.go()
    assert chat_of(gateway, PHONE) is None
    outside.set_up("sales", unpaired=[])
    outside.break_gateway("http_500", "lids")
    widget.services.chats.unveiling.go()
    assert chat_of(gateway, PHONE) is None
    widget.services.chats.unveiling.go()
    one, other = chat_of(gateway, PHONE), chat_of(gateway, HIDDEN.lid)
    assert one
    assert other
    assert (one.id, one.waiting_since > 0, other.id) == (chat, True, hidden)
    assert outside.heard() == {}


def test_who_was_ignored_by_an_id_is_so_by_the_number_that_is_known_since(widget: Widget, gateway: Caller) -> None:
    chat = waits(widget, gateway)
    page = app_page(widget, "rep")
    page.post(f"/app/waiting/{chat}/ignore", {"confirmed": True})
    gateway.tell(written("P1", at=widget.clock(), ids=(PHONE_ID,)))
    widget.services.chats.unveiling.go()
    gateway.tell(written("P2", at=widget.clock(), ids=(PHONE_ID,)))
    one = chat_of(gateway, PHONE)
    assert one
    assert (one.waiting_since, len(gateway.stored["messages"])) == (0, 2)


def test_who_is_ignored_on_a_line_is_not_let_in_there_by_a_lid_that_another_line_knows(
    widget: Widget, gateway: Caller
) -> None:
    services, (sales, support) = widget.services, widget.services.storage.lines.of(widget.portals[0])
    services.storage.conversations.ignores.add(support.portal_id, support.id, [IVAN.phone], 1)
    both = written("C1", at=widget.clock(), ids=(f"{IVAN.phone[1:]}@c.us", HIDDEN.lid))
    for line, told in ((sales, both), (support, by_lid(widget, "C2", lid=HIDDEN.lid))):
        services.webhooks.ingest.work(services.storage.inbox.add(line.portal_id, line.id, events_json([told])))
    assert services.storage.chats.find(support.portal_id, support.id, IVAN.phone) is None


def test_what_needed_no_reply_before_two_chats_became_one_needs_none_after(widget: Widget, gateway: Caller) -> None:
    gateway.tell(written("P1", at=widget.clock() - 9000, ids=(PHONE_ID,)))
    known = chat_of(gateway, PHONE)
    assert known
    page = app_page(widget, "rep")
    page.post(f"/app/waiting/{known.id}/waive", {"until": int(widget.clock())})
    waits(widget, gateway)
    gateway.tell(written("C2", at=widget.clock(), ids=(PHONE_ID, RUSTAM.lid)))
    one = chat_of(gateway, PHONE)
    assert one
    assert one.waiting_since == int(widget.clock() - 300)


def test_a_lid_that_a_check_had_told_is_joined_at_night_without_a_call(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    waits(widget, gateway, HIDDEN.lid)
    widget.services.storage.chats.learn(
        widget.portals[0], gateway.line.id, IVAN.phone, chat_ids=[HIDDEN.lid], proved=True, last_at=0.0
    )
    widget.services.chats.unveiling.go()
    assert chat_of(gateway, HIDDEN.lid) is None
    assert outside.calls() == {}


def test_what_points_at_a_chat_goes_with_it_when_two_become_one() -> None:
    """A mirror stays where its chat does, and what another one holds goes on in it; a name is over,
    and facts are told anew."""
    settled = {"mirrors", "client_names", "told_fields"}
    pointing = {
        table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "chats"
    }
    assert pointing == settled | {table.name for table, _named in FOLLOWING}
