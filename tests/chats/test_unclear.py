"""The worker looks for every send without a clear end, whether or not its chat is open, and sends
none again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import cast

import pytest

from sandbox.people import ORDERS_MOSCOW
from tests.chats.conftest import FakeGateway, FakeGateways
from tests.stand import CardPage, Outside, Widget, in_russian
from widget.cache import Cache
from widget.chats.lookups import LOOKED_FOR, LookUpResult
from widget.chats.message_facts import MessageFacts, merger
from widget.chats.sending import message_id_of
from widget.chats.service import ChatService
from widget.chats.unclear import MAX_LOOKS, SILENT_FOR, UnclearEnds
from widget.gateways.base import Ack, Message
from widget.gateways.lines import Gateways
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.sends import GIVEN_UP, Send, SendState

HOUR = 3600.0
ORDERS_ROW = "+7 926 111-22-33"
TEXT = "Здравствуйте, окна готовы"
CAME = (SendState.SENT, SendState.DELIVERED)


@dataclass
class LossyChat:
    """A rep with an open chat, and the worker beside."""

    widget: Widget
    card: CardPage
    outside: Outside

    def __post_init__(self) -> None:
        self.card.open_chat(self.card.keys[ORDERS_ROW])
        self.chat = self.card.chat

    def lose(self, fault: str, key: str = "lost", text: str = TEXT) -> None:
        """A message whose answer was lost, with the message itself or without."""
        self.outside.break_gateway(fault, "sendText")
        assert "is-unknown" in self.card.send(self.chat, text, key).text

    def worker_looks(self, *after: float) -> None:
        """A round after each of these pauses."""
        for seconds in after:
            self.widget.clock.forward(seconds)
            self.widget.services.chats.unclear_ends.look()

    def send(self, key: str = "lost") -> Send:
        found: Send = self.widget.services.storage.sends.by_key(self.widget.portals[0], key)
        return found

    def press(self, action: str) -> CardPage:
        """A button of the one bubble that has it, after the page has looked."""
        bubbles = self.card.history(self.chat).text.split("<article")
        (bubble,) = [bubble for bubble in bubbles if f'data-action="{action}"' in bubble]
        ref = bubble.split(f'data-action="{action}" data-ref="')[1].split('"')[0]
        return self.card.post(f"/chats/{self.chat}/messages/{ref}/{action.rpartition('-')[2]}", {"confirmed": True})

    @property
    def sent(self) -> int:
        return self.outside.calls().get("sendText", 0)


@pytest.fixture
def desk(widget: Widget, outside: Outside) -> LossyChat:
    return LossyChat(widget, widget.open(lang="ru").reveal(), outside)


def test_a_message_that_went_out_is_found_though_nobody_looks_at_its_chat(desk: LossyChat) -> None:
    desk.lose("lost_answer")
    desk.worker_looks(GIVEN_UP)
    assert desk.send().state in CAME
    assert desk.sent == 1


@pytest.mark.parametrize("told", [False, True])
def test_where_gateways_give_ids_of_their_own_it_is_found_by_its_text_and_time(desk: LossyChat, told: bool) -> None:
    """On the gateway's page of that time, or in what its webhooks told: then nothing is asked."""
    services, line = desk.widget.services, desk.widget.services.storage.lines.of(desk.widget.portals[0])[0]
    gateway = FakeGateway(own_ids=False)
    service = ChatService(cast(Gateways, FakeGateways(gateway)), services.storage.conversations, desk.widget.clock)
    chat = services.storage.chats.get(line.portal_id, desk.chat)
    send = service.send(service.draft(line, chat, send_key="lost", user_id=2), TEXT)
    message = Message("STRANGER", "ref", int(send.created_at) + 5, True, TEXT, ack=Ack.DELIVERED)
    gateway.around = [replace(message, id="other", text="Другой текст"), *([] if told else [message])]
    if told:
        news = MessageFacts(message, from_me=True, ack=message.ack)
        services.storage.messages.grow(
            line.portal_id, line.id, f"{ORDERS_MOSCOW.phone[1:]}@c.us", message.id, merger(news)
        )

    assert service.look_for(line, chat, send) is LookUpResult.FOUND

    assert (desk.send().state, desk.send().message_id) == (SendState.DELIVERED, "STRANGER")
    assert len(gateway.cursors) == (0 if told else 1)


def test_a_send_of_a_process_that_died_is_looked_for(desk: LossyChat) -> None:
    services, portal = desk.widget.services, desk.widget.portals[0]
    services.storage.sends.begin(
        portal, desk.chat, send_key="lost", user_id=2, text=TEXT, message_id=message_id_of(portal, "lost")
    )
    desk.worker_looks(GIVEN_UP - 1)
    assert desk.send().state is SendState.SENDING  # it may still be on its way
    desk.worker_looks(1)
    assert (desk.send().state, desk.send().reason) == (SendState.UNKNOWN, "interrupted")
    assert "виджет перезапустился во время отправки" in desk.card.history(desk.chat).words


def test_what_is_not_found_for_a_day_is_missing_and_never_sent_again_by_itself(desk: LossyChat) -> None:
    desk.lose("http_500")
    desk.outside.reset()
    desk.worker_looks(*[HOUR / 4] * 95)
    assert desk.send().state is SendState.UNKNOWN
    asked = desk.outside.total("gateway")
    assert desk.send().looks == 12  # the pauses grow
    desk.worker_looks(HOUR)
    assert desk.send().state is SendState.MISSING
    assert desk.outside.total("gateway") > asked  # it was looked for once more before

    desk.worker_looks(HOUR, 24 * HOUR)
    assert desk.sent == 0
    assert in_russian("not sent, as far as can be seen") in desk.card.history(desk.chat).words


def test_a_rep_sends_a_missing_message_again_and_two_presses_are_one_message(desk: LossyChat) -> None:
    desk.lose("http_500")
    desk.worker_looks(LOOKED_FOR, HOUR)
    before = desk.sent
    again = desk.card.history(desk.chat).text.split('data-action="send-again" data-ref="')[1].split('"')[0]
    for _press in range(2):
        desk.card.post(f"/chats/{desk.chat}/messages/{again}/again", {"confirmed": True})
    assert desk.sent == before + 1

    words = desk.card.history(desk.chat).words
    assert words.count(TEXT) == 2
    assert in_russian("sent again") in words
    assert 'data-action="send-again"' not in desk.card.text


def test_a_rep_who_sees_a_missing_message_in_the_phone_marks_it_as_sent(desk: LossyChat) -> None:
    desk.lose("http_500")
    desk.worker_looks(LOOKED_FOR, HOUR)
    usage, line = desk.widget.services.storage.usage, desk.widget.services.storage.lines.of(desk.widget.portals[0])[0]
    counted = usage.total(line.portal_id, line.id, "sent", since=0)
    assert desk.press("mark-seen").answer.status_code == 204
    assert (desk.send().state, desk.send().reason) == (SendState.SENT, "seen")
    assert usage.total(line.portal_id, line.id, "sent", since=0) == counted + 1
    assert in_russian("marked as sent by hand") in desk.card.history(desk.chat).words


def test_a_gateway_that_is_silent_keeps_the_sends_own_reason_and_is_not_waited_for_for_ever(
    desk: LossyChat,
) -> None:
    desk.lose("http_500")
    reason = desk.send().reason
    desk.outside.break_gateway("rate_overlimit", times=None)
    desk.worker_looks(LOOKED_FOR, *[6 * HOUR] * 4)
    assert (desk.send().state, desk.send().reason) == (SendState.UNKNOWN, reason)
    desk.worker_looks(SILENT_FOR)
    assert (desk.send().state, desk.send().reason) == (SendState.MISSING, reason)


def test_a_send_of_a_line_that_is_switched_off_asks_no_gateway_and_ends_after_a_day(desk: LossyChat) -> None:
    desk.lose("http_500")
    lines, portal = desk.widget.services.storage.lines, desk.widget.portals[0]
    lines.set_active(portal, lines.of(portal)[0].id, active=False)
    desk.outside.reset()
    desk.worker_looks(LOOKED_FOR, HOUR)
    assert desk.outside.total("gateway") == 0
    assert desk.send().state is SendState.MISSING


def test_on_one_line_one_send_is_looked_for_at_a_time_by_all_processes(desk: LossyChat) -> None:
    services, at_once, looked = desk.widget.services, [0], []

    def look_for(_line: Line, _chat: Chat, send: Send) -> LookUpResult:
        at_once[0] += 1
        looked.append(send.id)
        assert at_once[0] == 1
        other.look()  # another process's round meanwhile
        at_once[0] -= 1
        return LookUpResult.ABSENT

    answers = Cache(desk.widget.app, "")  # what processes share
    with ThreadPoolExecutor(2) as pool:
        parts = (
            services.storage.conversations,
            services.storage.portals,
            services.storage.lines,
            look_for,
            answers,
            pool,
        )
        one, other = (UnclearEnds(*parts, desk.widget.clock) for _process in range(2))
        for number in range(MAX_LOOKS + 2):
            desk.lose("http_500", f"key-{number}", f"{TEXT} {number}")
        desk.widget.clock.forward(GIVEN_UP)
        one.look()
        assert len(looked) == MAX_LOOKS
        one.look()
    assert len(set(looked)) == MAX_LOOKS + 2


def test_the_operator_and_the_administrator_see_what_has_no_clear_end(desk: LossyChat) -> None:
    desk.lose("http_500")
    scrape = lambda: desk.widget.app.test_client().get("/metrics").text  # noqa: E731
    assert 'widget_unclear_sends{state="unknown"} 0.0' in scrape()  # a moment ago is not long
    desk.worker_looks(HOUR)
    assert 'widget_unclear_sends{state="unknown"} 1.0' in scrape()
    desk.worker_looks(LOOKED_FOR)
    assert 'widget_unclear_sends{state="missing"} 1.0' in scrape()
