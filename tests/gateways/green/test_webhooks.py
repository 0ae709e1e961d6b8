"""What GREEN-API reports by itself: who may report, and what it means."""

import pytest
from hypothesis import given

from tests.gateways.green.test_messages import NEAR
from widget.gateways.base import Ack, EventKind, GatewayErrorCode, GatewayEvent, LineState
from widget.gateways.green.webhooks import GreenWebhooks

HOOKS = GreenWebhooks()
CLIENT, LID, US = "79001234568@c.us", "123456789012345@lid", "11001234567@c.us"


def told(kind="incomingMessageReceived", data=None, **more):
    sender = {"chatId": CLIENT, "sender": US if kind != "incomingMessageReceived" else CLIENT, **more.pop("sender", {})}
    data = data or {"typeMessage": "textMessage", "textMessageData": {"textMessage": "Здравствуйте"}}
    return {
        "typeWebhook": kind,
        "instanceData": {"idInstance": 1234, "wid": US},
        "timestamp": 1588091580,
        "idMessage": "F7AEC1B7",
        "senderData": sender,
        "messageData": data,
        **more,
    }


# Who may report.


@pytest.mark.parametrize("header", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("scheme", ["", "Bearer ", "Basic "])
def test_the_token_is_taken_in_every_spelling_of_the_header(header, scheme):
    assert HOOKS.genuine({header: f"{scheme}s3cret"}, b"", "s3cret")


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, "s3cret"),
        ({"Authorization": ""}, "s3cret"),
        ({"Authorization": "Bearer"}, "s3cret"),
        ({"Authorization": "Bearer s3cre"}, "s3cret"),
        ({"Authorization": "Bearer s3cret "}, "s3cret"),
        ({"Authorization": "Bearer"}, ""),
        ({"Authorization": ""}, ""),
        ({"Authorization": "Bearer \udcff"}, "s3cret"),
        ({"X-Authorization": "s3cret"}, "s3cret"),
    ],
)
def test_whoever_lacks_the_token_is_a_stranger(headers, secret):
    assert not HOOKS.genuine(headers, b"", secret)


# What the client chose.


@pytest.mark.parametrize(
    ("kind", "part", "said"),
    [
        ("templateButtonsReplyMessage", "templateButtonReplyMessage", {"selectedDisplayText": "Да, жду"}),
        ("templateButtonsReplyMessage", "templateButtonsReplyMessage", {"selectedDisplayText": "Да, жду"}),
        ("buttonsResponseMessage", "buttonsResponseMessage", {"selectedButtonText": "Да, жду"}),
        ("interactiveButtonsResponse", "interactiveButtonsResponse", {"selectedDisplayText": "Да, жду"}),
        ("listResponseMessage", "listResponseMessage", {"title": "Да, жду", "singleSelectReply": "row_1"}),
    ],
)
def test_what_a_client_pressed_is_what_they_say(kind, part, said):
    [event] = HOOKS.events(told(data={"typeMessage": kind, part: {"stanzaId": "3EB0", "selectedIndex": 1, **said}}))
    assert (event.kind, event.from_me, event.message.text) == (EventKind.MESSAGE, False, "Да, жду")


def test_a_vote_is_no_text_of_the_client_and_the_poll_itself_is_its_question():
    poll = {"name": "Когда приехать?", "options": [{"optionName": "Утром"}], "multipleAnswers": False}
    votes = {**poll, "stanzaId": "3EB0", "votes": [{"optionName": "Утром", "optionVoters": [CLIENT]}]}
    assert HOOKS.events(told(data={"typeMessage": "pollUpdateMessage", "pollMessageData": votes})) == []
    [event] = HOOKS.events(told(data={"typeMessage": "pollMessage", "pollMessageData": poll}))
    assert event.message.text == "Когда приехать?"


# What was recorded.


def test_a_recorded_message_of_the_client_is_read(recorded):
    [event] = HOOKS.events(recorded("green-api/webhook.incoming.text.json"))
    assert (event.kind, event.from_me, event.chat_ids) == (EventKind.MESSAGE, False, (CLIENT,))
    assert event.message_id == event.message.id
    assert event.message.text
    assert event.at == event.message.at == 1588091580


@pytest.mark.parametrize(
    ("name", "ack"), [("outgoingMessageReceived", Ack.SENT), ("outgoingAPIMessageReceived", Ack.PENDING)]
)
def test_recorded_messages_of_ours_are_ours(recorded, name, ack):
    [event] = HOOKS.events(recorded(f"green-api/webhook.{name}.json"))
    assert (event.kind, event.from_me, event.message.ack) == (EventKind.MESSAGE, True, ack)
    assert event.chat_ids == (CLIENT,)  # and not our own


def test_the_recorded_status_says_that_the_number_has_no_whatsapp(recorded):
    [event] = HOOKS.events(recorded("green-api/webhook.outgoingMessageStatus.json"))
    assert (event.kind, event.ack, event.not_on_whatsapp) == (EventKind.ACK, Ack.FAILED, True)
    assert (event.message_id, event.chat_ids) == ("3EB0608D6A2901063D63", ())


def test_the_recorded_state_is_the_lines(recorded):
    assert HOOKS.events(recorded("green-api/webhook.stateInstanceChanged.json")) == [
        GatewayEvent(EventKind.LINE, 1586700690, state=LineState.READY)
    ]


# What it means.


@pytest.mark.parametrize(
    ("status", "ack"),
    [
        ("sent", Ack.SENT),
        ("delivered", Ack.DELIVERED),
        ("read", Ack.READ),
        ("failed", Ack.FAILED),
        ("notInGroup", Ack.FAILED),
    ],
)
def test_only_no_account_means_no_whatsapp(status, ack):
    [event] = HOOKS.events(
        {"typeWebhook": "outgoingMessageStatus", "chatId": CLIENT, "idMessage": "A", "status": status}
    )
    assert (event.ack, event.not_on_whatsapp, event.chat_ids) == (ack, False, (CLIENT,))


def test_a_yellow_card_on_a_message_restricts_the_line_too():
    about_it, line = HOOKS.events(
        {"typeWebhook": "outgoingMessageStatus", "chatId": CLIENT, "idMessage": "A", "status": "yellowCard"}
    )
    assert (about_it.kind, about_it.ack) == (EventKind.ACK, Ack.PENDING)
    assert (line.kind, line.state, line.why) == (EventKind.LINE, LineState.RESTRICTED, GatewayErrorCode.RESTRICTED)


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        ("notAuthorized", LineState.SCAN_QR),
        ("starting", LineState.CONNECTING),
        ("sleepMode", LineState.CONNECTING),
        ("blocked", LineState.BANNED),
        ("yellowCard", LineState.RESTRICTED),
        ("dreaming", LineState.UNKNOWN),
        ([], LineState.UNKNOWN),
    ],
)
def test_every_state_is_one_of_ours(state, ours):
    [event] = HOOKS.events({"typeWebhook": "stateInstanceChanged", "stateInstance": state})
    assert event.state is ours


def test_a_chat_under_a_lid_has_both_ids_the_phone_first():
    [event] = HOOKS.events(told(sender={"chatId": LID, "sender": CLIENT}))
    assert event.chat_ids == (CLIENT, LID)


@pytest.mark.parametrize("chat_id", ["120363043968066561@g.us", "status@broadcast", "1@newsletter"])
def test_groups_and_broadcasts_are_no_event(chat_id):
    assert HOOKS.events(told(sender={"chatId": chat_id})) == []
    assert HOOKS.events(status_of(chat_id)) == []


@pytest.mark.parametrize("chat_id", ["", None, 5, "x"])
def test_a_chat_that_cannot_be_read_has_no_messages_and_its_statuses_are_known_by_their_message(chat_id):
    assert HOOKS.events(told(sender={"chatId": chat_id})) == []
    [event] = HOOKS.events(status_of(chat_id))
    assert (event.chat_ids, event.message_id, event.ack) == ((), "A", Ack.READ)


@pytest.mark.parametrize("spelling", ["{}@c.us", "{}@s.whatsapp.net", "{}:3@c.us", "{}:12@s.whatsapp.net"])
def test_a_phones_id_is_the_same_however_an_instance_spells_it(spelling):
    chat_id = spelling.format(CLIENT.partition("@")[0])
    [status] = HOOKS.events(status_of(chat_id))
    [message] = HOOKS.events(told(sender={"chatId": chat_id, "sender": chat_id}))
    assert status.chat_ids == message.chat_ids == (CLIENT,)


@pytest.mark.parametrize("kind", ["quotaExceeded", "incomingBlock"])
def test_a_plan_whose_chats_are_used_up_is_told_of_the_line(kind):
    quota = {"method": "correspondents", "used": 3, "total": 3, "status": "CORRESPONDENTS_QUOTA_EXCEEDED"}
    [event] = HOOKS.events({"typeWebhook": kind, "timestamp": 1_700_000_000, "quotaData": quota})
    assert (event.kind, event.why, event.at) == (EventKind.LINE, GatewayErrorCode.QUOTA, 1_700_000_000.0)
    assert HOOKS.events({"typeWebhook": kind}) == []  # a contact that somebody blocked


def status_of(chat_id):
    return {"typeWebhook": "outgoingMessageStatus", "chatId": chat_id, "idMessage": "A", "status": "read"}


def test_an_edit_a_deletion_and_a_reaction_name_the_message_they_are_about():
    edited = {"typeMessage": "editedMessage", "editedMessageData": {"textMessage": "Пятница", "stanzaId": "B"}}
    [event] = HOOKS.events(told(data=edited))
    assert (event.kind, event.message_id, event.text) == (EventKind.EDITED, "B", "Пятница")
    [event] = HOOKS.events(told(data={"typeMessage": "deletedMessage", "deletedMessageData": {"stanzaId": "B"}}))
    assert (event.kind, event.message_id) == (EventKind.DELETED, "B")
    reaction = {
        "typeMessage": "reactionMessage",
        "extendedTextMessageData": {"text": "👍"},
        "quotedMessage": {"stanzaId": "B", "participant": US},
    }
    [event] = HOOKS.events(told(data=reaction))
    assert (event.kind, event.message_id, event.text, event.from_me) == (EventKind.REACTION, "B", "👍", False)


@pytest.mark.parametrize("kind", ["editedMessage", "deletedMessage", "reactionMessage"])
def test_a_change_of_nothing_is_no_event(kind):
    assert HOOKS.events(told(data={"typeMessage": kind})) == []


def test_a_file_comes_with_its_caption_its_type_and_its_quote():
    data = {
        "typeMessage": "documentMessage",
        "fileMessageData": {"caption": "Смета", "fileName": "смета.pdf", "mimeType": "application/pdf"},
        "quotedMessage": {"stanzaId": "Q", "participant": CLIENT, "typeMessage": "imageMessage"},
    }
    [event] = HOOKS.events(told(data=data))
    media = event.message.media
    assert (event.message.text, media.kind, media.name) == ("Смета", "document", "смета.pdf")
    assert (event.message.quote.has_media, event.message.quote.from_me) == (True, False)


@given(body=NEAR)
def test_whatever_comes_as_a_webhook_is_read_or_left_out(body):
    for kind in ("incomingMessageReceived", "outgoingMessageReceived", "outgoingMessageStatus", "stateInstanceChanged"):
        near = {**body, "typeWebhook": kind} if isinstance(body, dict) else body
        for event in HOOKS.events(near):
            assert isinstance(event, GatewayEvent)
        for part in ("senderData", "messageData", "status", "stateInstance", "idMessage", "timestamp"):
            for event in HOOKS.events(told(kind) | {part: body}):
                assert isinstance(event, GatewayEvent)
                assert event.not_on_whatsapp is False or (part, body) == ("status", "noAccount")
