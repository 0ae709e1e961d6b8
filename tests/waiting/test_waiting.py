"""A client waits until they are answered, whatever order webhooks come in; and who answers is
known."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand import CardPage, Clock, Outside, Widget, config_for, examples, start_widget
from tests.waiting.test_list import app_page
from tests.webhooks.gateways import CLIENT, LID, PHONE, Caller, PlainWebhooks, muddled, tick, written
from widget.gateways.base import Ack, GatewayEvent, LineState, LineStatus
from widget.gateways.serialization import events_json
from widget.storage.chats import Chat
from widget.storage.lines import Grantee, OwnerRule

IVAN_ROW = "+7 961 951-00-00"
MINUTE, DAY = 60.0, 86_400.0
HOOKS = {"waha": PlainWebhooks()}


@pytest.fixture
def widget(outside: Outside, clock: Clock, empty_database: str) -> Widget:
    return start_widget(outside, config_for(outside, empty_database), clock, webhooks=HOOKS)


@pytest.fixture
def gateway(widget: Widget) -> Caller:
    return Caller(widget)


def client_writes(widget: Widget, gateway: Caller, *, ago: float = 0.0, name: str = "C1") -> Chat:
    gateway.tell(written(name, at=widget.clock() - ago))
    found: Chat = gateway.chat()
    return found


def chat_page(widget: Widget, user: str = "rep") -> CardPage:
    page = widget.open(user=user, lang="en").reveal()
    return page.open_chat(page.keys[IVAN_ROW])


def test_an_answer_from_the_card_or_the_phone_ends_the_wait_and_opening_the_chat_does_not(
    widget: Widget, gateway: Caller
) -> None:
    begun = widget.clock() - 600
    assert client_writes(widget, gateway, ago=600).waiting_since == int(begun)
    client_writes(widget, gateway, ago=300, name="C2")
    page = chat_page(widget)
    chat = page.chat
    page.history(chat)
    assert gateway.chat().waiting_since == int(begun)

    page.send(chat, "Hello", "key-1", confirmed=True)
    assert gateway.chat().waiting_since == 0
    widget.clock.forward(60)
    client_writes(widget, gateway, name="C3")
    widget.clock.forward(60)
    gateway.tell(written("L1", "On the phone", at=widget.clock(), from_me=True))
    assert gateway.chat().waiting_since == 0


def test_a_message_that_failed_after_all_is_no_answer(widget: Widget, gateway: Caller) -> None:
    since = client_writes(widget, gateway, ago=600).waiting_since
    page = chat_page(widget)
    page.send(page.chat, "Hello", "key-1", confirmed=True)
    send_id = widget.services.storage.sends.by_key(widget.portals[0], "key-1").message_id
    gateway.tell(tick(Ack.FAILED, send_id, at=widget.clock(), ids=(CLIENT,)))
    assert gateway.chat().waiting_since == since


def test_no_reply_needed_says_who_pressed_and_a_later_message_waits_again(widget: Widget, gateway: Caller) -> None:
    client_writes(widget, gateway, ago=600)
    gateway.tell(written("L1", "We are away", at=widget.clock() - 598, from_me=True))  # by the phone itself
    assert "Without an answer: 1" in widget.open(lang="en").reveal().row(IVAN_ROW)
    page = chat_page(widget)
    chat = page.chat
    assert "Client waits 10 minutes" in page.words
    shown = page.post(f"/chats/{chat}/waive", {"until": int(widget.clock() - 600)})
    assert "No reply needed, said" in shown.words
    assert "Without an answer" not in widget.open(lang="en").reveal().row(IVAN_ROW)
    widget.clock.forward(60)
    assert client_writes(widget, gateway, name="C2").waiting_since == int(widget.clock())
    for until in (widget.clock(), widget.clock() - 660):  # the other one on a page that was drawn before
        page.post(f"/chats/{chat}/waive", {"until": int(until)})
    assert gateway.chat().waiting_since == 0


def test_texts_that_are_wiped_neither_end_a_wait_nor_begin_one(widget: Widget, gateway: Caller) -> None:
    wipe = widget.services.storage.messages.wipe
    since = client_writes(widget, gateway, ago=600).waiting_since
    wipe(widget.clock() + 1)
    gateway.tell(written("C2", at=widget.clock()))
    assert gateway.chat().waiting_since == since

    widget.clock.forward(60)
    gateway.tell(written("L1", at=widget.clock(), from_me=True))
    wipe(widget.clock() + 1)
    widget.clock.forward(60)
    assert client_writes(widget, gateway, name="C3").waiting_since == int(widget.clock())


BOTH = (CLIENT, LID)
TALK = st.lists(
    st.tuples(st.integers(0, 50), st.booleans(), st.sampled_from([(CLIENT,), (LID,), BOTH])), min_size=1, max_size=6
)


def told(widget: Widget, events: list[GatewayEvent], *, owner_id: int) -> tuple[float, float, int]:
    """What is known of a client whose new chat an employee takes after the first of these, once all
    were worked on."""
    services, portal = widget.services, widget.portals[0]
    line = services.storage.lines.of(portal)[0]
    with services.storage.engine.begin() as connection:
        for table in ("messages", "chats"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    for number, event in enumerate(events):
        services.webhooks.ingest.work(services.storage.inbox.add(portal, line.id, events_json([event])))
        if number == 0:
            [chat] = services.storage.chats.of_phones(portal, [PHONE, LID])
            services.storage.conversations.waits.own(chat, owner_id, at=widget.clock())
    [chat] = services.storage.chats.of_phones(portal, [PHONE, LID])
    assert chat.phone == PHONE
    return chat.waiting_since, chat.theirs_at, chat.owner_id


def unanswered(events: list[GatewayEvent]) -> float:
    """When the client wrote what has no answer, of messages as they happened: an answer within five
    seconds of the client's latest is the phone's own."""
    since = latest = 0.0
    for event in sorted(events, key=lambda event: (event.at, event.from_me)):
        if not event.from_me:
            since, latest = since or event.at, event.at
        elif event.at - latest >= 5:
            since = 0.0
    return since


@settings(max_examples=examples(25))
@given(TALK, st.randoms(use_true_random=False))
def test_shuffled_doubled_and_late_webhooks_tell_the_same_wait_and_move_no_owner(
    widget: Widget, talk: list[tuple[int, bool, tuple[str, ...]]], chance: random.Random
) -> None:
    began = widget.clock() - 1000
    both = written("first", at=began - 1000, ids=BOTH, from_me=True)  # says that both ids are one client
    events = [
        written(f"M{number}", at=began + at, ids=ids, from_me=ours) for number, (at, ours, ids) in enumerate(talk)
    ]
    in_order = told(widget, [both, *events], owner_id=2)
    assert told(widget, muddled([both, *events], chance), owner_id=2) == in_order
    assert (in_order[0], in_order[2]) == (unanswered(events), 2)


def test_who_writes_first_answers_and_who_takes_over_is_told_to_the_other(widget: Widget, gateway: Caller) -> None:
    mine = chat_page(widget)
    chat = mine.chat
    mine.send(chat, "Hello", "key-1", confirmed=True)
    assert "You answer this chat" in mine.get(f"/chats/{chat}/beside").words

    theirs = chat_page(widget, user="admin")
    assert "Answers:" in theirs.words
    theirs.send(chat, "Me too", "key-2", confirmed=True)
    assert gateway.chat().owner_id == 2  # the first one stays
    theirs.post(f"/chats/{chat}/take", {})
    assert gateway.chat().owner_id == 1

    assert "took this chat over from you" in mine.get(f"/chats/{chat}/beside").words
    assert "took this chat over from you" not in mine.post(f"/chats/{chat}/told", {}).words


def test_each_who_lost_a_chat_is_told_until_they_have_seen_it(widget: Widget, gateway: Caller) -> None:
    """Employee 3 loses it to 2, 2 gives it away, and 1 takes it before either has looked."""
    told, waits = "took this chat over from you", widget.services.storage.conversations.waits
    first, second, third = (chat_page(widget, user=user) for user in ("restricted", "rep", "admin"))
    chat = first.chat
    for page in (first, second):
        page.post(f"/chats/{chat}/take", {})
    third.post(f"/chats/{chat}/owner", {})
    assert told not in first.get(f"/chats/{chat}/beside").words  # nobody has it
    third.post(f"/chats/{chat}/take", {})
    for page, user in ((second, 2), (first, 3)):
        assert told in page.get(f"/chats/{chat}/beside").words
        assert [each.id for each in waits.lost(widget.portals[0], user)] == [chat]
        assert told not in page.post(f"/chats/{chat}/told", {}).words
        assert waits.lost(widget.portals[0], user) == []
    assert told not in third.get(f"/chats/{chat}/beside").words
    assert gateway.chat().owner_was == 0


@pytest.mark.parametrize(("rule", "owner"), [(OwnerRule.MAKER, 1), (OwnerRule.RESPONSIBLE, 2), (OwnerRule.NOBODY, 0)])
def test_a_lines_rule_says_who_answers_its_new_chats(
    widget: Widget, gateway: Caller, rule: OwnerRule, owner: int
) -> None:
    """Employee 2 is responsible for the deal."""
    widget.services.storage.lines.set_owner_rule(widget.portals[0], gateway.line.id, rule)
    page = chat_page(widget, user="admin")
    page.send(page.chat, "Hello", "key-1", confirmed=True)
    assert gateway.chat().owner_id == owner


def test_an_administrator_chooses_who_answers_and_a_dismissed_employee_is_shown_as_such(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    services, portal = widget.services, widget.portals[0]
    rep = chat_page(widget)
    chat = rep.chat
    rep.post(f"/chats/{chat}/take", {})
    admin = chat_page(widget, user="admin")
    assert admin.post(f"/chats/{chat}/owner", {"user": 77}).answer.status_code == 422
    assert rep.post(f"/chats/{chat}/owner", {"user": 2}).refusal == "not_admin"
    admin.post(f"/chats/{chat}/owner", {})
    assert gateway.chat().owner_id == 0
    admin.post(f"/chats/{chat}/owner", {"user": 2})
    assert gateway.chat().owner_id == 2

    services.storage.staff.seen(portal, 2, "Анна Орлова", active=False)
    words = admin.get(f"/chats/{chat}/beside").words
    assert "no longer works here" in words
    assert " Take " in words


def test_a_message_right_after_a_colleagues_is_asked_about_once(widget: Widget) -> None:
    first, second = chat_page(widget), chat_page(widget, user="admin")
    chat = first.chat
    first.send(chat, "Hello", "key-1", confirmed=True)
    widget.clock.forward(4 * MINUTE)
    assert second.send(chat, "Good day", "key-2").refusal == "confirm"
    assert "wrote here 4 minutes ago" in second.words
    assert second.send(chat, "Good day", "key-2", confirmed=True).answer.status_code == 201
    assert second.send(chat, "And more", "key-3").answer.status_code == 201

    widget.clock.forward(MINUTE)
    first.send(chat, "And more", "key-4")
    assert "has just sent exactly this text" in first.words
    assert first.send(chat, "Or less", "key-5", confirmed=True).answer.status_code == 201
    assert first.send(chat, "And more", "key-4").refusal == "confirm"
    assert second.send(chat, "Hm", "key-6", confirmed=True).answer.status_code == 201
    widget.clock.forward(10 * MINUTE)
    assert first.send(chat, "And more", "key-4").answer.status_code == 201
    assert 'class="bubble-author">' in first.history(chat).text  # the other one's bubbles name them


def test_a_colleague_who_writes_is_seen_for_some_seconds(widget: Widget) -> None:
    first, second = chat_page(widget), chat_page(widget, user="admin")
    chat = first.chat
    first.post(f"/chats/{chat}/writing", {"on": True})
    assert "is writing" in second.get(f"/chats/{chat}/beside").words
    assert "is writing" not in first.get(f"/chats/{chat}/beside").words
    second.post(f"/chats/{chat}/writing", {"on": True})
    for page in (first, second):
        assert "is writing" in page.get(f"/chats/{chat}/beside").words
    first.post(f"/chats/{chat}/writing", {"on": False})
    assert "is writing" not in second.get(f"/chats/{chat}/beside").words


def test_a_press_on_the_tick_tells_what_happened_and_ids_to_an_administrator_alone(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    page = chat_page(widget)
    chat = page.chat
    outside.break_gateway("lost_answer", "sendText")
    page.send(chat, "Hello", "key-1", confirmed=True)
    widget.clock.forward(61)
    widget.services.chats.unclear_ends.look()
    ref = page.history(chat).text.split('data-trail="')[-1].split('"')[0]
    words = page.get(f"/chats/{chat}/messages/{ref}/trail").words
    for step in ("accepted and given to the gateway", "looked for 1 time", "found by its id"):
        assert step in words
    assert "key-1" not in words
    admin = chat_page(widget, user="admin")
    assert "key-1" in admin.get(f"/chats/{chat}/messages/{ref}/trail").words


def test_an_ignored_client_is_not_stored_until_that_is_taken_back(widget: Widget, gateway: Caller) -> None:
    client_writes(widget, gateway, ago=600)
    page = chat_page(widget)
    assert page.post(f"/chats/{page.chat}/ignore", {}).refusal == "confirm"
    chat = gateway.chat().id
    page.post(f"/chats/{chat}/ignore", {"confirmed": True})
    before = gateway.stored["messages"]
    client_writes(widget, gateway, name="C2")
    assert gateway.stored["messages"] == before
    assert gateway.chat().waiting_since == 0

    assert PHONE in [each.client for each in widget.services.storage.ignores.of(widget.portals[0])]
    admin = chat_page(widget, user="admin")
    assert "This client is ignored" in admin.words
    page.post(f"/chats/{chat}/unignore", {})
    assert "This client is ignored" not in page.words
    assert client_writes(widget, gateway, name="C3").waiting_since == int(widget.clock())


def test_of_an_ignored_client_no_page_shows_what_they_write_and_our_own_stays(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    gateway.tell(written("C1", "Known before", at=widget.clock() - 60 * DAY))
    page = chat_page(widget)
    chat, cursor = page.chat, page.history(page.chat).cursor
    page.post(f"/chats/{chat}/ignore", {"confirmed": True})
    outside.answer_as_client(PHONE, "It is me again")  # the sandbox has the time of the machine
    before = outside.calls()
    words = page.history(chat).words
    assert ("It is me again" in words, "Known before" in words, "This client is ignored" in words) == (
        False,
        True,
        True,
    )
    assert page.history(chat, cursor).bubbles == ["C1"]  # the part that is stored
    assert outside.calls() == before
    assert gateway.chat().waiting_since == 0
    page.post(f"/chats/{chat}/unignore", {})
    assert "It is me again" in page.history(chat).words
    assert gateway.chat().waiting_since > 0

    page.post(f"/chats/{chat}/ignore", {"confirmed": True})
    page.send(chat, "Ours", "key-1", confirmed=True)
    words = page.history(chat).words
    assert ("It is me again" in words, "Ours" in words) == (False, True)


def test_a_number_of_the_settings_is_ignored_by_every_name_of_its_client(widget: Widget, gateway: Caller) -> None:
    gateway.tell(written("C1", at=widget.clock() - 600))
    admin = app_page(widget, "admin")
    admin.post("/app/ignored", {"number": PHONE})
    assert gateway.chat().waiting_since == 0
    for name, ids in (("C2", (CLIENT, LID)), ("C3", (LID,))):
        gateway.tell(written(name, at=widget.clock(), ids=ids))
    assert len(gateway.stored["messages"]) == 1

    [said] = widget.services.storage.ignores.of(widget.portals[0])
    assert said.client == PHONE
    admin.post(f"/app/ignored/{said.id}/undo", {})
    gateway.tell(written("C4", at=widget.clock(), ids=BOTH))
    assert gateway.chat().waiting_since == int(widget.clock())


def test_employees_are_told_once_and_the_notice_goes_with_its_reason(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    services, portal = widget.services, widget.portals[0]
    services.storage.portals.set_scopes(portal, frozenset({"im", "crm", "user_brief"}))
    services.storage.portals.set_installer(portal, 1)
    services.storage.portals.set_notices(portal, on=True)
    admin, rep = chat_page(widget, user="admin"), chat_page(widget)
    rep.post(f"/chats/{rep.chat}/take", {})
    client_writes(widget, gateway)
    services.chats.notifying.go()
    assert notices(services) == {}
    widget.clock.forward(15 * MINUTE)
    for _round in range(2):
        services.chats.notifying.go()
    assert outside.calls("portal").get("im.notify.system.add") == 1
    assert list(notices(services).values()) == [2]
    admin.post(f"/chats/{gateway.chat().id}/waive", {"until": int(widget.clock())})
    services.chats.notifying.go()
    assert notices(services) == {}
    assert outside.calls("portal").get("im.notify.delete") == 1


@pytest.mark.parametrize(("open_to", "told"), [("U2", 1), ("U3", 0)])
def test_of_the_clients_of_a_line_only_who_may_use_it_is_told(
    widget: Widget, gateway: Caller, outside: Outside, open_to: str, told: int
) -> None:
    services, portal = widget.services, widget.portals[0]
    services.storage.portals.set_scopes(portal, frozenset({"im", "crm"}))
    services.storage.portals.set_installer(portal, 1)
    services.storage.portals.set_notices(portal, on=True)
    rep = chat_page(widget)
    chat_page(widget, user="admin")  # in whose name employees are told
    rep.post(f"/chats/{rep.chat}/take", {})
    client_writes(widget, gateway)
    widget.clock.forward(16 * MINUTE)
    services.storage.lines.set_access(portal, gateway.line.id, [Grantee(open_to, "")])

    outside.break_portal("http_500", match="batch", times=None)
    services.chats.notifying.go()
    assert "im.notify.system.add" not in outside.calls("portal")  # nor is it never asked again
    outside.heal()
    for _round in range(2):
        services.chats.notifying.go()
    assert outside.calls("portal").get("im.notify.system.add", 0) == told


def test_what_bitrix24_refuses_for_one_notice_keeps_no_other(widget: Widget, gateway: Caller, outside: Outside) -> None:
    """The second client's owner was never here: the line's rule made them one."""
    services, portal = widget.services, widget.portals[0]
    services.storage.portals.set_scopes(portal, frozenset({"im", "crm"}))
    services.storage.portals.set_installer(portal, 1)
    services.storage.portals.set_notices(portal, on=True)
    admin = chat_page(widget, user="admin")
    admin.post(f"/chats/{admin.chat}/take", {})
    client_writes(widget, gateway)
    widget.clock.forward(15 * MINUTE)
    services.chats.notifying.go()
    outside.break_portal("ACCESS_DENIED here", match="im.notify.delete", times=None)
    admin.post(f"/chats/{gateway.chat().id}/waive", {"until": int(widget.clock())})
    gateway.tell(written("D1", at=widget.clock(), ids=(LID,)))
    services.storage.conversations.waits.own(gateway.chat(LID), 77, at=widget.clock())
    widget.clock.forward(15 * MINUTE)
    services.chats.notifying.go()
    assert 77 in notices(services).values()
    outside.heal()
    services.chats.notifying.go()
    assert list(notices(services).values()) == [77]


def test_administrators_are_told_of_a_line_down_for_five_minutes_and_of_a_send_without_an_end(
    widget: Widget, gateway: Caller, outside: Outside
) -> None:
    services, portal = widget.services, widget.portals[0]
    services.storage.portals.set_scopes(portal, frozenset({"im", "crm"}))
    services.storage.portals.set_installer(portal, 1)
    services.storage.portals.set_notices(portal, on=True)
    for user in ("admin", "rep"):  # both have been here
        page = chat_page(widget, user=user)
        page.post(f"/chats/{page.chat}/take", {})

    def rounds(minutes: int, state: LineState = LineState.READY) -> set[str]:
        """Whom each notice that is out names, after so many minutes with the line in this state."""
        for _minute in range(minutes):
            services.gateways.states.put(gateway.line.id, LineStatus(state))
            services.chats.notifying.go()
            widget.clock.forward(MINUTE)
        return {tag.rpartition("|")[0] + f" to {user}" for tag, user in notices(services).items()}

    line = f"WIDGET|LINE|{gateway.line.id} to 1"
    assert rounds(4, LineState.SCAN_QR) == set()
    assert rounds(1) == set()  # it came back in time
    assert rounds(6, LineState.OFFLINE) == {line}
    assert rounds(1) == set()

    outside.break_gateway("lost_answer", "*", times=None)
    page = chat_page(widget)
    page.send(page.chat, "Hello", "key-1", confirmed=True)
    assert rounds(12) == {"WIDGET|UNCLEAR to 1"}
    outside.heal()
    services.chats.unclear_ends.look()
    assert rounds(1) == set()
    assert outside.calls("portal")["im.notify.system.add"] == outside.calls("portal")["im.notify.delete"] == 2


def notices(services: object) -> dict[str, int]:
    """To whom each told notice is."""
    with services.storage.engine.connect() as connection:  # type: ignore[attr-defined]
        rows = connection.exec_driver_sql("SELECT tag, user_id FROM notices WHERE told").all()
    return {row.tag: row.user_id for row in rows}


def test_a_client_is_ignored_on_all_lines_by_an_administrators_press_alone(widget: Widget, gateway: Caller) -> None:
    client_writes(widget, gateway)
    rep, admin = chat_page(widget), chat_page(widget, user="admin")
    chat = rep.chat
    path = f"/chats/{chat}/ignore"
    assert "Ignore on all lines" not in rep.words
    assert "Ignore on all lines" in admin.words
    assert rep.post(path, {"confirmed": True, "everywhere": True}).refusal == "not_admin"
    assert admin.post(path, {"everywhere": True}).refusal == "confirm"
    admin.post(path, {"confirmed": True, "everywhere": True})
    assert {each.line_id for each in widget.services.storage.ignores.of(widget.portals[0])} == {0}
    assert rep.post(f"/chats/{chat}/unignore", {}).answer.status_code == 404  # it was not theirs to say
    admin.post(f"/chats/{chat}/unignore", {})
    assert widget.services.storage.ignores.of(widget.portals[0]) == []


def test_a_client_is_ignored_from_their_row_whose_other_pages_say_so_until_it_is_taken_back(
    widget: Widget, gateway: Caller
) -> None:
    client_writes(widget, gateway, ago=600)
    rep, admin = widget.open(lang="en").reveal(), widget.open(user="admin", lang="en").reveal()
    wanted = {"key": rep.keys[IVAN_ROW], "line": gateway.line.id}
    assert rep.post("/card/ignore", wanted).refusal == "confirm"
    assert rep.post("/card/ignore", {**wanted, "confirmed": True, "everywhere": True}).refusal == "not_admin"
    row = rep.post("/card/ignore", {**wanted, "confirmed": True}).row_html(IVAN_ROW)
    assert "Ignored on" in row and "Ignore no longer" in row and "Client waits" not in row
    client_writes(widget, gateway, name="C2")
    assert gateway.chat().waiting_since == 0
    assert "Ignored on" in admin.post("/card/news", {"keys": [wanted["key"]]}).row_html(IVAN_ROW)

    admin.post("/card/ignore", {**wanted, "confirmed": True, "everywhere": True})
    assert "Ignored on all lines" in rep.post("/card/unignore", {"key": wanted["key"]}).row_html(IVAN_ROW)
    assert rep.post("/card/unignore", {"key": wanted["key"]}).answer.status_code == 404  # it was not theirs to say
    assert "Ignored" not in admin.post("/card/unignore", {"key": wanted["key"]}).row_html(IVAN_ROW)
    assert client_writes(widget, gateway, name="C3").waiting_since == int(widget.clock())


def test_a_number_without_a_chat_can_be_ignored_before_its_owner_ever_writes(widget: Widget, gateway: Caller) -> None:
    page = widget.open(lang="en").reveal()
    page.post("/card/ignore", {"key": page.keys[IVAN_ROW], "line": gateway.line.id, "confirmed": True})
    gateway.tell(written("C1", at=widget.clock()))
    assert gateway.stored["messages"] == []
    assert "Ignore no longer" in page.row_html(IVAN_ROW)


def test_news_of_a_row_keep_since_when_its_client_waits(widget: Widget, gateway: Caller) -> None:
    page = widget.open(lang="en").reveal()
    client_writes(widget, gateway, ago=600)
    assert "Client waits 10 minutes" in page.post("/card/news", {"keys": [page.keys[IVAN_ROW]]}).row_html(IVAN_ROW)


def test_an_open_chat_names_the_clients_chats_on_other_lines_with_who_answers_and_waits_there(
    widget: Widget, gateway: Caller
) -> None:
    support = widget.add_line("support")
    chats = widget.services.storage.chats
    other = chats.learn(widget.portals[0], support, PHONE, chat_ids=[CLIENT], proved=True, last_at=widget.clock() - 60)
    waits = widget.services.storage.conversations.waits
    waits.recounted(other, since=widget.clock() - 600, theirs_at=widget.clock() - 600, answered_at=0.0)
    gateway.tell(written("C1", at=widget.clock()))
    page = chat_page(widget)
    beside = page.get(f"/chats/{gateway.chat().id}/beside").words
    assert "Chat on the line" in beside and "Client waits 10 minutes" in beside


def test_the_setting_says_which_permission_notices_lack(widget: Widget) -> None:
    storage, portal = widget.services.storage, widget.portals[0]
    storage.portals.set_notices(portal, on=True)
    storage.portals.set_scopes(portal, frozenset({"crm"}))
    assert "the permission “im”" in widget.open("/app/", user="admin", lang="en").words
    storage.portals.set_scopes(portal, frozenset({"crm", "im"}))
    assert "the permission “im”" not in widget.open("/app/", user="admin", lang="en").words
