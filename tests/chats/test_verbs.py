"""What a rep does besides sending a text: files, answers, edits, deletions, reactions, receipts;
and what is refused before any gateway hears of it."""

from dataclasses import replace

import pytest

from benchmarks.voice import recording
from sandbox import people
from tests.chats.conftest import EVERYTHING, NOTHING, FakeGateway, FakeGateways
from widget.chats.bubbles import DELETE_SECONDS, EDIT_SECONDS, asked_of
from widget.chats.files import MAX_FILE_SIZE, accepted, is_label, label_of, voice_label
from widget.chats.history import MESSAGES, End
from widget.chats.message_facts import MessageFacts, Named, merger
from widget.chats.sending import MAX_CAPTION, MAX_TEXT, Unlimited
from widget.chats.service import ChatService
from widget.errors import ErrorCode, Refused
from widget.gateways.base import (
    Ack,
    ContactCard,
    Depth,
    EventKind,
    File,
    GatewayError,
    GatewayErrorCode,
    GatewayEvent,
    LineState,
    Location,
    Media,
    Message,
    Page,
    Sent,
)
from widget.gateways.content import VOICE
from widget.gateways.serialization import events_json
from widget.storage.sends import SendState

ORDERS = people.ORDERS_MOSCOW.phone
CHAT_ID = f"{ORDERS[1:]}@c.us"
REP = 2
OFFER = File("application/pdf", "offer.pdf", b"%PDF-1.7")


class VerbFixture:
    """A rep at a line whose gateway a test decides."""

    def __init__(self, widget, gateway):
        services = widget.services
        self.gateway, self.clock, self.services = gateway, widget.clock, services
        self.line = services.storage.lines.of(widget.portals[0])[0]
        gateways = FakeGateways(gateway)
        self.service = ChatService(gateways, services.storage.conversations, widget.clock)
        self.chat, _new = self.service.open(self.line, ORDERS, user_id=REP)

    @property
    def asked(self):
        return self.gateway.asked

    def named(self, name="M1", *, from_me=True, age=60.0):
        return Named(name, f"ref_{name}", self.clock() - age, from_me)

    def send(self, text="Добрый день!", key="k1", **more):
        return self.service.send(self.draft(key, **more), text)

    def send_file(self, file=OFFER, key="k1", *, caption="", **more):
        return self.service.send_file(self.draft(key, **more), file, caption=caption)

    def draft(self, key, **more):
        return replace(self.service.draft(self.line, self.chat, send_key=key, user_id=REP), **more)

    def known(self, **more):
        """The chat as one in which somebody has written."""
        line = self.line
        self.chat, _new = self.services.storage.chats.remember(
            line.portal_id, line.id, ORDERS, **{"proved": True, **more}
        )

    def tell(self, name="M1", text="Да", *, at=None, chat_id=CHAT_ID, from_me=False, **facts):
        written = Message(name, f"ref_{name}", int(self.clock() if at is None else at), from_me, text)
        told = MessageFacts(written, from_me, **facts)
        self.services.storage.messages.grow(self.line.portal_id, self.line.id, chat_id, name, merger(told))

    def shown(self):
        return self.service.newest(self.line, self.chat)

    def texts(self):
        return [bubble.text for bubble in self.shown().bubbles]


@pytest.fixture
def desk(widget):
    return VerbFixture(widget, FakeGateway(result=Sent.SENT))


def refusal_of(call):
    with pytest.raises(Refused) as error:
        call()
    return error.value.code


# Answers and files.


def test_an_answer_names_the_message_it_answers(desk):
    desk.send(reply_to=desk.named("C1", from_me=False))
    assert desk.asked == [("send_text", CHAT_ID, "Добрый день!", "ref_C1")]


def test_a_file_goes_out_once_with_its_caption_and_only_its_name_is_kept(desk):
    sent = desk.send_file(caption=" Смета ", reply_to=desk.named())
    assert desk.send_file(caption="Смета").id == sent.id
    assert desk.asked == [("send_file", CHAT_ID, OFFER, "Смета", "ref_M1")]
    assert (sent.state, sent.text) == (SendState.SENT, "📎 offer.pdf\nСмета")


def test_a_key_of_a_file_is_not_taken_for_another_file_or_a_text(desk):
    desk.send_file()
    for again in (lambda: desk.send_file(replace(OFFER, name="other.pdf")), desk.send):
        assert refusal_of(again) is ErrorCode.BAD_FORM
    assert len(desk.asked) == 1


def test_a_name_is_put_before_a_caption_and_never_stands_alone(desk):
    desk.send_file(name="Анна", key="k1")
    desk.send_file(name="Анна", caption="Смета", key="k2")
    assert [asked[3] for asked in desk.asked] == ["", "*Анна:*\nСмета"]


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (replace(OFFER, body=b""), ErrorCode.BAD_FORM),
        (replace(OFFER, body=b"x" * (EVERYTHING.largest_file + 1)), ErrorCode.TOO_LARGE),
        (replace(OFFER, name="setup.exe"), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="СЧЁТ.PDF.JS"), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="photo.scr. "), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="cod\u202egpj.exe"), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="..\\..\\run.bat"), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="photo.jpg", body=b"MZ\x90\x00\x03" + bytes(60)), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="photo.jpg", body=b"\x7fELF\x02"), ErrorCode.FILE_TYPE),
        (replace(OFFER, name="notes", body=b"#!/bin/sh\nrm -rf /"), ErrorCode.FILE_TYPE),
    ],
)
def test_a_file_that_may_not_go_out_leaves_no_row_and_reaches_no_gateway(desk, file, refusal):
    assert refusal_of(lambda: desk.send_file(file)) is refusal
    assert desk.asked == []
    assert desk.services.storage.sends.by_key(desk.line.portal_id, "k1") is None


def test_a_caption_without_end_is_refused(desk):
    assert refusal_of(lambda: desk.send_file(caption="я" * (MAX_CAPTION + 1))) is ErrorCode.BAD_FORM


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("offer.pdf", "offer.pdf"),
        ("C:\\Users\\me\\счёт.pdf", "счёт.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb\x00.pdf", "ab.pdf"),
        ("", "file"),
        (" .. ", "file"),
        ("я" * 300 + ".pdf", "я" * 108 + ".pdf"),
        ("MZ of the year.txt", "MZ of the year.txt"),
    ],
)
def test_of_a_files_name_only_the_name_is_left(name, kept):
    assert accepted(name, "text/plain", b"MZ is a word here", largest=MAX_FILE_SIZE).name == kept


@pytest.mark.parametrize("mimetype", ["", "x", "text/html\r\nX: y", "я/я", "a" * 300 + "/b"])
def test_a_type_that_is_none_is_a_file_of_no_type(mimetype):
    assert accepted("a.bin", mimetype, b"x", largest=9).mimetype == "application/octet-stream"


# Edits, deletions, reactions, receipts, typing.


def test_each_verb_reaches_the_gateway_with_what_it_calls_the_message(desk):
    message, theirs = desk.named(), desk.named("C1", from_me=False)
    desk.service.edit(desk.line, desk.chat, message, " Новое\r\n ")
    desk.service.react(desk.line, desk.chat, theirs, "👍")
    desk.service.mark_read(desk.line, desk.chat, [theirs, message])
    desk.service.typing(desk.line, desk.chat, on=True)
    desk.service.delete(desk.line, desk.chat, message)
    assert desk.asked == [
        ("edit", CHAT_ID, "ref_M1", "Новое"),
        ("react", CHAT_ID, "ref_C1", "👍"),
        ("mark_read", CHAT_ID, ["ref_C1"]),
        ("typing", CHAT_ID, True),
        ("delete", CHAT_ID, "ref_M1"),
    ]


def test_what_we_did_is_shown_though_the_gateways_history_lags(desk):
    now = int(desk.clock())
    desk.gateway.messages = [
        Message("C1", "ref_C1", now - 5, False, "Да"),
        Message("M2", "ref_M2", now - 6, True, "Лишнее"),
        Message("M1", "ref_M1", now - 7, True, "Превет"),
    ]
    desk.service.edit(desk.line, desk.chat, desk.named("M1"), "Привет")
    desk.service.delete(desk.line, desk.chat, desk.named("M2"))
    desk.service.react(desk.line, desk.chat, desk.named("C1", from_me=False), "👍")
    first, second, third = desk.shown().bubbles
    assert (first.text, first.edited) == ("Привет", True)
    assert (second.deleted, second.text) == (True, "")
    assert third.reactions == ("👍",)
    desk.clock.forward(1)
    desk.service.react(desk.line, desk.chat, desk.named("C1", from_me=False), "")
    assert desk.shown().bubbles[2].reactions == ()


VERBS = {
    "edit": lambda desk: desk.service.edit(desk.line, desk.chat, desk.named(), "x"),
    "delete": lambda desk: desk.service.delete(desk.line, desk.chat, desk.named()),
    "react": lambda desk: desk.service.react(desk.line, desk.chat, desk.named(), "👍"),
    "mark_read": lambda desk: desk.service.mark_read(desk.line, desk.chat, [desk.named(from_me=False)]),
    "typing": lambda desk: desk.service.typing(desk.line, desk.chat, on=False),
    "reply": lambda desk: desk.send(reply_to=desk.named()),
    "files": lambda desk: desk.send_file(),
}


def test_typing_that_would_cost_a_check_each_time_is_refused(desk):
    desk.gateway.capabilities = replace(desk.gateway.capabilities, checks_when_sending=True)
    with pytest.raises(Refused) as refused:
        desk.service.typing(desk.line, desk.chat, on=True)
    assert refused.value.code is ErrorCode.UNSUPPORTED
    assert desk.asked == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_the_gateway_lacks_is_refused_and_nothing_is_called(desk, verb):
    desk.gateway.capabilities = NOTHING
    assert refusal_of(lambda: VERBS[verb](desk)) is ErrorCode.UNSUPPORTED
    assert desk.asked == []
    assert desk.services.storage.sends.by_key(desk.line.portal_id, "k1") is None


@pytest.mark.parametrize("verb", ["edit", "delete", "react"])
def test_a_verb_that_failed_is_not_taken_for_done(desk, verb):
    desk.gateway.messages = [Message("M1", "ref_M1", int(desk.clock()) - 60, True, "Привет")]
    for trouble, refusal in (
        (GatewayErrorCode.UNSUPPORTED, ErrorCode.UNSUPPORTED),
        (GatewayErrorCode.NO_SUCH_THING, ErrorCode.MESSAGE_GONE),
    ):
        desk.gateway.refuses = trouble
        assert refusal_of(lambda: VERBS[verb](desk)) is refusal
    desk.gateway.refuses = GatewayErrorCode.TIMED_OUT
    with pytest.raises(GatewayError):
        VERBS[verb](desk)
    (bubble,) = desk.shown().bubbles
    assert (bubble.text, bubble.edited, bubble.deleted, bubble.reactions) == ("Привет", False, False, ())


def test_the_clients_own_messages_are_not_ours_to_change(desk):
    theirs = desk.named(from_me=False)
    assert refusal_of(lambda: desk.service.edit(desk.line, desk.chat, theirs, "x")) is ErrorCode.NOT_ALLOWED
    assert refusal_of(lambda: desk.service.delete(desk.line, desk.chat, theirs)) is ErrorCode.NOT_ALLOWED
    assert desk.asked == []


def test_after_a_while_a_message_stays_as_it_is(desk):
    service, line, chat = desk.service, desk.line, desk.chat
    assert refusal_of(lambda: service.edit(line, chat, desk.named(age=EDIT_SECONDS), "x")) is ErrorCode.TOO_LATE
    assert refusal_of(lambda: service.delete(line, chat, desk.named(age=DELETE_SECONDS))) is ErrorCode.TOO_LATE
    service.edit(line, chat, desk.named(age=EDIT_SECONDS - 1), "x")
    service.delete(line, chat, desk.named(age=DELETE_SECONDS - 1))


@pytest.mark.parametrize("text", ["", " \r\n ", "я" * (MAX_TEXT + 1)])
def test_an_edit_to_nothing_or_without_end_is_refused(desk, text):
    assert refusal_of(lambda: desk.service.edit(desk.line, desk.chat, desk.named(), text)) is ErrorCode.BAD_FORM


def test_our_own_messages_get_no_receipt(desk):
    desk.service.mark_read(desk.line, desk.chat, [desk.named()])
    assert desk.asked == []


# A line that may not write.


@pytest.mark.parametrize("state", [LineState.RESTRICTED, LineState.BANNED])
def test_a_restricted_line_starts_no_new_chat_and_goes_on_with_old_ones(desk, state):
    desk.gateway.state = state
    for start in (desk.send, desk.send_file):
        assert refusal_of(start) is ErrorCode.LINE_RESTRICTED
    assert desk.asked == []
    assert desk.services.storage.sends.by_key(desk.line.portal_id, "k1") is None
    desk.known()
    desk.send()
    assert len(desk.asked) == 1


def test_a_chat_where_only_we_wrote_is_an_old_one_too(desk):
    desk.send(key="before")
    desk.known(proved=False)
    desk.gateway.state = LineState.RESTRICTED
    assert desk.send(key="after").state is SendState.SENT


def test_a_first_message_that_was_refused_begins_no_chat(desk):
    desk.gateway.result = Sent.REFUSED
    desk.send(key="refused")
    desk.known(proved=False)
    desk.gateway.state = LineState.RESTRICTED
    assert refusal_of(lambda: desk.send(key="again")) is ErrorCode.LINE_RESTRICTED


def test_a_message_that_went_out_before_the_restriction_is_still_answered(desk):
    first = desk.send()
    desk.gateway.state = LineState.RESTRICTED
    assert desk.send() == first


@pytest.mark.parametrize("state", [LineState.SCAN_QR, LineState.OFFLINE, LineState.BANNED])
def test_a_gateway_with_a_queue_keeps_no_message_for_a_line_that_is_down(desk, state):
    """It would go out the next day, when nobody expects it any more."""
    desk.known()
    desk.gateway.state = state
    desk.gateway.capabilities = replace(EVERYTHING, queues_sends=True)
    assert refusal_of(desk.send) is ErrorCode.LINE_DOWN
    assert desk.asked == []
    desk.gateway.state = LineState.READY
    desk.send()
    assert len(desk.asked) == 1


# Both halves of a history.


def test_a_gateway_is_asked_for_all_ids_of_a_chat(desk):
    desk.known(also=(CHAT_ID, "1234@lid"))
    desk.shown()
    assert desk.gateway.history_ids == (CHAT_ID, "1234@lid")


def test_a_message_that_only_a_webhook_told_is_shown_once_and_in_its_place(desk):
    now = int(desk.clock())
    desk.gateway.messages = [Message("c", "c", now - 10, False, "в"), Message("a", "a", now - 30, False, "а")]
    desk.tell("b", "б", at=now - 20)
    desk.tell("c", "в", at=now - 10)
    assert desk.texts() == ["а", "б", "в"]


@pytest.mark.parametrize(
    "trouble", [GatewayErrorCode.TIMED_OUT, GatewayErrorCode.UNREACHABLE, GatewayErrorCode.LINE_DOWN]
)
def test_a_gateway_that_fails_leaves_what_webhooks_told_and_says_so(desk, trouble):
    desk.tell("C1", "Здравствуйте", at=desk.clock() - 100)
    desk.send()
    desk.gateway.trouble = trouble
    history = desk.shown()
    assert [bubble.text for bubble in history.bubbles] == ["Здравствуйте", "Добрый день!"]
    assert history.error is trouble


def test_a_gateway_without_a_history_shows_what_webhooks_told(desk):
    desk.gateway.depth = Depth.NONE
    desk.tell("C1", "Здравствуйте", at=desk.clock() - 100)
    history = desk.shown()
    assert (history.error, history.end, desk.texts()) == (None, End.NOT_KEPT, ["Здравствуйте"])
    desk.gateway.trouble = GatewayErrorCode.UNSUPPORTED
    assert (desk.shown().error, desk.texts()) == (None, ["Здравствуйте"])


def test_an_answer_that_only_a_webhook_told_proves_the_chat(desk):
    desk.tell("C1", at=desk.clock() - 10)
    desk.shown()
    stored = desk.services.storage.chats.get(desk.chat.portal_id, desk.chat.id)
    assert (stored.proved, stored.last_at) == (True, desk.clock() - 10)


@pytest.mark.parametrize("ack", [Ack.DELIVERED, Ack.READ])
def test_a_tick_that_overtook_the_gateways_answer_is_not_lost(widget, ack):
    """Until the answer nobody knows which message the tick belongs to."""
    gateway = FakeGateway(result=Sent.QUEUED, own_ids=False)
    desk = VerbFixture(widget, gateway)

    def tick(message_id):
        told = MessageFacts(from_me=True, ack=ack)
        desk.services.storage.messages.grow(desk.line.portal_id, desk.line.id, CHAT_ID, message_id, merger(told))

    gateway.before_answering = tick
    assert desk.send().state is SendState[ack.name]


def test_a_queued_message_is_settled_by_the_history_and_never_sent_again(widget):
    desk = VerbFixture(widget, FakeGateway(result=Sent.QUEUED, own_ids=False))
    queued = desk.send()
    assert queued.state is SendState.QUEUED
    desk.clock.forward(90_000)
    assert [bubble.state for bubble in desk.shown().bubbles] == [SendState.QUEUED]
    desk.gateway.messages = [Message("G1", "ref", int(desk.clock()), True, queued.text, ack=Ack.DELIVERED)]
    assert [bubble.state for bubble in desk.shown().bubbles] == [SendState.DELIVERED]
    assert len(desk.asked) == 1


def test_a_file_whose_answer_was_lost_is_recognised_by_its_name(widget):
    desk = VerbFixture(widget, FakeGateway(own_ids=False))
    sent = desk.send_file(caption="Смета")
    assert sent.state is SendState.UNKNOWN
    media = Media("document", "application/pdf", "offer.pdf")
    desk.gateway.messages = [Message("G7", "ref", int(desk.clock()), True, "Смета", ack=Ack.SENT, media=media)]
    (bubble,) = desk.shown().bubbles
    assert (bubble.id, bubble.state) == ("G7", SendState.SENT)
    assert sent.text == label_of("offer.pdf", "Смета")


def test_a_typed_microphone_is_a_text_and_no_voice_message():
    assert is_label(voice_label(5)) and not is_label("🎤 0:05")


@pytest.mark.parametrize("name", ["", "a name of the gateway's own.oga"])
def test_a_voice_message_whose_answer_was_lost_is_recognised_by_being_one(widget, name):
    desk = VerbFixture(widget, FakeGateway(own_ids=False))
    sent = desk.service.send_voice(desk.draft("k1"), recording())
    assert (sent.state, sent.text) == (SendState.UNKNOWN, voice_label(2))
    at = int(desk.clock())
    spoken, text = Media("audio", VOICE, name, seconds=2), Message("G6", "ref", at, True, "", ack=Ack.SENT)
    desk.gateway.messages = [Message("G7", "ref", at, True, "", ack=Ack.SENT, media=spoken), text]
    assert ("G7", SendState.SENT) in [(bubble.id, bubble.state) for bubble in desk.shown().bubbles]


def test_pages_leave_no_time_out_and_repeat_none(widget):
    """What webhooks told lies between the gateway's pages, before them and after."""

    class Paged(FakeGateway):
        def history(self, chat_ids, cursor, limit):
            newest = int(cursor or 60)
            shown = [Message(f"g{at}", f"g{at}", at, False, f"g{at}") for at in (newest, newest - 10)]
            return Page(tuple(shown), str(newest - 20) if newest > 20 else None)

    desk = VerbFixture(widget, Paged())
    for at in (5, 15, 25, 35, 45, 55, 65):
        desk.tell(f"t{at}", f"t{at}", at=at)
    history = desk.shown()
    pages = [[bubble.id for bubble in history.bubbles]]
    while history.cursor:
        history = desk.service.older(desk.line, desk.chat, history.cursor)
        pages.append([bubble.id for bubble in history.bubbles])
    assert pages == [["g50", "t55", "g60", "t65"], ["g30", "t35", "g40", "t45"], ["t5", "g10", "t15", "g20", "t25"]]
    assert MESSAGES > 2


@pytest.mark.parametrize("cursor", ["x~1", "~", "-1~", "9" * 13 + "~1", "1.5~2"])
def test_a_place_that_no_page_of_ours_named_is_malformed(desk, cursor):
    with pytest.raises(GatewayError) as error:
        desk.service.older(desk.line, desk.chat, cursor)
    assert error.value.gateway_code is GatewayErrorCode.MALFORMED


class Restricted(Unlimited):
    def __init__(self, until):
        self.until = until

    def reserve(self, line, *, first):
        if first:
            raise Refused(ErrorCode.LINE_RESTRICTED, 409, "restricted", until=self.until)


def test_a_line_that_whatsapp_restricted_starts_no_new_chat_though_its_session_works(desk, clock):
    service = ChatService(
        FakeGateways(desk.gateway), desk.services.storage.conversations, clock, allowance=Restricted(clock() + 3600)
    )
    desk.service = service
    with pytest.raises(Refused) as refused:
        desk.send()
    assert (refused.value.code, refused.value.until) == (ErrorCode.LINE_RESTRICTED, clock() + 3600)
    assert desk.asked == []
    desk.known()
    assert desk.send().state is SendState.SENT


class Counting(Unlimited):
    """So many checks are left."""

    def __init__(self, left):
        self.left = left

    def reserve_check(self, line):
        if not self.left:
            raise Refused(ErrorCode.CHECKS_SPENT, 429, "line's limits")
        self.left -= 1
        return line

    def settle(self, reservation, result):
        self.left += result is None


def test_a_reaction_takes_a_check_first_where_the_gateway_makes_one(desk, clock):
    checks = Counting(2)
    desk.gateway.capabilities = replace(EVERYTHING, checks_when_sending=True)
    desk.service = ChatService(FakeGateways(desk.gateway), desk.services.storage.conversations, clock, allowance=checks)

    def react():
        desk.service.react(desk.line, desk.chat, desk.named(), "👍")

    react()
    assert checks.left == 1
    for trouble, left in ((GatewayErrorCode.UNREACHABLE, 1), (GatewayErrorCode.TIMED_OUT, 0)):
        desk.gateway.refuses = trouble
        with pytest.raises(GatewayError):
            react()
        assert checks.left == left, trouble
    desk.asked.clear()
    assert refusal_of(react) is ErrorCode.CHECKS_SPENT
    assert desk.asked == []


# When the gateway is silent.


@pytest.fixture
def silent(desk):
    """Sent from here, known to the gateway, which then falls silent."""
    sent = desk.send("Цитирую ответ")
    desk.named_send = Named(sent.message_id, "ref", sent.created_at, True)
    return desk


def test_a_send_that_was_edited_here_keeps_its_last_wording(silent):
    silent.service.edit(silent.line, silent.chat, silent.named_send, "Первая правка")
    silent.clock.forward(1)
    silent.service.edit(silent.line, silent.chat, silent.named_send, "Вторая правка")
    silent.gateway.trouble = GatewayErrorCode.TIMED_OUT

    history = silent.shown()

    assert [(bubble.text, bubble.edited) for bubble in history.bubbles] == [("Вторая правка", True)]
    assert history.partial


@pytest.mark.parametrize("by_webhook", [False, True])
def test_a_send_that_was_taken_back_stays_gone_and_its_text_is_not_kept(silent, by_webhook):
    silent.service.edit(silent.line, silent.chat, silent.named_send, "Правка")
    if by_webhook:
        event = GatewayEvent(EventKind.DELETED, silent.clock(), (CHAT_ID,), silent.named_send.id, from_me=True)
        services, line = silent.services, silent.line
        services.webhooks.ingest.work(services.storage.inbox.add(line.portal_id, line.id, events_json([event])))
    else:
        silent.service.delete(silent.line, silent.chat, silent.named_send)
    silent.gateway.trouble = GatewayErrorCode.UNREACHABLE

    assert [(bubble.text, bubble.deleted) for bubble in silent.shown().bubbles] == [("", True)]
    assert silent.services.storage.sends.by_key(silent.line.portal_id, "k1").text == ""
    assert silent.send("Цитирую ответ").message_id == silent.named_send.id  # its key is still the same message's
    assert len([asked for asked in silent.asked if asked[0] == "send_text"]) == 1


def test_a_history_that_the_gateway_gave_is_not_called_partial(desk):
    desk.send()
    assert not desk.shown().partial


OFFICE, COLLEAGUE = Location(55.7558, 37.6173, "Офис"), ContactCard("Анна", ("+79001234568",), "Окна")


def test_a_place_and_a_contact_card_go_out_once_under_their_keys(desk):
    for verb, what in (("send_location", OFFICE), ("send_contact", COLLEAGUE)):
        send = getattr(desk.service, verb)
        sent = send(desk.draft(verb, reply_to=desk.named()), what)
        assert send(desk.draft(verb), what).id == sent.id
        assert desk.asked.pop() == (verb, CHAT_ID, what, "ref_M1")
        assert refusal_of(lambda key=verb: desk.send("Да", key)) is ErrorCode.BAD_FORM
    assert desk.asked == []


def test_a_place_and_a_contact_card_are_shown_before_a_gateway_has_them(desk):
    desk.service.send_location(desk.draft("k1"), OFFICE)
    desk.service.send_contact(desk.draft("k2"), COLLEAGUE)
    place, card = desk.shown().bubbles
    assert (place.place, place.text) == ((55.7558, 37.6173), "Офис")
    assert (card.contacts, card.text) == ((ContactCard("Анна", ("+7 900 123-45-68",), "Окна"),), "")


def test_a_place_whose_answer_was_lost_is_known_again_by_where_it_is(desk):
    desk.gateway.result = Sent.UNKNOWN
    send = desk.service.send_location(desk.draft("k1"), OFFICE)
    assert send.state is SendState.UNKNOWN
    seen = Message("M9", "ref_M9", int(desk.clock()), True, "", Ack.SENT)
    desk.gateway.messages = [replace(seen, id="M8", place=(55.0, 37.0)), replace(seen, place=(55.7558, 37.6173))]
    assert [bubble.id for bubble in desk.shown().bubbles if bubble.send_id] == ["M9"]


def test_what_stands_for_a_place_is_never_sent_as_a_text(desk):
    desk.gateway.result = Sent.UNKNOWN
    send = desk.service.send_location(desk.draft("k1"), OFFICE)
    assert asked_of(replace(send, state=SendState.MISSING)) == ("seen",)


def test_a_name_with_a_variable_does_not_leave(desk):
    for send, what in (
        (desk.service.send_location, replace(OFFICE, name="{имя}")),
        (desk.service.send_contact, replace(COLLEAGUE, company="{company}")),
    ):
        assert refusal_of(lambda send=send, what=what: send(desk.draft("k1"), what)) is ErrorCode.UNFILLED
    assert desk.asked == []


def test_where_the_gateway_has_no_such_verb_nothing_is_sent(desk):
    desk.gateway.capabilities = NOTHING
    for send, what in ((desk.service.send_location, OFFICE), (desk.service.send_contact, COLLEAGUE)):
        assert refusal_of(lambda send=send, what=what: send(desk.draft("k1"), what)) is ErrorCode.UNSUPPORTED


def test_a_link_has_a_preview_only_on_a_line_that_wants_it_and_never_in_a_first_message(desk):
    desk.send("https://x.ru", "k1")
    desk.line = replace(desk.line, link_previews=True)
    desk.send("https://x.ru", "k2")  # the chat has no message that is known of
    desk.known()
    desk.send("https://x.ru", "k3")
    assert desk.gateway.previews == [False, False, True]
