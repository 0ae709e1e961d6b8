"""What every adapter promises, whoever the vendor is: one body of tests, run against the simulated
gateway.

A test file of one kind makes a class of it and says how to reach a line:

    class TestWaha(Contract):
        name = "sales"                              # the line in the sandbox
        webhooks = WahaWebhooks()

        @pytest.fixture
        def adapter(self, line): ...                # bound to a line that works
        @pytest.fixture
        def down(self, line, outside): ...          # bound to a line that is not connected
        @pytest.fixture
        def broken(self, line, outside): ...        # broken(fault): the adapter, while its gateway
                                                    # misbehaves so in every call until
                                                    # outside.heal(); not patient
"""

from collections.abc import Callable
from itertools import islice
from typing import Any, ClassVar

import pytest

from sandbox import people
from sandbox.gateway.media import opus
from sandbox.people import KnownNumber
from tests.gateways.receiver import receiving
from tests.stand import Outside, gateway_time, until
from widget.gateways.base import (
    ContactCard,
    EventKind,
    File,
    Gateway,
    GatewayError,
    GatewayErrorCode,
    LineState,
    ListedChat,
    Location,
    Message,
    Sent,
    Unsupported,
    Webhooks,
)
from widget.gateways.content import VOICE
from widget.gateways.kinds import capabilities_of
from widget.phones.spellings import spellings

OUR_ID = "3EB0C0FFEEC0FFEEC0FFEE"
SECRET = "a-secret-of-this-line-only"
STRANGER = people.ORDERS_MOSCOW  # has WhatsApp, and no chat on any line
FRIEND = people.PRIYA
NOBODY = people.MARIA  # has no WhatsApp
PICTURE = File("image/png", "план.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
LETTER = File("application/pdf", "счёт.pdf", b"%PDF-1.4\n" + bytes(range(256)) * 3)
# Every sandbox knows these; `broken` may translate them.
FAULTS = {
    "unauthorized": GatewayErrorCode.CREDENTIALS,
    "rate_overlimit": GatewayErrorCode.THROTTLED,
    "not_working": GatewayErrorCode.LINE_DOWN,
    "http_500": GatewayErrorCode.BROKEN_ANSWER,
    "html": GatewayErrorCode.BROKEN_ANSWER,
    "empty": GatewayErrorCode.BROKEN_ANSWER,
    "cut": GatewayErrorCode.BROKEN_ANSWER,
    "lost_answer": GatewayErrorCode.BROKEN_ANSWER,
    "silence": GatewayErrorCode.TIMED_OUT,
}
DONE = ("cut", "lost_answer")  # the gateway did what it was asked, and only the answer was spoiled
VERBS: dict[str, Callable[[Gateway, str, str], Any]] = {
    "status": lambda gateway, chat, message_id: gateway.status(),
    "all_chats": lambda gateway, chat, message_id: gateway.all_chats(),
    "chats_of": lambda gateway, chat, message_id: looked_up(gateway, STRANGER),
    "history": lambda gateway, chat, message_id: gateway.history([chat], None, 10),
    "find_message": lambda gateway, chat, message_id: gateway.find_message(chat, message_id),
}
# A control of the page, what it does, and whether the kind of gateway can.
CONTROLS: dict[str, Callable[[Gateway, str, str], Any]] = {
    "edit": lambda gateway, chat, ref: gateway.edit(chat, ref, "new"),
    "delete": lambda gateway, chat, ref: gateway.delete(chat, ref),
    "react": lambda gateway, chat, ref: gateway.react(chat, ref, "👍"),
    "mark_read": lambda gateway, chat, ref: gateway.mark_read(chat, [ref]),
    "typing": lambda gateway, chat, ref: gateway.typing(chat, on=True),
    "qr": lambda gateway, chat, ref: gateway.qr(),
    "pairing_code": lambda gateway, chat, ref: gateway.pairing_code("+79638477312"),
}


def looked_up(gateway: Gateway, *clients: KnownNumber) -> dict[str, ListedChat]:
    """The chats with these, each looked up by itself where the gateway can; else out of its
    list."""
    phones = [client.phone for client in clients]
    if gateway.capabilities.chats_at_once:
        return gateway.chats_of(phones)
    with pytest.raises(Unsupported):
        gateway.chats_of(phones)
    return {phone: chat for phone, chat in gateway.all_chats().items() if phone in phones}


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something: some gateways send later than they answer."""
    found: list[Any] = []
    until(lambda: bool(found.append(look()) or found[-1]))
    return found[-1]


def everything(
    gateway: Gateway, chat_ids: list[str], limit: int, between: Callable[[], None] = lambda: None
) -> list[Message]:
    """All pages from the newest message to the very start."""
    messages: list[Message] = []
    cursor = None
    for _ in range(200):
        page = gateway.history(chat_ids, cursor, limit)
        messages += page.messages
        cursor = page.cursor
        if cursor is None:
            return messages
        between()
    raise AssertionError("the history has no end")


class Contract:
    name: ClassVar[str]
    kind: ClassVar[str]
    webhooks: ClassVar[Webhooks]
    goes_out: ClassVar[Sent] = Sent.SENT  # how the answer to a send calls what went well
    keeps_pairs: ClassVar[bool] = True  # of LIDs and phones that it has seen
    throttled: ClassVar[GatewayErrorCode] = GatewayErrorCode.THROTTLED  # what «rate_overlimit» is

    def trouble_of(self, fault: str) -> GatewayErrorCode:
        return self.throttled if fault == "rate_overlimit" else FAULTS[fault]

    def hear(self, outside: Outside, text: str, client: KnownNumber = STRANGER) -> None:
        """The client writes to the line."""
        outside.answer_as_client(client.phone, text, self.name)

    def ids(self, adapter: Gateway, client: KnownNumber = STRANGER) -> list[str]:
        """Every id of the chat that is known, the listed one first."""
        listed = looked_up(adapter, client).get(client.phone)
        return list(dict.fromkeys([*([listed.chat_id] if listed else []), adapter.chat_id_of(client.phone)]))

    def newest(self, adapter: Gateway, client: KnownNumber = STRANGER) -> Message:
        return adapter.history(self.ids(adapter, client), None, 10).messages[0]

    def sent(self, adapter: Gateway, text: str = "Добрый день!") -> Message:
        """A message of ours, as the chat has it."""
        chat = adapter.chat_id_of(STRANGER.phone)
        result = adapter.send_text(chat, text, message_id=OUR_ID)
        assert result.outcome in (Sent.SENT, Sent.QUEUED)
        found: Message = eventually(lambda: adapter.find_message(chat, result.message_id))
        return found

    # What it can do.

    def test_what_it_can_do_is_known_without_a_line(self, adapter, outside):
        assert adapter.capabilities == capabilities_of(self.kind)
        assert outside.total("gateway") == 0

    @pytest.mark.parametrize("control", CONTROLS)
    def test_a_verb_is_unsupported_exactly_where_its_capability_says_so(self, adapter, outside, control):
        self.hear(outside, "Здравствуйте")
        (chat, *_), ref = self.ids(adapter), self.newest(adapter).ref
        before = outside.total("gateway")
        if getattr(adapter.capabilities, control):
            try:
                CONTROLS[control](adapter, chat, ref)
            except GatewayError as error:  # others' messages cannot be edited, a line that works has no QR
                assert not isinstance(error, Unsupported)
            assert outside.total("gateway") > before
        else:
            with pytest.raises(Unsupported):
                CONTROLS[control](adapter, chat, ref)
            assert outside.total("gateway") == before

    # The line.

    def test_a_line_that_works_is_ready(self, adapter, outside):
        assert adapter.status().state is LineState.READY
        assert outside.total("gateway") == 1

    def test_a_line_that_is_not_connected_says_so(self, down):
        assert down.status().state not in (LineState.READY, LineState.UNKNOWN, LineState.RESTRICTED)

    def test_nothing_is_sent_over_a_line_that_is_not_connected(self, down):
        result = down.send_text(down.chat_id_of(STRANGER.phone), "hi", message_id=OUR_ID)
        assert result.outcome in (Sent.REFUSED, Sent.UNKNOWN)

    # Checks.

    def test_a_check_says_yes_to_who_has_whatsapp_and_no_to_who_has_not(self, adapter, outside):
        assert adapter.capabilities.checks_at_once > 0
        for client, exists in ((STRANGER, True), (NOBODY, False)):
            assert adapter.check([client.phone])[client.phone].exists is exists
        assert outside.total("gateway") == 2

    def test_a_check_of_several_answers_each_of_them_in_one_call(self, adapter, outside):
        phones = [STRANGER.phone, NOBODY.phone, people.JAMES.phone, people.EMILY.phone]
        asked = phones[: adapter.capabilities.checks_at_once]
        found = adapter.check(asked)
        assert {phone: checked.exists for phone, checked in found.items()} == {
            phone: phone in (STRANGER.phone, people.JAMES.phone) for phone in asked
        }
        assert outside.total("gateway") == 1

    @pytest.mark.parametrize("client", [STRANGER, NOBODY], ids=["who has WhatsApp", "who has not"])
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_check_that_failed_is_unknown_and_never_a_yes_or_a_no(self, broken, fault, client):
        adapter = broken(fault)
        try:
            assert adapter.check([client.phone]) == {}
        except GatewayError as error:
            assert error.gateway_code is self.trouble_of(fault)

    @pytest.mark.parametrize("client", [STRANGER, NOBODY], ids=["who has WhatsApp", "who has not"])
    def test_a_line_that_is_not_connected_knows_of_nobody_whether_they_have_whatsapp(self, down, client):
        with pytest.raises(GatewayError) as error:
            down.check([client.phone])
        assert error.value.gateway_code is GatewayErrorCode.LINE_DOWN

    # Faults of every verb.

    @pytest.mark.parametrize("verb", VERBS)
    @pytest.mark.parametrize("fault", FAULTS)
    def test_every_fault_is_trouble_of_its_class_and_never_an_answer(self, adapter, broken, fault, verb):
        message = self.sent(adapter)
        adapter = broken(fault)
        with pytest.raises(GatewayError) as error:
            VERBS[verb](adapter, adapter.chat_id_of(STRANGER.phone), message.id)
        assert error.value.gateway_code is self.trouble_of(fault)

    # Chats and history.

    def test_who_has_written_has_a_chat_and_a_stranger_has_none(self, adapter, outside):
        begun = int(gateway_time())
        self.hear(outside, "Здравствуйте", FRIEND)
        asked = outside.total("gateway")
        found = looked_up(adapter, FRIEND, NOBODY, STRANGER)
        assert set(found) == {FRIEND.phone}
        assert found[FRIEND.phone].has_messages
        assert begun <= found[FRIEND.phone].last_at <= gateway_time()
        assert outside.total("gateway") - asked <= 3 * 3
        assert outside.heard() == {}

    def test_a_chat_that_is_kept_under_a_hidden_id_belongs_to_its_number(self, adapter, outside):
        self.hear(outside, "Ассалому алайкум", people.RUSTAM)
        assert set(looked_up(adapter, people.RUSTAM, NOBODY)) == {people.RUSTAM.phone}
        assert self.newest(adapter, people.RUSTAM).text == "Ассалому алайкум"
        if self.keeps_pairs:
            lids = [people.RUSTAM.lid, people.HIDDEN.lid]
            assert adapter.phones_of(lids) == {people.RUSTAM.lid: people.RUSTAM.phone}
        else:
            with pytest.raises(Unsupported):
                adapter.phones_of([people.RUSTAM.lid])
        assert outside.heard() == {}

    def test_one_listing_has_everybody_who_talks_with_the_line_by_phone_and_nobody_else(self, adapter, outside):
        begun = int(gateway_time())
        self.hear(outside, "Здравствуйте", FRIEND)
        asked = outside.total("gateway")
        listed = adapter.all_chats()
        assert outside.total("gateway") - asked <= 2
        assert outside.heard() == {}
        assert listed[FRIEND.phone].has_messages
        assert begun <= listed[FRIEND.phone].last_at <= gateway_time()
        clients = {spelled for client in people.CLIENTS if client.on_whatsapp for spelled in spellings(client.phone)}
        assert listed.keys() <= clients
        assert STRANGER.phone not in listed

    def test_a_listed_chat_under_a_hidden_id_has_its_phone_and_never_digits_of_that_id(self, adapter, outside):
        self.hear(outside, "Ассалому алайкум", people.RUSTAM)
        listed = adapter.all_chats()
        assert listed[people.RUSTAM.phone].chat_id == people.RUSTAM.lid
        hidden = {client.lid.partition("@")[0] for client in people.CLIENTS if client.lid}
        assert not {phone.lstrip("+") for phone in listed} & hidden

    def test_what_one_listing_says_of_a_number_is_what_it_says_when_asked_for_it(self, adapter, outside):
        for client in (FRIEND, people.RUSTAM, people.JAMES):
            self.hear(outside, "Здравствуйте", client)
            one, listed = looked_up(adapter, client)[client.phone], adapter.all_chats()[client.phone]
            assert (one.chat_id, one.last_at) == (listed.chat_id, listed.last_at)
            assert one.proves

    def test_a_chat_that_nobody_began_is_empty_and_ends_there(self, adapter):
        page = adapter.history([adapter.chat_id_of(people.AIGERIM.phone)], None, 10)
        assert (page.messages, page.cursor) == ((), None)

    @pytest.mark.parametrize("limit", [1, 4, 10, 50])
    def test_paging_to_the_very_start_skips_and_repeats_nothing(self, adapter, outside, limit):
        said = [f"сообщение {number}" for number in range(13)]  # most of them within one second
        for text in said:
            self.hear(outside, text)
        assert [message.text for message in everything(adapter, self.ids(adapter), limit)] == said[::-1]

    def test_messages_that_arrive_meanwhile_neither_shift_nor_repeat_the_older_ones(self, adapter, outside):
        said = [f"сообщение {number}" for number in range(15)]
        for text in said:
            self.hear(outside, text)
        late = iter(["ещё одно"] * len(said))  # without an end, a quick machine would read on for their whole second

        def arrive():
            for text in islice(late, 1):
                self.hear(outside, text)

        found = everything(adapter, self.ids(adapter), 4, between=arrive)
        assert [message.text for message in found] == said[::-1]

    def test_messages_of_both_sides_are_in_the_history_with_who_wrote_them(self, adapter, outside):
        self.hear(outside, "Сколько стоит?")
        self.sent(adapter, "14 900 ₽")
        shown = adapter.history(self.ids(adapter), None, 10).messages
        assert {(message.text, message.from_me) for message in shown} == {
            ("Сколько стоит?", False),
            ("14 900 ₽", True),
        }

    # Sending.

    def test_a_text_goes_out_once_and_is_found_again(self, adapter, outside):
        result = adapter.send_text(adapter.chat_id_of(STRANGER.phone), "Добрый день!\n🙂", message_id=OUR_ID)
        assert result.outcome is self.goes_out
        assert outside.total("gateway") == 1
        chat = adapter.chat_id_of(STRANGER.phone)
        found = eventually(lambda: adapter.find_message(chat, result.message_id))
        assert (found.text, found.from_me, found.id) == ("Добрый день!\n🙂", True, result.message_id)

    def test_a_message_that_was_never_sent_is_not_found(self, adapter, outside):
        self.hear(outside, "Здравствуйте")
        assert adapter.find_message(self.ids(adapter)[0], "3EB0FFFFFFFFFFFFFFFFFF") is None

    def test_a_page_may_begin_at_any_time(self, adapter, outside):
        self.hear(outside, "Здравствуйте")
        [message] = adapter.history(self.ids(adapter), None, 10).messages
        at = [adapter.cursor_at(message.at + seconds) for seconds in (60, 0, -1)]
        found = [len(adapter.history(self.ids(adapter), cursor, 10).messages) for cursor in at]
        assert found == [1, 1, 0]

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_send_that_failed_is_refused_or_unclear_and_never_called_sent(self, broken, outside, fault):
        adapter = broken(fault)
        result = adapter.send_text(adapter.chat_id_of(STRANGER.phone), "Счёт", message_id=OUR_ID)
        assert result.outcome in (Sent.REFUSED, Sent.UNKNOWN)
        assert result.error is self.trouble_of(fault)
        outside.heal()
        gone_out = bool(adapter.history(self.ids(adapter), None, 10).messages)
        assert not gone_out or result.outcome is Sent.UNKNOWN
        assert gone_out or fault not in DONE or adapter.capabilities.queues_sends

    @pytest.mark.parametrize(
        ("fault", "details"),
        [
            ("status", ("202", "204", "206", "301", "304", "408", "409", "425", "429", "499", "500")),
            (
                "redirect",
                ("javascript:1", "mailto:x", "http://xn--/", "http://[", "//", "\\x00", "https://example.com/"),
            ),
        ],
    )
    def test_a_message_that_was_taken_is_never_called_refused(self, adapter, outside, fault, details):
        for detail in details:
            outside.break_gateway(fault, times=1, detail=detail)
            result = adapter.send_text(adapter.chat_id_of(STRANGER.phone), f"{fault} {detail}", message_id="")
            assert result.outcome is Sent.UNKNOWN, detail

    def test_an_answer_quotes_what_it_answers(self, adapter, outside):
        if not adapter.capabilities.reply:
            pytest.skip("this kind of gateway quotes nothing")
        self.hear(outside, "Сколько стоит?")
        adapter.send_text(self.ids(adapter)[0], "14 900 ₽", message_id=OUR_ID, reply_to=self.newest(adapter).ref)
        answer = eventually(lambda: next((m for m in [self.newest(adapter)] if m.from_me), None))
        assert answer.quote.text == "Сколько стоит?"

    @pytest.mark.parametrize("file", [PICTURE, LETTER], ids=["a picture", "a document"])
    def test_a_file_goes_out_with_its_words_and_can_be_fetched_again(self, adapter, outside, file):
        if not adapter.capabilities.files:
            pytest.skip("this kind of gateway sends no files")
        chat = adapter.chat_id_of(STRANGER.phone)
        result = adapter.send_file(chat, file, message_id=OUR_ID, caption="Во вложении")
        assert result.outcome is self.goes_out
        message = eventually(lambda: next(iter(adapter.history(self.ids(adapter), None, 10).messages), None))
        assert (message.text, message.from_me) == ("Во вложении", True)
        assert message.media.mimetype == file.mimetype
        assert message.media.kind == ("image" if file is PICTURE else "document")
        fetched = adapter.media(self.ids(adapter)[0], message.ref)
        assert (fetched.mimetype, fetched.body) == (file.mimetype, file.body)

    @pytest.mark.parametrize("mimetype", [VOICE, "audio/ogg"])
    def test_a_voice_note_arrives_as_one_that_the_client_can_hear(self, adapter, outside, mimetype):
        chat = adapter.chat_id_of(STRANGER.phone)
        result = adapter.send_file(chat, File(mimetype, "voice.ogg", opus.silence(3)), message_id=OUR_ID)
        assert result.outcome is self.goes_out
        (note,) = eventually(lambda: outside.arrived(STRANGER.phone, self.name))
        assert (note["voice"], note["plays"], note["seconds"]) == (True, True, 3)
        assert eventually(lambda: adapter.find_message(chat, result.message_id)).media.kind == "audio"

    def test_words_that_come_with_sound_are_never_lost_in_silence(self, adapter, outside):
        """A voice message has no words: either both arrive, or nothing does and the rep is told."""
        chat, sound = adapter.chat_id_of(STRANGER.phone), File(VOICE, "voice.ogg", opus.silence(3))
        result = adapter.send_file(chat, sound, message_id=OUR_ID, caption="Послушайте")
        if result.outcome is Sent.REFUSED:
            assert (result.error, outside.total("gateway")) == (GatewayErrorCode.UNSUPPORTED, 0)
            return
        (arrived,) = eventually(lambda: outside.arrived(STRANGER.phone, self.name))
        assert (arrived["text"], arrived["size"]) == ("Послушайте", len(sound.body))

    def test_a_place_goes_out_and_is_shown_where_it_is(self, adapter, outside):
        assert adapter.capabilities.location
        self.hear(outside, "Где вы?")
        place, ref = Location(55.75580, -37.61730, "Офис; вход, со двора"), self.newest(adapter).ref
        result = adapter.send_location(self.ids(adapter)[0], place, reply_to=ref)
        assert result.outcome is self.goes_out
        message = eventually(lambda: next((m for m in [self.newest(adapter)] if m.from_me), None))
        assert (message.place, message.text, message.quote.text) == ((55.75580, -37.61730), "", "Где вы?")

    def test_a_place_without_a_name_goes_out_too(self, adapter):
        chat = adapter.chat_id_of(STRANGER.phone)
        assert adapter.send_location(chat, Location(0.0, 0.0)).outcome is self.goes_out
        assert eventually(lambda: self.newest(adapter)).place == (0.0, 0.0)

    def test_a_contact_card_goes_out_with_one_person_to_write_to(self, adapter, outside):
        assert adapter.capabilities.contact
        chat, card = adapter.chat_id_of(STRANGER.phone), ContactCard("Анна; Б,\nTEL:1", ("+79001234568",), "Окна")
        assert adapter.send_contact(chat, card).outcome is self.goes_out
        message = eventually(lambda: next(iter(adapter.history(self.ids(adapter), None, 10).messages), None))
        assert (len(message.contacts), message.text, message.from_me) == (1, "", True)
        shown = outside.http.get(f"{outside.gateway}/_sandbox/cards/{self.name}").json()
        assert [line for line in shown[-1].splitlines() if "TEL" in line and "79001234568" in line]
        assert len([line for line in shown[-1].splitlines() if line.split(";")[0].endswith("TEL")]) == 1

    def test_nothing_looks_at_a_link_unless_that_is_asked_for(self, adapter, outside):
        chat = adapter.chat_id_of(STRANGER.phone)
        adapter.send_text(chat, "https://example.com", message_id=OUR_ID)
        assert "preview" not in outside.heard()
        adapter.send_text(chat, "https://example.com/2", message_id="", preview=True)
        assert outside.heard()["preview"] == 1

    @pytest.mark.parametrize("fault", ["http_500", "silence", "lost_answer"])
    def test_a_place_or_card_that_failed_is_never_called_sent(self, broken, fault):
        adapter = broken(fault)
        chat = adapter.chat_id_of(STRANGER.phone)
        for result in (
            adapter.send_location(chat, Location(1.0, 1.0)),
            adapter.send_contact(chat, ContactCard("Анна", ("+79001234568",))),
        ):
            assert (result.outcome, result.error) == (Sent.UNKNOWN, self.trouble_of(fault))

    def test_a_file_that_is_too_large_is_refused_before_it_travels(self, adapter, outside):
        if not adapter.capabilities.files:
            pytest.skip("this kind of gateway sends no files")
        big = File("application/pdf", "big.pdf", bytes(adapter.capabilities.largest_file + 1))
        result = adapter.send_file(adapter.chat_id_of(STRANGER.phone), big, message_id=OUR_ID)
        assert result.outcome is Sent.REFUSED
        assert outside.total("gateway") == 0

    # Changing what is there.

    def test_an_edited_message_has_the_new_words(self, adapter):
        if not adapter.capabilities.edit:
            pytest.skip("this kind of gateway edits nothing")
        adapter.edit(self.ids(adapter)[0], self.sent(adapter, "Цена 14 900").ref, "Цена 15 900")
        assert self.newest(adapter).text == "Цена 15 900"
        assert self.newest(adapter).edited

    def test_a_message_that_was_taken_back_is_gone(self, adapter):
        if not adapter.capabilities.delete:
            pytest.skip("this kind of gateway takes nothing back")
        adapter.delete(self.ids(adapter)[0], self.sent(adapter, "не туда").ref)
        shown = adapter.history(self.ids(adapter), None, 10).messages
        assert all(message.deleted and not message.text for message in shown)

    def test_a_reaction_stands_at_the_message_until_it_is_taken_back(self, adapter, outside):
        if not adapter.capabilities.react:
            pytest.skip("this kind of gateway reacts to nothing")
        self.hear(outside, "Спасибо!")
        chat, ref = self.ids(adapter)[0], self.newest(adapter).ref
        adapter.react(chat, ref, "🙏")
        assert self.newest(adapter).reactions == ("🙏",)
        adapter.react(chat, ref, "")
        assert self.newest(adapter).reactions == ()

    def test_a_message_that_was_marked_read_has_blue_ticks_on_the_clients_phone(self, adapter, outside):
        if not adapter.capabilities.mark_read:
            pytest.skip("this kind of gateway gives no receipts")
        self.hear(outside, "Вы тут?")
        phone = {"client": STRANGER.phone.lstrip("+"), "line": self.name}

        def ticks() -> bool:
            return "is-read" in outside.http.get(f"{outside.gateway}/phone/chat", params=phone).text

        assert not ticks()
        adapter.mark_read(self.ids(adapter)[0], [self.newest(adapter).ref])
        assert ticks()

    def test_typing_is_told_and_ends(self, adapter, outside):
        if not adapter.capabilities.typing:
            pytest.skip("this kind of gateway tells nobody of typing")
        chat = adapter.chat_id_of(STRANGER.phone)
        adapter.typing(chat, on=True)
        adapter.typing(chat, on=False)
        assert outside.total("gateway") == 2

    # What the gateway tells by itself.

    def test_a_client_who_writes_is_reported_and_the_report_is_genuine(self, adapter, outside):
        with receiving() as receiver:
            adapter.set_webhook(receiver.url, SECRET)
            assert outside.total("gateway") <= 3
            self.hear(outside, "Это новое сообщение")
            report = receiver.wait_for(
                lambda one: any(event.text_is("Это новое сообщение") for event in self.told(one.json))
            )
        assert self.webhooks.genuine(report.headers, report.body, SECRET)
        assert not self.webhooks.genuine(report.headers, report.body, SECRET + "x")
        assert not self.webhooks.genuine({}, report.body, SECRET)
        assert not self.webhooks.genuine(report.headers, report.body, "")
        event = next(told.event for told in self.told(report.json))
        assert event.chat_ids[0] == adapter.chat_id_of(STRANGER.phone)
        assert (event.from_me, event.message_id) == (False, self.newest(adapter).id)
        assert (event.message.text, event.name) == ("Это новое сообщение", STRANGER.name)

    def test_setting_the_webhook_makes_the_gateway_report_by_itself(self, adapter):
        with receiving() as receiver:
            adapter.set_webhook(receiver.url, SECRET)
            receiver.wait_for(lambda one: self.webhooks.genuine(one.headers, one.body, SECRET))

    def test_what_we_send_is_reported_with_its_id_and_then_its_ticks(self, adapter, outside):
        with receiving() as receiver:
            adapter.set_webhook(receiver.url, SECRET)
            sent = self.sent(adapter, "Смета готова")
            report = receiver.wait_for(
                lambda one: any(told.event.kind is EventKind.ACK for told in self.told(one.json))
            )
        ack = next(told.event for told in self.told(report.json))
        assert (ack.message_id, ack.from_me) == (sent.id, True)
        assert adapter.chat_id_of(STRANGER.phone) in ack.chat_ids

    @pytest.mark.parametrize("body", [None, [], "x", 5, {}, {"event": []}, {"event": {}}, {"data": []}])
    def test_a_report_that_cannot_be_read_is_no_event(self, body):
        assert self.webhooks.events(body) == []

    def told(self, body: Any) -> list["Told"]:
        return [Told(event) for event in self.webhooks.events(body)]


class Told:
    """An event, with a question that tests ask."""

    def __init__(self, event: Any) -> None:
        self.event = event

    def text_is(self, text: str) -> bool:
        return self.event.kind is EventKind.MESSAGE and self.event.message.text == text
