"""The adapter against the simulated gateway, over a real socket."""

import httpx
import pytest

from sandbox import people
from sandbox.gateway.lines import STATUSES
from sandbox.gateway.manual import SUB_PATH
from sandbox.people import API_KEY
from tests.gateways.scripted import scripted, trouble
from tests.stand import gateway_time
from widget.gateways.base import Ack, CheckResult, Depth, File, GatewayErrorCode, LineState, Sent

IVAN = "79619510000@c.us"
ORDERS = "79261112233@c.us"
OUR_ID = "3EB0AAAABBBBCCCCDDDDEE"
OUR_REF = f"true_{IVAN}_{OUR_ID}"


# The state of a line.


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("WORKING", LineState.READY),
        ("STARTING", LineState.CONNECTING),
        ("SCAN_QR_CODE", LineState.SCAN_QR),
        ("PASSKEY_REQUIRED", LineState.SCAN_QR),
        ("PASSKEY_CONFIRMATION_REQUIRED", LineState.SCAN_QR),
        ("STOPPED", LineState.OFFLINE),
        ("FAILED", LineState.OFFLINE),
    ],
)
def test_every_state_of_a_session_is_one_of_ours(waha, outside, status, state):
    assert status in STATUSES
    outside.set_line("sales", status)
    assert waha.status().state is state


def test_no_state_of_a_session_was_forgotten():
    assert len(STATUSES) == 7


def test_a_state_that_nobody_knows_is_unknown(line):
    assert line(transport=scripted({"status": "DREAMING"})).status().state is LineState.UNKNOWN
    assert line(transport=scripted({})).status().state is LineState.UNKNOWN


def test_a_session_that_nobody_made_is_offline(line):
    assert line("nobody").status().state is LineState.OFFLINE


def test_a_line_with_a_wrong_key_is_in_trouble(line):
    assert trouble(line(key="wrong").status) is GatewayErrorCode.CREDENTIALS


@pytest.mark.parametrize("key", ["ключ", "a\r\nX: y"])
def test_a_key_that_cannot_be_sent_is_trouble_and_no_crash(line, key):
    assert trouble(line(key=key).status) is GatewayErrorCode.UNREACHABLE
    assert line(key=key).send_text(ORDERS, "hi", message_id=OUR_ID).outcome is Sent.REFUSED


def test_a_gateway_that_is_not_there_is_unreachable(line):
    assert trouble(line(address="http://127.0.0.1:1").status) is GatewayErrorCode.UNREACHABLE
    assert line(address="http://127.0.0.1:1").send_text(ORDERS, "hi", message_id=OUR_ID).outcome is Sent.REFUSED


def test_how_far_back_history_goes_depends_on_the_engine_and_its_store(line):
    def depth(engine, config=None):
        info = {"status": "WORKING", "engine": {"engine": engine}, "config": config}
        return line(transport=scripted(info)).status().depth

    assert depth("GOWS") is Depth.FULL
    assert depth("NOWEB") is Depth.NONE
    assert depth("NOWEB", {"noweb": {"store": {"enabled": False, "fullSync": True}}}) is Depth.NONE
    assert depth("NOWEB", {"noweb": {"store": {"enabled": True, "fullSync": False}}}) is Depth.PARTIAL
    assert depth("NOWEB", {"noweb": {"store": {"enabled": True, "fullSync": True}}}) is Depth.FULL


@pytest.mark.parametrize("engine", ["NOWEB", "GOWS", "WEBJS"])
@pytest.mark.parametrize("version", ["2026.2.1", "2026.4.3", "2026.7.1"])
def test_ids_of_ours_are_believed_in_only_after_an_answer_with_one(waha, outside, engine, version):
    outside.set_up("sales", engine=engine, version=version, store=True)
    assert not waha.status().own_ids_proved
    sent = waha.send_text(ORDERS, "hi", message_id=OUR_ID)
    takes = engine != "WEBJS" and version != "2026.2.1"
    assert (waha.status().own_message_ids, waha.status().own_ids_proved) == (takes, takes)
    assert (sent.message_id == OUR_ID) is takes
    assert waha.find_message(ORDERS, sent.message_id).text == "hi"


def test_a_reachout_timelock_restricts_a_line_until_it_ends(line, recorded):
    info = {"status": "WORKING", **recorded("waha/me.restrictions.schema-example.json")}
    status = line(transport=scripted(info)).status()
    assert (status.state, status.until) == (LineState.RESTRICTED, 1784477333.0)
    info["me"]["reachoutTimelock"]["isActive"] = False
    assert line(transport=scripted(info)).status().state is LineState.READY


def test_a_line_whose_new_chats_are_used_up_is_restricted_until_the_cycle_ends(line, recorded):
    info = {"status": "WORKING", **recorded("waha/me.restrictions.schema-example.json")}
    info["me"]["reachoutTimelock"] = None
    assert line(transport=scripted(info)).status().state is LineState.READY  # a warning only
    info["me"]["messageCapping"]["cappingStatus"] = "CAPPED"
    status = line(transport=scripted(info)).status()
    assert (status.state, status.until) == (LineState.RESTRICTED, 1785553199.0)


@pytest.mark.parametrize("me", [None, [], "x", {"reachoutTimelock": []}, {"reachoutTimelock": {"isActive": "yes"}}])
def test_a_restriction_that_cannot_be_read_is_none(line, me):
    status = line(transport=scripted({"status": "WORKING", "me": me})).status()
    assert (status.state, status.until) == (LineState.READY, 0.0)


def test_a_line_that_is_down_is_not_called_restricted(line, recorded):
    info = {"status": "FAILED", **recorded("waha/me.restrictions.schema-example.json")}
    assert line(transport=scripted(info)).status().state is LineState.OFFLINE


# Checks.


def test_a_check_says_yes_with_the_id_of_the_chat(waha, outside):
    assert waha.check([people.ORDERS_MOSCOW.phone]) == {people.ORDERS_MOSCOW.phone: CheckResult(True, ORDERS)}
    assert outside.calls() == {"check-exists": 1}


def test_a_check_says_no_without_an_id(waha):
    assert waha.check([people.MARIA.phone]) == {people.MARIA.phone: CheckResult(False)}


def test_the_id_of_a_brazilian_chat_is_the_one_whatsapp_gives(waha):
    found = waha.check([people.JOAO.phone])[people.JOAO.phone]
    assert found.chat_id == "553188887777@c.us" != waha.chat_id_of(people.JOAO.phone)
    assert waha.send_text(found.chat_id, "Olá", message_id=OUR_ID).outcome is Sent.SENT


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        "yes",
        {"numberExists": None},
        {"numberExists": "true"},
        {"numberExists": 1},
        {"exists": True},
        {"error": "x"},
        {"numberExists": []},
    ],
)
def test_what_is_not_surely_a_yes_or_a_no_is_never_a_no(line, answer):
    assert trouble(lambda: line(transport=scripted(answer)).check(["+79261112233"])) is GatewayErrorCode.BROKEN_ANSWER


@pytest.mark.parametrize("name", ["true", "false"])
def test_the_recorded_checks_are_read(line, recorded, name):
    answer = recorded(f"waha/check-exists.{name}.json")
    found = line(transport=scripted(answer)).check(["+123123123"])["+123123123"]
    assert found == CheckResult(answer["numberExists"], answer.get("chatId", ""))


# Chats.


def test_chats_of_numbers_are_looked_up_a_call_each_and_strangers_have_none(waha, outside):
    wanted = [people.IVAN.phone, people.MARIA.phone, people.ORDERS_MOSCOW.phone, people.ANNA.phone]
    found = waha.chats_of(wanted)
    assert set(found) == {people.IVAN.phone, people.ANNA.phone}
    assert found[people.IVAN.phone].chat_id == IVAN
    assert found[people.IVAN.phone].has_messages
    assert found[people.IVAN.phone].last_at > 0
    assert outside.calls() == {"messages": 4}


@pytest.mark.parametrize("engine", ["NOWEB", "GOWS", "WEBJS"])
def test_whatsapp_hears_nothing_of_lists_chats_histories_and_states(waha, outside, engine):
    outside.set_up("sales", engine=engine, store=True)
    waha.all_chats()
    waha.chats_of([people.IVAN.phone, people.ORDERS_MOSCOW.phone, people.RUSTAM.phone])
    waha.history([IVAN], None, 100)
    waha.status()
    assert outside.heard() == {}


def test_a_chat_that_is_stored_under_a_lid_belongs_to_its_number(waha, outside):
    found = waha.chats_of([people.RUSTAM.phone, people.IVAN.phone])
    assert found[people.RUSTAM.phone].chat_id == people.RUSTAM.lid
    assert found[people.IVAN.phone].chat_id == IVAN
    assert "check-exists" not in outside.calls()


def chat_of(line, *messages):
    return line(transport=scripted(list(messages))).chats_of(["+79619510000"]).get("+79619510000")


@pytest.mark.parametrize("ack", [-1, 0, 1, None])
def test_a_message_of_ours_that_did_not_arrive_is_in_a_chat_and_proves_nothing(line, ack):
    found = chat_of(line, {"id": OUR_REF, "timestamp": 5, "fromMe": True, "ack": ack})
    assert (found.has_messages, found.proves) == (True, False)


@pytest.mark.parametrize(
    "message",
    [
        {"id": OUR_REF, "timestamp": 5, "fromMe": True, "ack": 2},
        {"id": OUR_REF, "timestamp": 5, "fromMe": True, "ack": 3},
        {"id": f"false_{IVAN}_A", "timestamp": 5, "fromMe": False, "ack": -1},
    ],
)
def test_what_arrived_and_what_the_client_wrote_proves_the_chat(line, message):
    pending = {"id": OUR_REF, "timestamp": 6, "fromMe": True, "ack": 0}
    assert chat_of(line, pending, message).proves


def test_a_number_without_a_message_has_no_chat(line):
    assert chat_of(line) is None
    assert chat_of(line, None, 5, [], {}, {"id": 7}) is None


@pytest.mark.parametrize("listed", [{}, None, "x", 5])
def test_a_listing_that_is_no_list_is_trouble(line, listed):
    assert (
        trouble(lambda: line(transport=scripted(listed)).chats_of(["+79619510000"])) is GatewayErrorCode.BROKEN_ANSWER
    )
    assert trouble(line(transport=scripted(listed)).all_chats) is GatewayErrorCode.BROKEN_ANSWER


AT = {"conversationTimestamp": 5}
RUSTAMS = {"id": "187234509871234@lid", **AT}


@pytest.mark.parametrize(
    ("chat", "phones"),
    [
        ({"id": "79619510000@c.us", **AT}, {"+79619510000"}),
        ({"id": {"_serialized": "79619510000@c.us"}, "timestamp": 5}, {"+79619510000"}),
        ({"id": "553188887777@c.us", **AT}, {"+5531988887777"}),  # as the plan writes it
        ({"id": "5215512345678@c.us", **AT}, {"+525512345678"}),
        (RUSTAMS | {"pnJid": "998901234567@s.whatsapp.net"}, {"+998901234567"}),
        (RUSTAMS, set()),
        (RUSTAMS | {"pnJid": "998901234567@lid"}, set()),
        (RUSTAMS | {"pnJid": None}, set()),
        ({"id": "120363000000000000@g.us", **AT}, set()),
        ({"id": "79619510000-1500000000@g.us", **AT}, set()),
        ({"id": "120363000000000000@newsletter", **AT}, set()),
        ({"id": "status@broadcast", **AT}, set()),
        ({"id": "00000@c.us", **AT}, set()),
        (None, set()),
    ],
)
def test_a_listing_has_people_by_their_phones_and_never_reads_a_phone_out_of_a_hidden_id(line, chat, phones):
    listed = line(transport=scripted([chat], [])).all_chats()
    assert set(listed) == phones
    assert not any(chat.proves for chat in listed.values())


@pytest.mark.parametrize(
    ("pair", "phones"),
    [
        ({"lid": "187234509871234@lid", "pn": "998901234567@c.us"}, {"+998901234567"}),
        ({"lid": "187234509871234@lid", "pn": "998901234567@s.whatsapp.net"}, {"+998901234567"}),
        ({"lid": "187234509871234@lid", "pn": None}, set()),
        ({"lid": "99@lid", "pn": "998901234567@c.us"}, set()),
        (None, set()),
    ],
)
def test_the_phone_behind_a_lid_is_what_the_session_knows_of_it(line, pair, phones):
    assert set(line(transport=scripted([RUSTAMS], [pair])).all_chats()) == phones


def test_a_session_that_does_not_tell_its_lids_still_lists_the_other_chats(line):
    chats = [RUSTAMS, {"id": IVAN, **AT}]
    assert set(line(transport=scripted(chats, httpx.Response(500, json={}))).all_chats()) == {"+79619510000"}


def test_the_recorded_lids_are_read(line, recorded):
    pairs = [recorded(f"waha/{name}.json") for name in ("lid-by-phone.found", "phone-by-lid.missing")]
    chat = {"id": pairs[0]["lid"], **AT}
    assert set(line(transport=scripted([chat], pairs)).all_chats()) <= {f"+{pairs[0]['pn'].partition('@')[0]}"}


# History.


def everything(waha, chat_id, limit, between=lambda: None):
    """All pages from the newest message to the very start."""
    messages, cursor, pages = [], None, 0
    while pages < 100:
        page = waha.history([chat_id], cursor, limit)
        messages += page.messages
        cursor, pages = page.cursor, pages + 1
        if cursor is None:
            return messages
        between()
    raise AssertionError("the history has no end")


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_paging_to_the_very_start_skips_and_repeats_no_message(waha, outside, limit):
    if limit == 1:
        found = everything(waha, "4915112345678@c.us", 1)
        assert len(found) == people.ANNA.chat
    else:
        found = everything(waha, IVAN, limit)
        assert len(found) == people.IVAN.chat
    ids = [message.id for message in found]
    assert len(set(ids)) == len(ids)
    times = [message.at for message in found]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) < len(times)  # several in one second, which paging by time alone would lose


def test_messages_that_arrive_between_pages_neither_shift_nor_repeat_the_older_ones(waha, outside):
    before = [message.id for message in everything(waha, IVAN, 100)]

    def arrive():
        for text in ("раз", "два", "три"):
            outside.answer_as_client(people.IVAN.phone, text)

    found = [message.id for message in everything(waha, IVAN, 20, between=arrive)]
    assert found == before


@pytest.mark.parametrize("limit", [2, 3, 10])
def test_a_second_with_more_messages_than_a_page_holds_is_read_whole(line, limit):
    raw = [
        {"id": f"false_{IVAN}_A{n}", "timestamp": 2000 if n < 9 else 1000, "fromMe": False, "body": str(n)}
        for n in range(12)
    ]
    gateway = line(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=_page(raw, request))))
    assert [message.text for message in everything(gateway, IVAN, limit)] == [str(n) for n in range(12)]


@pytest.mark.parametrize("new", [1, 2, 3, 4, 7])
def test_as_many_new_ones_as_a_page_holds_in_the_last_second_seen_are_not_the_end(line, new):
    raw = [
        {"id": f"false_{IVAN}_OLD{n}", "timestamp": 2000 if n < 5 else 1000, "fromMe": False, "body": str(n)}
        for n in range(8)
    ]
    arriving = [{**raw[0], "id": f"false_{IVAN}_NEW{n}", "body": "new"} for n in range(new)]

    def arrive():
        while arriving:
            raw.insert(0, arriving.pop())

    gateway = line(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=_page(raw, request))))
    assert [message.text for message in everything(gateway, IVAN, 3, between=arrive)] == [str(n) for n in range(8)]


def test_a_page_with_fewer_messages_than_asked_for_is_not_the_end(line):
    """WAHA drops what it cannot show after it has cut the page (waha-docs, how-to/chats: «even if
    you get less»)."""
    raw = [{"id": f"false_{IVAN}_A{n}", "timestamp": 3000 - n, "fromMe": False, "body": str(n)} for n in range(40)]

    def answer(request):
        return httpx.Response(200, json=[item for item in _page(raw, request) if item["body"] not in ("3", "17", "38")])

    found = everything(line(transport=httpx.MockTransport(answer)), IVAN, 10)
    assert [message.text for message in found] == [str(n) for n in range(40) if n not in (3, 17, 38)]


def _page(raw, request):
    query = request.url.params
    wanted = [item for item in raw if item["timestamp"] <= int(query.get("filter.timestamp.lte", 10**10))]
    return wanted[int(query["offset"]) : int(query["offset"]) + int(query["limit"])]


def test_a_chat_that_does_not_exist_is_empty_and_ends_there(waha, outside):
    page = waha.history([ORDERS], None, 30)
    assert (page.messages, page.cursor) == ((), None)
    assert outside.calls() == {"messages": 1}


def test_both_halves_of_a_clients_chat_are_one_history(waha):
    by_phone = everything(waha, "998901234567@c.us", 5)
    by_lid = everything(waha, people.RUSTAM.lid, 5)
    assert [message.id for message in by_phone] == [message.id for message in by_lid]
    assert len(by_lid) == people.RUSTAM.chat


def test_a_client_known_by_a_lid_alone_has_a_history(waha):
    assert len(everything(waha, people.HIDDEN.lid, 30)) == people.HIDDEN.chat


def test_reading_a_history_fetches_no_files_and_tells_nobody(waha, outside):
    waha.history([IVAN], None, 30)
    assert outside.calls() == {"messages": 1}


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1", "1:", ":1", "1:x", "-1:0", "1:1:1", "1:1:abc d", "1:1:" + "x" * 200, "9" * 40 + ":0", "١:٢x"],
)
def test_a_forged_cursor_is_refused_and_nothing_is_asked(waha, outside, cursor):
    assert trouble(lambda: waha.history([IVAN], cursor, 30)) is GatewayErrorCode.MALFORMED
    assert outside.total("gateway") == 0


@pytest.mark.parametrize("raw", [{}, None, "x", {"messages": []}])
def test_a_history_that_is_no_list_is_trouble(line, raw):
    assert trouble(lambda: line(transport=scripted(raw)).history([IVAN], None, 30)) is GatewayErrorCode.BROKEN_ANSWER


# Sending.


def test_a_sent_message_has_the_id_we_chose(waha, outside):
    result = waha.send_text(ORDERS, "Добрый день!\n🙂", message_id=OUR_ID)
    assert (result.outcome, result.message_id, result.error) == (Sent.SENT, OUR_ID, None)
    found = waha.find_message(ORDERS, OUR_ID)
    assert (found.text, found.from_me, found.id) == ("Добрый день!\n🙂", True, OUR_ID)
    assert outside.calls() == {"sendText": 1, "message": 1}


def test_a_message_to_nobody_is_refused_or_unclear_but_never_sent(waha):
    result = waha.send_text("79123456789@c.us", "hi", message_id=OUR_ID)
    assert result.outcome is not Sent.SENT
    assert waha.find_message("79123456789@c.us", OUR_ID) is None


def test_an_id_of_the_gateways_own_is_taken_over(line):
    given = {"id": "true_79261112233@c.us_FROMGATEWAY", "_data": {}}
    result = line(transport=scripted(httpx.Response(201, json=given))).send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (result.outcome, result.message_id) == (Sent.SENT, "FROMGATEWAY")


@pytest.mark.parametrize("given", [None, "", 5, [], {"fromMe": True, "remote": ORDERS}, "x" * 500])
def test_an_answer_without_a_readable_id_is_sent_under_an_id_that_nobody_knows(line, given):
    result = line(transport=scripted(httpx.Response(201, json={"id": given}))).send_text(
        ORDERS, "hi", message_id=OUR_ID
    )
    assert (result.outcome, result.message_id) == (Sent.SENT, "")


@pytest.mark.parametrize(
    "answer",
    [
        {"key": {"id": "3EB0X", "fromMe": True}, "status": 2},
        {"_data": {"key": {"id": "3EB0X"}}},
        {"_data": {"id": {"_serialized": f"true_{ORDERS}_3EB0X"}}},
        {"_data": {"Info": {"ID": "3EB0X"}}},
        {"id": f"true_{ORDERS}_3EB0X"},
        {"id": {"id": "3EB0X"}, "ack": 1},
    ],
)
def test_the_id_of_a_sent_message_is_found_wherever_an_engine_puts_it(line, answer):
    result = line(transport=scripted(httpx.Response(201, json=answer))).send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (result.outcome, result.message_id) == (Sent.SENT, "3EB0X")


@pytest.mark.parametrize("more", [{"ack": 0}, {"status": "PENDING"}, {"_data": {"status": 1}}, {"_data": {"ack": 0}}])
def test_what_whatsapps_servers_have_not_taken_yet_is_queued(line, more):
    answer = httpx.Response(201, json={"id": f"true_{ORDERS}_3EB0X", **more})
    assert line(transport=scripted(answer)).send_text(ORDERS, "hi", message_id=OUR_ID).outcome is Sent.QUEUED


def test_the_id_of_the_browser_engine_is_inside_an_object(line):
    given = {"id": {"fromMe": True, "remote": ORDERS, "id": "3EB0X", "_serialized": f"true_{ORDERS}_3EB0X"}}
    result = line(transport=scripted(httpx.Response(201, json=given))).send_text(ORDERS, "hi", message_id=OUR_ID)
    assert result.message_id == "3EB0X"


def test_a_message_the_gateway_took_and_whatsapp_refused_is_refused(line):
    answer = httpx.Response(201, json={"id": f"true_{ORDERS}_{OUR_ID}", "ack": -1})
    assert line(transport=scripted(answer)).send_text(ORDERS, "hi", message_id=OUR_ID).outcome is Sent.REFUSED


@pytest.mark.parametrize("fault", ["ack_error", "ack_pending"])
def test_the_ticks_of_a_message_are_read_from_its_history(waha, outside, fault):
    outside.break_gateway(fault, "sendText")
    waha.send_text(ORDERS, "hi", message_id=OUR_ID)
    (message,) = waha.history([ORDERS], None, 30).messages
    assert message.ack is {"ack_error": Ack.FAILED, "ack_pending": Ack.PENDING}[fault]


@pytest.mark.parametrize("detail", ["", "500"])
def test_a_message_whose_answer_was_lost_is_unclear_and_can_be_found(waha, outside, detail):
    waha.send_text(ORDERS, "Добрый день", message_id=OUR_ID[::-1])  # it answers with our id, and is believed
    outside.break_gateway("lost_answer", "sendText", detail=detail)
    result = waha.send_text(ORDERS, "Счёт во вложении", message_id=OUR_ID)
    assert (result.outcome, result.message_id) == (Sent.UNKNOWN, OUR_ID)
    assert waha.find_message(ORDERS, OUR_ID).text == "Счёт во вложении"
    assert outside.calls()["sendText"] == 2


def test_a_message_whose_answer_was_lost_has_no_id_where_ours_may_not_have_been_taken(waha, outside):
    outside.break_gateway("lost_answer", "sendText")
    assert waha.send_text(ORDERS, "Счёт", message_id=OUR_ID).message_id == ""


def test_a_message_that_was_never_sent_is_not_found(waha):
    assert waha.find_message(IVAN, OUR_ID) is None
    assert waha.find_message(ORDERS, OUR_ID) is None


# What WhatsApp forbids.


def test_a_restricted_line_writes_to_chats_it_has_and_begins_none(waha, outside):
    until = gateway_time() + 3600
    outside.restrict("sales", until=until)
    status = waha.status()
    assert status.state is LineState.RESTRICTED
    assert status.until == pytest.approx(until, abs=1)
    refused = waha.send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (refused.outcome, refused.error) == (Sent.REFUSED, GatewayErrorCode.RESTRICTED)
    assert waha.send_text(IVAN, "hi", message_id=OUR_ID).outcome is Sent.SENT
    outside.restrict("sales")
    assert waha.status().state is LineState.READY
    assert waha.send_text(ORDERS, "hi", message_id=OUR_ID + "2").outcome is Sent.SENT


def test_a_line_whose_quota_of_new_chats_is_used_up_is_restricted(waha, outside):
    outside.restrict("sales", capped=True)
    assert waha.status().state is LineState.RESTRICTED
    assert waha.send_text(ORDERS, "hi", message_id=OUR_ID).error is GatewayErrorCode.RESTRICTED


# Pairing and webhooks.


def test_a_code_for_the_phone_is_given_while_the_line_waits_for_it(line):
    code = line("archive").pairing_code("+79638477314")
    assert len(code.replace("-", "")) == 8


def test_a_line_that_is_logged_in_has_no_code_to_give(waha):
    assert trouble(lambda: waha.pairing_code("+79638477312")) is GatewayErrorCode.LINE_DOWN


@pytest.mark.parametrize("code", [None, "", 5, "<b>", "abcd-efgh", "A" * 40, ["ABCD-EFGH"]])
def test_a_code_that_nobody_could_type_is_none(line, code):
    assert (
        trouble(lambda: line(transport=scripted({"code": code})).pairing_code("+7")) is GatewayErrorCode.BROKEN_ANSWER
    )


def test_setting_our_webhook_leaves_those_of_others_and_the_store_alone(line, outside):
    others = {"url": "http://127.0.0.1:1/others", "events": ["message"], "hmac": {"key": "theirs"}}
    support = line("support")
    address, key = f"{outside.gateway}/api/sessions/support", {"X-Api-Key": API_KEY}
    before = outside.http.get(address, headers=key).json()["config"]
    outside.http.put(address, json={"config": {**before, "webhooks": [others]}}, headers=key).raise_for_status()
    support.set_webhook("http://127.0.0.1:1/ours", "secret")
    support.set_webhook("http://127.0.0.1:1/ours", "another")
    after = outside.http.get(address, headers=key).json()["config"]
    assert after["webhooks"][0] == others
    ours = [(hook["url"], hook["hmac"]["key"]) for hook in after["webhooks"][1:]]
    assert ours == [("http://127.0.0.1:1/ours", "another")]
    assert after["noweb"] == before["noweb"]
    assert support.status().state is LineState.READY


def test_the_webhook_of_a_session_that_nobody_made_cannot_be_set(line, outside):
    assert trouble(lambda: line("nobody").set_webhook("http://127.0.0.1:1/", "s")) is GatewayErrorCode.NO_SUCH_THING
    assert "update" not in outside.calls()


# Files.


@pytest.mark.parametrize(
    ("mimetype", "caption", "endpoint", "kind"),
    [
        ("image/jpeg", "План", "sendImage", "image"),
        ("image/png", "", "sendImage", "image"),
        ("image/webp", "", "sendFile", "document"),
        ("video/mp4", "Монтаж", "sendVideo", "video"),
        ("video/quicktime", "", "sendFile", "document"),
        ("audio/ogg", "", "sendFile", "document"),  # not Opus: see the voice notes of the contract
        ("audio/ogg; codecs=opus", "Послушайте", "sendFile", "document"),
        ("audio/mpeg", "", "sendFile", "document"),
        ("application/pdf", "КП", "sendFile", "document"),
    ],
)
def test_a_file_goes_out_as_what_whatsapp_can_show_of_it(waha, outside, mimetype, caption, endpoint, kind):
    sent = waha.send_file(ORDERS, File(mimetype, "файл", b"content"), message_id=OUR_ID, caption=caption)
    assert sent.outcome is Sent.SENT
    assert outside.calls() == {endpoint: 1}
    message = waha.find_message(ORDERS, sent.message_id)
    assert (message.text, message.media.kind, message.media.name) == (caption, kind, "файл")
    assert waha.media(ORDERS, message.ref).body == b"content"


@pytest.mark.parametrize("fault", ["silence", "lost_answer", "http_500"])
def test_a_file_whose_end_is_unclear_has_no_id_to_look_it_up_by(line, outside, fault):
    """WAHA takes no id of ours for files: with one of ours the lookup would say «not sent» of what
    was sent."""
    outside.break_gateway(fault, "sendFile")
    sent = line().send_file(ORDERS, File("text/plain", "a.txt", b"x"), message_id=OUR_ID)
    assert (sent.outcome, sent.message_id) == (Sent.UNKNOWN, "")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(413, text="<html>Request Entity Too Large</html>"),
        httpx.Response(500, json={"exception": {"message": "request entity too large"}}),
        httpx.Response(422, json={"message": "Sending files is available only in Plus version for 'GOWS' engine."}),
        httpx.Response(501, json={"message": "The method is not implemented by 'WEBJS' engine."}),
    ],
)
def test_a_file_that_the_gateway_cannot_take_is_surely_refused(line, answer):
    sent = line(transport=scripted(answer)).send_file(ORDERS, File("text/plain", "a", b"x"), message_id=OUR_ID)
    assert sent.outcome is Sent.REFUSED
    assert sent.error in (GatewayErrorCode.MALFORMED, GatewayErrorCode.UNSUPPORTED)


def test_a_message_of_a_client_can_be_neither_edited_nor_taken_back(waha, outside):
    outside.answer_as_client(people.IVAN.phone, "Спасибо")
    (theirs,) = waha.history([IVAN], None, 1).messages
    for call in (lambda: waha.edit(IVAN, theirs.ref, "x"), lambda: waha.delete(IVAN, theirs.ref)):
        assert isinstance(trouble(call), GatewayErrorCode)
    assert waha.history([IVAN], None, 1).messages[0].text == "Спасибо"


def photo_of(waha):
    return next(m for m in waha.history([IVAN], None, 30).messages if m.media and m.media.kind == "image")


def test_a_file_is_fetched_with_its_type_and_only_through_the_lines_own_address(waha, outside):
    """The gateway names localhost:3000 as its host, as real ones do."""
    message = photo_of(waha)
    outside.reset()
    file = waha.media(IVAN, message.ref)
    assert file.mimetype == message.media.mimetype
    assert file.body[:2] == {"image/jpeg": b"\xff\xd8", "image/png": b"\x89P"}[file.mimetype]
    assert outside.calls() == {"message": 1, "files": 1}


def test_a_file_that_the_gateway_lost_is_not_there(waha):
    lost = next(m for m in waha.history([IVAN], None, 30).messages if m.media and m.media.kind == "video")
    assert trouble(lambda: waha.media(IVAN, lost.ref)) is GatewayErrorCode.NO_SUCH_THING


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/api/files/sales/a.jpg",
        "//evil.example/api/files/sales/a.jpg",
        "https://user:pw@evil.example/api/files/a",
        "http://169.254.169.254/api/files/a",
    ],
)
def test_a_file_that_points_to_another_host_is_not_fetched_there(line, url):
    transport = scripted({"media": {"url": url, "mimetype": "image/jpeg"}}, httpx.Response(200, content=b"ours"))
    assert line(address="http://gateway.example:3000", transport=transport).media(IVAN, "x").body == b"ours"
    assert {(request.url.host, request.url.port) for request in transport.requests} == {("gateway.example", 3000)}
    assert transport.requests[1].url.path.startswith("/api/files/")


def test_a_file_of_a_gateway_under_a_path_of_its_own_is_fetched_there(line, outside):
    outside.set_up("sales", sub_path=True)
    below = line(address=f"{outside.gateway}{SUB_PATH}")
    assert below.media(IVAN, photo_of(below).ref).body


def test_a_file_in_a_bucket_is_fetched_by_its_link_and_without_our_key(waha, outside):
    outside.set_up("sales", s3=True)
    assert waha.media(IVAN, photo_of(waha).ref).body
    assert outside.calls()["bucket"] == 1


SIGNED = "?X-Amz-Expires=60&X-Amz-Signature=5e1f"


@pytest.mark.parametrize(
    ("url", "fetched"),
    [
        (f"https://files.s3.eu-central-1.amazonaws.com/a.jpg{SIGNED}", True),
        (f"https://s3.us-east-005.backblazeb2.com/bucket/a.jpg{SIGNED}", True),
        (f"https://minio.example.com/a.jpg{SIGNED}", True),  # the operator has named it
        ("https://files.s3.eu-central-1.amazonaws.com/a.jpg", False),
        (f"https://evil.example/a.jpg{SIGNED}", False),
        (f"http://files.s3.eu-central-1.amazonaws.com/a.jpg{SIGNED}", False),
        (f"https://amazonaws.com.evil.example/a.jpg{SIGNED}", False),
        (f"https://minio.example.com:8443/a.jpg{SIGNED}", False),
    ],
)
def test_a_link_leads_only_to_a_known_bucket_or_a_host_that_the_operator_named(line, url, fetched):
    transport = scripted({"media": {"url": url}}, httpx.Response(200, content=b"picture"))
    gateway = line(transport=transport, file_hosts=["minio.example.com"])
    if fetched:
        assert gateway.media(IVAN, "x").body == b"picture"
        assert "x-api-key" not in transport.requests[1].headers
    else:
        assert trouble(lambda: gateway.media(IVAN, "x")) is GatewayErrorCode.NO_SUCH_THING
        assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        5,
        "http://evil.example/latest/meta-data",
        "/api/sessions/",
        "/api/files/../sessions",
        "file:///etc/passwd",
        "/api/files/%2e%2e/sessions",
        "http://x/api/files/%2E./sessions",
        "http://[x/api/files/a",
    ],
)
def test_a_path_that_is_no_file_is_not_fetched(line, url):
    transport = scripted({"media": {"url": url, "mimetype": "image/jpeg"}}, httpx.Response(200, content=b"secret"))
    assert trouble(lambda: line(transport=transport).media(IVAN, "x")) is GatewayErrorCode.NO_SUCH_THING
    assert len(transport.requests) == 1


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_file_that_is_refused_is_trouble(line, status):
    transport = scripted({"media": {"url": "http://x/api/files/a"}}, httpx.Response(status, json={}))
    assert isinstance(trouble(lambda: line(transport=transport).media(IVAN, "x")), GatewayErrorCode)


@pytest.mark.parametrize(
    "said", ["image/png\r\nX-Evil: 1", "x", "", None, 5, "image/png\x00", "image/" + "x" * 500, "a b/c"]
)
def test_a_type_that_could_not_stand_in_a_header_is_no_type(line, said):
    """It comes from the client's phone through the gateway into a header of ours."""
    transport = scripted(
        {"media": {"url": "http://x/api/files/a", "mimetype": said}}, httpx.Response(200, content=b"x")
    )
    assert line(transport=transport).media(IVAN, "x").mimetype == "application/octet-stream"


@pytest.mark.parametrize("said", ["image/png", "audio/ogg; codecs=opus", "application/vnd.ms-excel", "image/svg+xml"])
def test_an_ordinary_type_is_kept(line, said):
    transport = scripted(
        {"media": {"url": "http://x/api/files/a", "mimetype": said}}, httpx.Response(200, content=b"x")
    )
    assert line(transport=transport).media(IVAN, "x").mimetype == said


# Every fault of the gateway, met by every verb.

FAULTS = {
    "unauthorized": GatewayErrorCode.CREDENTIALS,
    "not_working": GatewayErrorCode.LINE_DOWN,
    "stopped": GatewayErrorCode.LINE_DOWN,
    "rate_overlimit": GatewayErrorCode.THROTTLED,
    "error_463": GatewayErrorCode.RESTRICTED,
    "http_500": GatewayErrorCode.BROKEN_ANSWER,
    "refuse": GatewayErrorCode.MALFORMED,
    "connection_closed": GatewayErrorCode.LINE_DOWN,
    "core_only": GatewayErrorCode.LINE_DOWN,
    "html": GatewayErrorCode.BROKEN_ANSWER,
    "empty": GatewayErrorCode.BROKEN_ANSWER,
    "cut": GatewayErrorCode.BROKEN_ANSWER,
    "lost_answer": GatewayErrorCode.BROKEN_ANSWER,
    "silence": GatewayErrorCode.TIMED_OUT,
}
VERBS = {
    "status": ("session", lambda waha: waha.status()),
    "check": ("check-exists", lambda waha: waha.check([people.ORDERS_MOSCOW.phone])),
    "all_chats": ("chats", lambda waha: waha.all_chats()),
    "chats_of": ("messages", lambda waha: waha.chats_of([people.IVAN.phone])),
    "history": ("messages", lambda waha: waha.history([IVAN], None, 30)),
    "find_message": ("message", lambda waha: waha.find_message(IVAN, OUR_ID)),
    "media": ("message", lambda waha: waha.media(IVAN, OUR_ID)),
    "edit": ("edit", lambda waha: waha.edit(IVAN, OUR_REF, "new")),
    "delete": ("delete", lambda waha: waha.delete(IVAN, OUR_REF)),
    "react": ("reaction", lambda waha: waha.react(IVAN, OUR_REF, "👍")),
    "mark_read": ("sendSeen", lambda waha: waha.mark_read(IVAN, [OUR_REF])),
    "typing": ("typing", lambda waha: waha.typing(IVAN, on=True)),
    "pairing_code": ("request-code", lambda waha: waha.pairing_code("+79638477314")),
    "the configuration": ("session", lambda waha: waha.set_webhook("http://127.0.0.1:1/", "s")),
    "the webhook": ("update", lambda waha: waha.set_webhook("http://127.0.0.1:1/", "s")),
}
NEED_OUR_MESSAGE = ("find_message", "media", "edit", "delete", "react")
# Engines leave the body of these answers empty: nothing there is a yes.
EMPTY_IS_YES = ("edit", "delete", "react", "mark_read", "typing")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_the_stated_trouble_of_every_verb_and_never_an_answer(line, outside, fault, verb):
    endpoint, call = VERBS[verb]
    waha = line("archive" if verb == "pairing_code" else "sales")
    if verb in NEED_OUR_MESSAGE:
        waha.send_text(IVAN, "hi", message_id=OUR_ID)
    outside.break_gateway(fault, endpoint)
    if fault == "empty" and verb in EMPTY_IS_YES:
        call(waha)
    else:
        assert trouble(lambda: call(waha)) is FAULTS[fault]
    assert outside.calls()[endpoint] == 1


REFUSED = {"unauthorized", "not_working", "stopped", "rate_overlimit", "error_463", "refuse"}
REFUSED |= {"connection_closed", "core_only"}


@pytest.mark.parametrize("words", ["your order: error 463", "rate-overlimit", "request entity too large"])
def test_the_reps_own_words_in_an_error_that_repeats_them_decide_nothing(waha, outside, words):
    outside.break_gateway("echo", "sendText")
    result = waha.send_text(ORDERS, words, message_id=OUR_ID)
    assert (result.outcome, result.error) == (Sent.UNKNOWN, GatewayErrorCode.BROKEN_ANSWER)


def test_a_session_that_lets_us_wait_is_down_and_its_gateway_is_well(line, outside):
    outside.set_line("sales", "STARTING")
    waha = line()
    for _ in range(8):  # more than the breaker bears
        outside.break_gateway("silence", "messages")
        assert trouble(lambda: waha.history([IVAN], None, 10)) is GatewayErrorCode.LINE_DOWN


@pytest.mark.parametrize("verb", ["all_chats", "chats_of", "history"])
def test_a_session_that_keeps_no_messages_says_so(waha, outside, verb):
    outside.set_up("sales", engine="NOWEB", store=False)
    assert trouble(lambda: VERBS[verb][1](waha)) is GatewayErrorCode.UNSUPPORTED


def test_a_session_that_keeps_no_messages_can_be_told_to(waha, outside):
    outside.set_up("sales", engine="NOWEB", store=False)
    assert waha.status().depth is Depth.NONE
    waha.keep_messages()
    assert waha.status().depth is Depth.PARTIAL
    waha.all_chats()


@pytest.mark.parametrize("config", [5, [], {"noweb": 5}, {"noweb": {"store": []}}])
def test_a_configuration_that_cannot_be_read_is_not_written_back(line, config):
    transport = scripted({"status": "WORKING", "config": config})
    assert trouble(lambda: line(transport=transport).keep_messages()) is GatewayErrorCode.BROKEN_ANSWER


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_send_is_refused_or_unclear_and_never_sent_twice(line, outside, fault):
    waha = line()
    outside.break_gateway(fault, "sendText")
    result = waha.send_text(ORDERS, "hi", message_id=OUR_ID)
    assert result.outcome is (Sent.REFUSED if fault in REFUSED else Sent.UNKNOWN)
    assert result.error is FAULTS[fault]
    assert outside.calls()["sendText"] == 1
    assert (waha.find_message(ORDERS, OUR_ID) is not None) is (fault in ("cut", "lost_answer"))


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED"])
@pytest.mark.parametrize(
    "verb",
    [
        *("check", "all_chats", "chats_of", "history", "find_message", "media"),
        *("edit", "delete", "react", "mark_read", "typing"),
    ],
)
def test_a_line_that_is_down_is_told_as_down(waha, outside, status, verb):
    outside.set_line("sales", status)
    assert trouble(lambda: VERBS[verb][1](waha)) is GatewayErrorCode.LINE_DOWN


@pytest.mark.parametrize("verb", VERBS)
def test_answers_nested_without_end_are_trouble_and_no_crash(line, verb):
    gateway = line(transport=scripted(httpx.Response(200, text="[" * 100_000)))
    assert trouble(lambda: VERBS[verb][1](gateway)) is GatewayErrorCode.BROKEN_ANSWER


def test_a_text_that_was_cut_in_the_middle_of_an_emoji_can_be_shown(line):
    body = rb'[{"id": "false_%s_A", "timestamp": 1700000000, "fromMe": false, "body": "cut \ud83d"}]' % IVAN.encode()
    page = line(transport=scripted(httpx.Response(200, content=body))).history([IVAN], None, 10)
    assert [message.text for message in page.messages] == ["cut ?"]
