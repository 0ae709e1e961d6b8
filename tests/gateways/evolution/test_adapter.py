"""The adapter of Evolution against the simulated gateway, over a real socket, and against what no
contract names."""

import json
import random
from datetime import datetime

import httpx
import pytest

from sandbox import people
from sandbox.gateway.media import opus
from tests.gateways.scripted import scripted, trouble
from widget.gateways.base import (
    Ack,
    CheckResult,
    Depth,
    File,
    GatewayError,
    GatewayErrorCode,
    LineState,
    Sent,
    Unsupported,
)

OLEG = "79241234567@s.whatsapp.net"
ORDERS = "79261112233@s.whatsapp.net"
RUSTAM = "998901234567@s.whatsapp.net"
LID = people.RUSTAM.lid
OUR_ID = "3EB0AAAABBBBCCCCDDDDEE"


def steer(outside, **what):
    outside.http.post(f"{outside.gateway}/_sandbox/evolution/branch", json=what).raise_for_status()


def answers(*several, status=200):
    """A transport that gives these bodies, and keeps the requests."""
    return scripted(*(httpx.Response(status, json=body) for body in several))


def body_of(request):
    return json.loads(request.content)


# The state of a line.


@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [
        ("WORKING", None, LineState.READY),
        ("WORKING", 403, LineState.READY),  # the code of a disconnection that is over
        ("STARTING", None, LineState.CONNECTING),
        ("STARTING", 403, LineState.CONNECTING),
        ("SCAN_QR_CODE", None, LineState.SCAN_QR),
        ("PASSKEY_REQUIRED", None, LineState.SCAN_QR),
        ("STOPPED", None, LineState.OFFLINE),
        ("FAILED", None, LineState.OFFLINE),
        ("FAILED", 428, LineState.OFFLINE),
        ("FAILED", 401, LineState.SCAN_QR),
        ("FAILED", 402, LineState.BANNED),
        ("FAILED", 403, LineState.BANNED),
        ("FAILED", 406, LineState.BANNED),
    ],
)
def test_every_state_of_an_instance_and_every_reason_is_one_of_ours(instance, outside, status, reason, state):
    outside.set_line("branch", status)
    steer(outside, reason=reason)
    assert instance().status().state is state
    assert outside.calls() == {"connectionState": 1} | ({"fetchInstances": 1} if status != "WORKING" else {})


def test_a_line_says_that_older_messages_are_on_the_phone_and_takes_no_ids_of_ours(instance):
    assert (instance().status().depth, instance().status().own_message_ids) == (Depth.PARTIAL, False)


def test_an_instance_that_nobody_made_is_offline_and_nothing_else_works_there(instance, outside):
    nobody = instance("nobody")
    assert nobody.status().state is LineState.OFFLINE
    for call in (lambda: nobody.check(["+79261112233"]), lambda: nobody.history([OLEG], None, 5), nobody.qr):
        assert trouble(call) is GatewayErrorCode.LINE_DOWN
    result = nobody.send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (result.outcome, result.error) == (Sent.REFUSED, GatewayErrorCode.LINE_DOWN)


def test_a_line_of_another_protocol_is_no_instance(instance):
    assert instance("sales").status().state is LineState.OFFLINE


def test_an_instances_own_token_is_enough(instance, outside):
    listed = outside.http.get(f"{outside.gateway}/instance/fetchInstances", headers={"apikey": people.API_KEY}).json()
    [own] = [one["token"] for one in listed]
    assert instance(key=own).status().state is LineState.READY


@pytest.mark.parametrize(
    "said", [{}, [], None, {"instance": None}, {"instance": {"state": []}}, {"instance": {"state": "x"}}]
)
def test_a_state_that_nobody_knows_is_unknown(instance, said):
    if said is None:
        assert trouble(instance(transport=answers(said)).status) is GatewayErrorCode.BROKEN_ANSWER
    else:
        assert instance(transport=answers(said)).status().state is LineState.UNKNOWN


def test_a_reason_that_cannot_be_read_leaves_a_closed_line_offline(instance):
    closed = httpx.Response(200, json={"instance": {"state": "close"}})
    for second in (
        httpx.Response(401, json={}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[None, 5]),
    ):
        assert instance(transport=scripted(closed, second)).status().state is LineState.OFFLINE


def test_only_ours_of_several_instances_is_looked_at(instance):
    closed = {"instance": {"state": "close"}}
    several = [
        {"name": "other", "ownerJid": "1@s.whatsapp.net", "disconnectionReasonCode": 403, "token": "secret"},
        {"name": "branch", "ownerJid": "2@s.whatsapp.net", "disconnectionReasonCode": None, "token": "secret"},
    ]
    assert instance(transport=answers(closed, several)).status().state is LineState.OFFLINE


# Checks.


def test_ten_numbers_are_one_call(instance, outside):
    phones = [client.phone for client in people.CROWD[:10]]
    found = instance().check(phones)
    assert {phone: found[phone].exists for phone in phones} == {c.phone: c.on_whatsapp for c in people.CROWD[:10]}
    assert outside.calls() == {"whatsappNumbers": 1}


def test_no_numbers_are_no_call(instance, outside):
    assert instance().check([]) == {}
    assert outside.total("gateway") == 0


def test_the_id_of_a_brazilian_chat_is_the_one_whatsapp_gives(instance):
    adapter = instance()
    found = adapter.check([people.JOAO.phone])[people.JOAO.phone]
    assert found == CheckResult(True, "553188887777@s.whatsapp.net")
    assert adapter.send_text(found.chat_id, "Olá", message_id=OUR_ID).outcome is Sent.QUEUED


def test_one_number_that_must_be_asked_about_makes_all_of_them_unknown_and_none_a_no(instance, outside):
    adapter = instance()
    assert adapter.check([people.JOAO.phone])[people.JOAO.phone].exists
    outside.set_line("branch", "FAILED")
    assert adapter.check([people.JOAO.phone])[people.JOAO.phone].exists  # from Evolution's cache
    assert trouble(lambda: adapter.check([people.JOAO.phone, people.MARIA.phone])) is GatewayErrorCode.LINE_DOWN


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "SCAN_QR_CODE", "FAILED"])
def test_a_check_over_a_line_that_is_down_says_so(instance, outside, status):
    outside.set_line("branch", status)
    assert trouble(lambda: instance().check([people.MARIA.phone])) is GatewayErrorCode.LINE_DOWN


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [None, 5, "x", [], {}],
        [{"jid": "79261112233@s.whatsapp.net", "exists": False}],  # a no whose number nobody echoed
        [{"jid": "79261112233@s.whatsapp.net", "exists": False, "number": "9261112233"}],
        [{"jid": "x", "exists": None, "number": "79261112233"}],
        [{"jid": "x", "exists": "false", "number": "79261112233"}],
        [{"jid": "x", "exists": 0, "number": "79261112233"}],
        [{"exists": False, "number": 79261112233}],
        [{"exists": True, "jid": "79261112233@lid"}],  # the digits of a LID are not a phone
        [{"exists": False, "number": "79261112233"}, {"exists": True, "number": "79261112233"}],
    ],
)
def test_what_is_not_surely_a_yes_or_a_no_is_unknown(instance, listed):
    assert instance(transport=answers(listed)).check(["+79261112233"]) == {}


@pytest.mark.parametrize("listed", [{}, None, "x", 5, {"numbers": []}])
def test_an_answer_that_is_no_list_is_trouble(instance, listed):
    assert (
        trouble(lambda: instance(transport=answers(listed)).check(["+79261112233"])) is GatewayErrorCode.BROKEN_ANSWER
    )


def test_a_yes_is_known_by_the_echo_or_by_whatsapps_own_spelling(instance):
    listed = [
        {"jid": "553188887777@s.whatsapp.net", "exists": True, "number": "5531988887777"},
        {"jid": "79261112233@s.whatsapp.net", "exists": True, "number": "+7 926 111-22-33"},
        {"jid": "79123456789@s.whatsapp.net", "exists": False, "number": "79123456789", "lid": "lid"},
    ]
    assert instance(transport=answers(listed)).check(["+5531988887777", "+79261112233", "+79123456789"]) == {
        "+5531988887777": CheckResult(True, "553188887777@s.whatsapp.net"),
        "+79261112233": CheckResult(True, "79261112233@s.whatsapp.net"),
        "+79123456789": CheckResult(False),
    }


def test_a_check_that_says_nothing_is_late_on_a_connected_line_and_else_the_line_is_down(instance, outside):
    outside.break_gateway("check_timeout", "whatsappNumbers")
    assert trouble(lambda: instance().check([people.OLEG.phone])) is GatewayErrorCode.TIMED_OUT
    assert instance().check([people.OLEG.phone])[people.OLEG.phone].exists
    outside.set_line("branch", "STOPPED")
    assert trouble(lambda: instance().check([people.OLEG.phone])) is GatewayErrorCode.LINE_DOWN
    empty, opened = httpx.Response(400), httpx.Response(200, json={"instance": {"state": "open"}})
    late = scripted(empty, opened)
    assert trouble(lambda: instance(transport=late).check([people.OLEG.phone])) is GatewayErrorCode.TIMED_OUT


def test_a_pause_that_the_gateway_asks_for_has_an_end(instance):
    headers = {"Retry-After": "30", "Date": "Sat, 21 Nov 2026 03:37:29 GMT"}
    transport = scripted(httpx.Response(429, json={}, headers=headers))
    with pytest.raises(GatewayError) as error:
        instance(transport=transport).check(["+79261112233"])
    assert (error.value.gateway_code, error.value.until) == (GatewayErrorCode.BUSY, 1795232249.0 + 30)
    for odd in ({"Retry-After": "soon"}, {"Retry-After": "30", "Date": ""}, {"Retry-After": "-5"}, {}):
        with pytest.raises(GatewayError) as error:
            instance(transport=scripted(httpx.Response(429, json={}, headers=odd))).check(["+79261112233"])
        assert error.value.until == 0.0


# Chats.


@pytest.mark.parametrize(("version", "calls"), [("2.3.7", 1), ("2.3.6", 2)])
def test_numbers_are_looked_up_exactly_and_whatsapp_hears_nothing(instance, outside, version, calls):
    outside.set_up("branch", version=version)
    adapter = instance()
    adapter.history([OLEG], None, 5)  # by now it is known how this one joins the two places of an id
    before = outside.total("gateway")
    found = adapter.chats_of([people.OLEG.phone, people.RUSTAM.phone, people.MARIA.phone])
    assert {phone: chat.chat_id for phone, chat in found.items()} == {
        people.OLEG.phone: OLEG,
        people.RUSTAM.phone: LID,
    }
    assert outside.total("gateway") - before == 3 * calls
    adapter.all_chats()
    assert outside.heard() == {}


@pytest.mark.parametrize("version", ["2.3.6", "2.3.7"])
def test_both_halves_of_a_chat_are_found_in_every_version(instance, outside, version):
    outside.set_up("branch", version=version)
    found = everything(instance(), [LID, "998901234567@s.whatsapp.net"], 3)
    assert len(found) == len({message.id for message in found}) == people.RUSTAM.chat


def test_nonsense_and_groups_in_a_listing_are_left_out(instance):
    listed = [None, 5, [], {}, {"remoteJid": "1-2@g.us", "lastMessage": {"key": {"remoteJidAlt": OLEG}}}]
    assert instance(transport=answers(listed)).all_chats() == {}


FAILED = {"key": {"remoteJid": OLEG, "fromMe": True, "id": "A"}, "messageTimestamp": 5, "status": "ERROR"}


@pytest.mark.parametrize(
    ("chat", "phones"),
    [
        ({"remoteJid": OLEG, "lastMessage": {"messageTimestamp": 5}}, {people.OLEG.phone}),
        (
            {"remoteJid": LID, "lastMessage": {"key": {"remoteJid": LID, "remoteJidAlt": OLEG}}},
            {people.OLEG.phone},
        ),
        ({"remoteJid": LID, "lastMessage": {"key": {"remoteJid": LID}}}, set()),
        ({"remoteJid": "553188887777@s.whatsapp.net", "lastMessage": {"messageTimestamp": 5}}, {"+5531988887777"}),
        ({"remoteJid": OLEG, "lastMessage": FAILED}, {people.OLEG.phone}),
        ({"remoteJid": OLEG, "lastMessage": None}, set()),
        ({"remoteJid": "1-2@g.us", "lastMessage": {"key": {"remoteJid": OLEG}}}, set()),
    ],
)
def test_a_listing_has_people_by_their_phones_and_never_reads_a_phone_out_of_a_hidden_id(instance, chat, phones):
    assert set(instance(transport=answers([chat])).all_chats()) == phones


@pytest.mark.parametrize(
    "said",
    [
        {"status": "ERROR"},
        {"MessageUpdate": [{"status": "PENDING"}, {"status": "ERROR"}]},
        {"status": "PENDING"},
        {"MessageUpdate": [{"status": "SERVER_ACK"}]},
        {},
    ],
)
def test_a_message_of_ours_that_did_not_arrive_proves_no_chat_however_it_is_looked_up(instance, said):
    failed = {key: value for key, value in FAILED.items() if key != "status"} | said
    chats = answers([{"remoteJid": OLEG, "lastMessage": failed}])
    messages = answers({"messages": {"total": 1, "records": [failed]}})
    for listed in (instance(transport=messages).chats_of([people.OLEG.phone]), instance(transport=chats).all_chats()):
        assert listed[people.OLEG.phone].has_messages
        assert not listed[people.OLEG.phone].proves


def test_a_message_that_was_delivered_after_an_error_proves_its_chat(instance):
    came = FAILED | {"MessageUpdate": [{"status": "DELIVERY_ACK"}]}
    found = instance(transport=answers({"messages": {"total": 1, "records": [came]}})).chats_of([people.OLEG.phone])
    assert found[people.OLEG.phone].proves


# History.


def everything(adapter, ids, limit):
    messages, cursor = [], None
    for _ in range(200):
        page = adapter.history(ids, cursor, limit)
        assert len(page.messages) <= limit
        messages += page.messages
        cursor = page.cursor
        if cursor is None:
            return messages
    raise AssertionError("the history has no end")


@pytest.mark.parametrize("limit", [1, 7, 30, 100])
def test_paging_to_the_very_start_skips_and_repeats_no_message(instance, limit):
    found = everything(instance(), [OLEG], limit)
    assert len(found) == len({message.id for message in found}) == 60
    assert [message.at for message in found] == sorted((message.at for message in found), reverse=True)
    assert len({message.at for message in found}) < len(found)  # some within one second


def test_both_halves_of_a_chat_are_one_history(instance, outside):
    by_phone = everything(instance(), [RUSTAM], 3)
    by_lid = everything(instance(), [LID], 3)
    outside.reset()
    by_both = everything(instance(), [RUSTAM, LID], 50)
    assert [m.id for m in by_phone] == [m.id for m in by_lid] == [m.id for m in by_both]
    assert len(by_both) == people.RUSTAM.chat
    assert outside.calls() == {"findMessages": 2}


def raw(number, at, jid=OLEG, **more):
    return {
        "key": {"id": f"ID{number}", "fromMe": False, "remoteJid": jid},
        "messageTimestamp": at,
        "message": {"conversation": str(number)},
        **more,
    }


def database(records, shuffle=lambda several: several):
    """Evolution's findMessages over these rows; `shuffle` decides the order within a second."""

    def answer(request):
        asked = body_of(request)
        where = asked["where"]
        ids = {where["key"]["remoteJid"], where["key"]["remoteJidAlt"]}
        rows = [r for r in records if ids & {r["key"]["remoteJid"], r["key"].get("remoteJidAlt")}]
        if "messageTimestamp" in where:
            until = where["messageTimestamp"]["lte"].replace("Z", "+00:00")
            rows = [r for r in rows if r["messageTimestamp"] <= datetime.fromisoformat(until).timestamp()]
        rows = sorted(shuffle(list(rows)), key=lambda r: -r["messageTimestamp"])
        found = {"total": len(rows), "records": rows[: asked["offset"]]}
        return httpx.Response(200, json={"messages": found})

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_the_order_within_a_second_may_change_between_two_pages(instance, limit):
    """The database orders by time alone."""
    rng = random.Random(7)
    rows = [raw(n, 2000 if n < 9 else 1000 + n // 20) for n in range(40)]
    adapter = instance(transport=database(rows, lambda several: rng.sample(several, len(several))))
    found = everything(adapter, [OLEG], limit)
    assert sorted(int(message.text) for message in found) == list(range(40))


@pytest.mark.parametrize("limit", [1, 2, 5, 50])
def test_two_halves_whose_times_interleave_are_laid_together(instance, limit):
    other = "123456789@lid"
    rows = [raw(n, 5000 - n, OLEG if n % 3 else other) for n in range(30)]
    found = everything(instance(transport=database(rows)), [OLEG, other], limit)
    assert [message.text for message in found] == [str(n) for n in range(30)]


def test_an_evolution_that_ignores_the_question_shows_no_other_clients_messages(instance):
    """Without a `where` it gives every chat's messages (measured)."""
    rows = [raw(1, 2000), raw(2, 1999, "4915112345678@s.whatsapp.net"), raw(3, 1998, "1203@g.us")]
    found = {"messages": {"total": 3, "records": rows}}
    adapter = instance(transport=answers(found))
    assert [message.text for message in adapter.history([OLEG], None, 10).messages] == ["1"]
    assert adapter.find_message(OLEG, "ID2") is None
    assert adapter.chats_of([people.AIGERIM.phone]) == {}


def test_an_evolution_that_ignores_the_time_does_not_repeat_itself(instance):
    found = {"messages": {"total": 500, "records": [raw(n, 2000 - n) for n in range(10)]}}
    adapter = instance(transport=answers(found))
    page = adapter.history([OLEG], None, 10)
    assert page.cursor
    again = adapter.history([OLEG], page.cursor, 10)
    assert (again.messages, again.cursor) == ((), None)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1", ":", "1:x", "-1:", "0:", "1:1234567", "1:12345678.", "9" * 30 + ":", "١٢:", "1:" + "a" * 5000],
)
def test_a_forged_cursor_is_refused_and_nothing_is_asked(instance, outside, cursor):
    assert trouble(lambda: instance().history([OLEG], cursor, 30)) is GatewayErrorCode.MALFORMED
    assert outside.total("gateway") == 0


@pytest.mark.parametrize("chat_id", ["", "x", "79241234567", "79241234567@c.us", "120363@g.us", "status@broadcast"])
def test_what_is_no_persons_chat_is_never_asked_for(instance, outside, chat_id):
    assert trouble(lambda: instance().history([chat_id], None, 30)) is GatewayErrorCode.MALFORMED
    assert instance().send_text(chat_id, "hi", message_id=OUR_ID).outcome is Sent.REFUSED
    assert outside.total("gateway") == 0


def test_reactions_stand_at_their_message_and_are_no_messages_themselves(instance, outside):
    outside.answer_as_client(people.ORDERS_MOSCOW.phone, "Спасибо!", "branch")
    adapter = instance()
    (message,) = adapter.history([ORDERS], None, 10).messages
    adapter.react(ORDERS, message.ref, "👍")
    (message,) = adapter.history([ORDERS], None, 10).messages
    assert message.reactions == ("👍",)


# Sending.


def test_a_send_to_nobody_is_refused_for_that_reason(instance, outside):
    result = instance().send_text("79123456789@s.whatsapp.net", "hi", message_id=OUR_ID)
    assert (result.outcome, result.error) == (Sent.REFUSED, GatewayErrorCode.NOT_ON_WHATSAPP)


@pytest.mark.parametrize("status", ["STOPPED", "STARTING", "FAILED"])
def test_a_message_over_a_closed_connection_never_left(instance, outside, status):
    outside.set_line("branch", status)
    adapter = instance()
    result = adapter.send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (result.outcome, result.error) == (Sent.REFUSED, GatewayErrorCode.LINE_DOWN)
    outside.set_line("branch", "WORKING")
    assert adapter.history([ORDERS], None, 5).messages == ()


def test_a_message_whose_answer_was_lost_is_unclear_and_stands_in_the_history(instance, outside):
    outside.break_gateway("lost_answer", "sendText", detail="500")
    adapter = instance()
    assert adapter.send_text(ORDERS, "Счёт", message_id=OUR_ID).outcome is Sent.UNKNOWN
    assert [message.text for message in adapter.history([ORDERS], None, 5).messages] == ["Счёт"]
    assert outside.calls()["sendText"] == 1


def test_a_number_that_may_start_no_chats_fails_after_it_was_taken(instance, outside):
    outside.break_gateway("error_463", "sendText")
    adapter = instance()
    result = adapter.send_text(ORDERS, "hi", message_id=OUR_ID)
    assert result.outcome is Sent.QUEUED
    assert adapter.find_message(ORDERS, result.message_id).ack is Ack.FAILED


@pytest.mark.parametrize("key", [None, {}, {"id": None}, {"id": ""}, {"id": "x" * 500}, [], "x"])
def test_an_answer_without_a_readable_id_is_unclear_and_never_called_sent(instance, key):
    result = instance(transport=answers({"key": key}, status=201)).send_text(ORDERS, "hi", message_id=OUR_ID)
    assert (result.outcome, result.message_id, result.error) == (Sent.UNKNOWN, "", GatewayErrorCode.BROKEN_ANSWER)


def test_a_message_that_whatsapp_refused_at_once_is_refused(instance):
    result = instance(transport=answers({"key": {"id": "A1"}, "status": "ERROR"}, status=201)).send_text(
        ORDERS, "hi", message_id=OUR_ID
    )
    assert (result.outcome, result.message_id) == (Sent.REFUSED, "A1")


def test_the_recorded_sends_are_read(instance, recorded):
    for name in ("sendText", "sendMedia"):
        answer = recorded(f"evolution/{name}.response.json")
        result = instance(transport=answers(answer, status=201)).send_text(ORDERS, "hi", message_id=OUR_ID)
        assert (result.outcome, result.message_id) == (Sent.QUEUED, answer["key"]["id"])


def test_a_voice_goes_as_a_voice_and_audio_with_words_as_a_document(instance, outside):
    adapter, voice = instance(), File("audio/ogg; codecs=opus", "voice.oga", opus.silence(2))
    adapter.send_file(ORDERS, voice, message_id=OUR_ID)
    adapter.send_file(ORDERS, voice, message_id=OUR_ID, caption="послушайте")
    newest, oldest = adapter.history([ORDERS], None, 5).messages
    assert (oldest.media.kind, newest.media.kind, newest.text) == ("audio", "document", "послушайте")
    assert outside.calls() == {"sendWhatsAppAudio": 1, "sendMedia": 1, "findMessages": 1}


def test_a_number_without_an_id_is_not_looked_for(instance, outside):
    assert instance().find_message(OLEG, "") is None
    assert outside.total("gateway") == 0


# What is done to messages.


def test_messages_under_a_lid_cannot_be_marked_read_and_evolution_is_not_asked_in_vain(instance, outside):
    adapter = instance()
    outside.answer_as_client(people.RUSTAM.phone, "Вы тут?", "branch")
    (message, *_) = adapter.history([LID], None, 1).messages
    before = outside.total("gateway")
    with pytest.raises(Unsupported):
        adapter.mark_read(LID, [message.ref])
    assert outside.total("gateway") == before


@pytest.mark.parametrize(
    "ref", ["", "x", f"maybe_{OLEG}_A", f"true_{OLEG}_", "true_1@g.us_A1", f"true_{OLEG}_a b", f"true_{OLEG}_A\n"]
)
def test_a_forged_name_of_a_message_is_refused_and_nothing_is_asked(instance, outside, ref):
    adapter = instance()
    for call in (
        lambda: adapter.edit(OLEG, ref, "x"),
        lambda: adapter.delete(OLEG, ref),
        lambda: adapter.react(OLEG, ref, "x"),
        lambda: adapter.mark_read(OLEG, [ref]),
        lambda: adapter.media(OLEG, ref),
    ):
        assert trouble(call) is GatewayErrorCode.MALFORMED
    assert not ref or adapter.send_text(OLEG, "x", message_id=OUR_ID, reply_to=ref).outcome is Sent.REFUSED
    assert outside.total("gateway") == 0


def test_what_is_not_there_cannot_be_changed_or_fetched(instance):
    adapter, ref = instance(), f"true_{OLEG}_3EB0FFFF"
    assert trouble(lambda: adapter.edit(OLEG, ref, "x")) is GatewayErrorCode.NO_SUCH_THING
    assert trouble(lambda: adapter.media(OLEG, ref)) is GatewayErrorCode.NO_SUCH_THING
    assert isinstance(trouble(lambda: adapter.delete(OLEG, ref)), GatewayErrorCode)


@pytest.mark.parametrize("said", [{}, {"base64": ""}, {"base64": "%%%"}, {"base64": 5}, [], "x"])
def test_a_file_that_cannot_be_read_is_trouble(instance, said):
    assert (
        trouble(lambda: instance(transport=answers(said)).media(OLEG, f"false_{OLEG}_A"))
        is GatewayErrorCode.BROKEN_ANSWER
    )


# Logging in.


def test_a_line_that_waits_for_it_shows_a_qr(instance, outside):
    outside.set_line("branch", "SCAN_QR_CODE")
    picture = instance().qr()
    assert (picture.mimetype, picture.body[:4]) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize("status", ["WORKING", "STARTING"])
def test_a_line_that_needs_no_login_has_nothing_to_scan(instance, outside, status):
    outside.set_line("branch", status)
    assert trouble(instance().qr) is GatewayErrorCode.LINE_DOWN
    assert trouble(lambda: instance().pairing_code("+79638477315")) is GatewayErrorCode.LINE_DOWN


def test_a_logged_out_line_gives_a_code_for_the_number(instance, outside):
    outside.set_line("branch", "FAILED")
    steer(outside, reason=401)
    assert instance().pairing_code("+79638477315") == "WZYE-H1YY"


@pytest.mark.parametrize(
    "said", [{"count": 0}, {"base64": "data:text/html;base64,eA=="}, {"base64": None}, {"pairingCode": "<b>"}]
)
def test_an_answer_without_a_picture_or_a_code_is_nothing_to_scan(instance, said):
    assert trouble(instance(transport=answers(said)).qr) is GatewayErrorCode.LINE_DOWN
    assert trouble(lambda: instance(transport=answers(said)).pairing_code("+7")) is GatewayErrorCode.LINE_DOWN


# The webhook.


def test_setting_the_webhook_replaces_the_one_that_was_there_and_keeps_the_secret_out_of_the_address(instance):
    transport = answers({}, {"instance": {"state": "open"}}, status=201)
    instance(transport=transport).set_webhook("https://widget.example/hooks/gateway/1", "s3cret")
    said, restart = transport.requests
    webhook = body_of(said)["webhook"]
    assert webhook["headers"] == {"X-Webhook-Secret": "s3cret"}
    assert "s3cret" not in webhook["url"]
    assert webhook["byEvents"] is False
    assert (restart.method, restart.url.path) == ("POST", "/instance/restart/branch")


def test_a_line_whose_restart_is_refused_is_told_to_connect_too(instance):
    refused = httpx.Response(400, json={"response": {"message": ['The "branch" instance is not connected']}})
    transport = scripted(httpx.Response(201, json={}), refused, httpx.Response(200, json={"count": 0}))
    instance(transport=transport).set_webhook("https://widget.example/hooks/gateway/1", "s3cret")
    assert transport.requests[-1].url.path == "/instance/connect/branch"


@pytest.mark.parametrize("status", ["FAILED", "STOPPED", "SCAN_QR_CODE"])
def test_a_line_that_cannot_be_restarted_is_told_to_connect(instance, outside, status):
    outside.set_line("branch", status)
    instance().set_webhook("http://127.0.0.1:1/hook", "s3cret")
    assert outside.calls() == {"webhook/set": 1, "restart": 1} | ({"connect": 1} if status != "SCAN_QR_CODE" else {})
