"""A gateway of a test's own, for what the simulated one cannot be made to do."""

from dataclasses import dataclass, field, replace

from widget.gateways.base import (
    Capabilities,
    Depth,
    GatewayError,
    GatewayErrorCode,
    LineState,
    LineStatus,
    Message,
    Page,
    SendResult,
    Sent,
)

EVERYTHING = Capabilities(
    checks_at_once=1,
    checks_when_sending=False,
    chats_at_once=10,
    queues_sends=False,
    qr=True,
    pairing_code=True,
    files=True,
    largest_file=5_000_000,
    reply=True,
    edit=True,
    delete=True,
    react=True,
    mark_read=True,
    typing=True,
    location=True,
    contact=True,
)
NOTHING = replace(
    EVERYTHING,
    files=False,
    reply=False,
    edit=False,
    delete=False,
    react=False,
    mark_read=False,
    typing=False,
    location=False,
    contact=False,
)


@dataclass
class FakeGateway:
    """A gateway whose history and ids a test decides; `asked` is every verb that reached it."""

    messages: list[Message] = field(default_factory=list)
    own_ids: bool = True
    sends: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    result: Sent = Sent.UNKNOWN
    depth: Depth = Depth.FULL
    trouble: GatewayErrorCode | None = None
    state: LineState = LineState.READY
    capabilities: Capabilities = EVERYTHING
    asked: list[tuple[object, ...]] = field(default_factory=list)
    refuses: GatewayErrorCode | None = None
    history_ids: tuple[str, ...] = ()
    cursor: str | None = None
    before_answering: object = None
    around: list[Message] = field(default_factory=list)  # what is on the page of an older time
    cursors: list[str] = field(default_factory=list)
    previews: list[bool] = field(default_factory=list)

    def status(self):
        return LineStatus(self.state, self.depth, self.own_ids, own_ids_proved=self.own_ids)

    def chat_id_of(self, phone):
        return f"{phone[1:]}@c.us"

    def send_text(self, chat_id, text, *, message_id, reply_to="", preview=False):
        self.previews.append(preview)
        self.sends.append(text)
        self.asked.append(("send_text", chat_id, text, reply_to))
        return self._sent(message_id)

    def send_file(self, chat_id, file, *, message_id, caption="", reply_to=""):
        self.sends.append(file.name)
        self.asked.append(("send_file", chat_id, file, caption, reply_to))
        return self._sent(message_id)

    def send_location(self, chat_id, location, *, reply_to=""):
        self.asked.append(("send_location", chat_id, location, reply_to))
        return self._sent("")

    def send_contact(self, chat_id, card, *, reply_to=""):
        self.asked.append(("send_contact", chat_id, card, reply_to))
        return self._sent("")

    def history(self, chat_ids, cursor, limit):
        self.history_ids = tuple(chat_ids)
        if cursor and cursor.startswith("at "):
            self.cursors.append(cursor)
            return Page(tuple(self.around), None)
        if self.trouble:
            raise GatewayError(self.trouble)
        return Page(tuple(self.messages), self.cursor)

    def cursor_at(self, at):
        return f"at {at:.0f}"

    def find_message(self, chat_id, message_id):
        self.looked_up.append(message_id)
        return

    def edit(self, chat_id, ref, text):
        self._do("edit", chat_id, ref, text)

    def delete(self, chat_id, ref):
        self._do("delete", chat_id, ref)

    def react(self, chat_id, ref, emoji):
        self._do("react", chat_id, ref, emoji)

    def mark_read(self, chat_id, refs):
        self._do("mark_read", chat_id, list(refs))

    def typing(self, chat_id, *, on):
        self._do("typing", chat_id, on)

    def _do(self, *asked):
        self.asked.append(asked)
        if self.refuses:
            raise GatewayError(self.refuses)

    def _sent(self, message_id):
        given = message_id if self.own_ids else f"G{len(self.sends)}"
        if callable(self.before_answering):
            self.before_answering(given)
        return SendResult(self.result, given, None)


@dataclass
class FakeGateways:
    gateway: FakeGateway

    def of(self, line):
        return self.gateway

    def known(self, line):
        return GatewayError(self.gateway.trouble) if self.gateway.trouble else self.gateway.status()
