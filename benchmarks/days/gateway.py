"""A gateway that knows the truth, in this process: over HTTP five days would take an hour."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from benchmarks.days.tally import Tally
from benchmarks.days.trace import Number
from widget.addresses import AddressRules
from widget.gateways.base import (
    Capabilities,
    ChatList,
    CheckResult,
    ContactCard,
    File,
    Gateway,
    GatewayErrorCode,
    LineState,
    LineStatus,
    ListedChat,
    Location,
    Message,
    Page,
    SendResult,
    Sent,
    Unsupported,
)
from widget.gateways.calls import Timeouts
from widget.gateways.lines import Gateways
from widget.http import make_client
from widget.storage.lines import Line

NEWEST_CHATS = 500  # in one listing
CAPABILITIES = Capabilities(
    checks_at_once=1,
    checks_when_sending=False,
    chats_at_once=100,
    queues_sends=False,
    qr=False,
    pairing_code=False,
    files=False,
    largest_file=0,
    reply=False,
    edit=False,
    delete=False,
    react=False,
    mark_read=False,
    typing=False,
)


class Clock:
    """Virtual time; moved by the player of the trace."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class TrueGateway:
    """One line's. Every check is told to the tally when it is made; `chats` are the numbers this
    line talks to."""

    capabilities = CAPABILITIES

    def __init__(self, line: int, numbers: Mapping[str, Number], tally: Tally, clock: Clock) -> None:
        self._line = line
        self._numbers = numbers
        self._tally = tally
        self._clock = clock
        self.chats: dict[str, float] = {}

    def status(self) -> LineStatus:
        return LineStatus(LineState.READY)

    def check(self, phones: Sequence[str]) -> dict[str, CheckResult]:
        for _phone in phones:
            self._tally.checked(self._line, self._clock())
        return {phone: CheckResult(self._on_whatsapp(phone), self.chat_id_of(phone)) for phone in phones}

    def all_chats(self) -> ChatList:
        newest = sorted(self.chats, key=lambda phone: -self.chats[phone])[:NEWEST_CHATS]
        return ChatList(self.chats_of(newest))

    def phones_of(self, lids: Sequence[str]) -> dict[str, str]:
        raise Unsupported

    def chats_of(self, phones: Sequence[str]) -> dict[str, ListedChat]:
        return {
            phone: ListedChat(self.chat_id_of(phone), self.chats[phone], has_messages=True)
            for phone in phones
            if phone in self.chats
        }

    def chat_id_of(self, phone: str) -> str:
        return f"{phone.lstrip('+')}@c.us"

    def send_text(
        self, chat_id: str, text: str, *, message_id: str, reply_to: str = "", preview: bool = False
    ) -> SendResult:
        phone = f"+{chat_id.partition('@')[0]}"
        if not self._on_whatsapp(phone):
            return SendResult(Sent.REFUSED, error=GatewayErrorCode.NOT_ON_WHATSAPP)
        self.chats[phone] = self._clock()
        self._tally.sent(self._line, self._clock())
        return SendResult(Sent.SENT, message_id)

    def _on_whatsapp(self, phone: str) -> bool:
        return self._numbers[phone].on_whatsapp(self._clock())

    def cursor_at(self, at: float) -> str:
        return _nobody_does_that()

    def find_message(self, chat_id: str, message_id: str) -> Message | None:
        return None

    def history(self, chat_ids: Sequence[str], cursor: str | None, limit: int) -> Page:
        return Page((), None)

    def send_file(
        self, chat_id: str, file: File, *, message_id: str, caption: str = "", reply_to: str = ""
    ) -> SendResult:
        return _nobody_does_that()

    def send_location(self, chat_id: str, location: Location, *, reply_to: str = "") -> SendResult:
        return _nobody_does_that()

    def send_contact(self, chat_id: str, card: ContactCard, *, reply_to: str = "") -> SendResult:
        return _nobody_does_that()

    def edit(self, chat_id: str, ref: str, text: str) -> None:
        _nobody_does_that()

    def delete(self, chat_id: str, ref: str) -> None:
        _nobody_does_that()

    def react(self, chat_id: str, ref: str, emoji: str) -> None:
        _nobody_does_that()

    def mark_read(self, chat_id: str, refs: Sequence[str]) -> None:
        _nobody_does_that()

    def typing(self, chat_id: str, *, on: bool) -> None:
        _nobody_does_that()

    def media(self, chat_id: str, ref: str) -> File:
        return _nobody_does_that()

    def qr(self) -> File:
        return _nobody_does_that()

    def pairing_code(self, phone: str) -> str:
        return _nobody_does_that()

    def set_webhook(self, url: str, secret: str) -> None:
        _nobody_does_that()

    def keep_messages(self) -> None:
        _nobody_does_that()


class TrueGateways(Gateways):
    """The widget's own registry of lines, which opens these instead of HTTP clients."""

    def __init__(self, by_line: Mapping[int, TrueGateway], clock: Clock) -> None:
        super().__init__(
            make_client, Timeouts(1, 1, 1), rules=AddressRules(allow_http=False, allow_private=False), clock=clock
        )
        self._by_line = by_line

    def of(self, line: Line) -> Gateway:
        return self._by_line[line.id]


def _nobody_does_that() -> NoReturn:
    raise Unsupported
