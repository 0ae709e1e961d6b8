"""Values of the contact centre: lines, connectors, chats, sessions, messages."""

import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Status(IntEnum):
    """Of a session (server module imopenlines, lib/session.php)."""

    NEW = 0
    SKIP = 5
    ANSWER = 10
    CLIENT = 20
    CLIENT_AFTER_OPERATOR = 25
    OPERATOR = 40
    WAIT_CLIENT = 50
    CLOSE = 60
    SPAM = 65
    SILENTLY_CLOSE = 75


WAITING = (
    Status.NEW,
    Status.SKIP,
    Status.CLIENT,
    Status.CLIENT_AFTER_OPERATOR,
)  # an operator owes the client an answer

# A fresh line greets, rates and makes leads: that is what an administrator finds
# (imopenlines.config.get).
CONFIG = {
    "CRM": "Y",
    "CRM_CREATE": "lead",
    "CRM_CREATE_SECOND": "0",
    "CRM_CREATE_THIRD": "Y",
    "CRM_FORWARD": "Y",
    "CRM_CHAT_TRACKER": "Y",
    "QUEUE_TYPE": "evenly",
    "WELCOME_MESSAGE": "Y",
    "WELCOME_MESSAGE_TEXT": "Здравствуйте! Первый освободившийся оператор ответит вам.",
    "SEND_WELCOME_EACH_SESSION": "N",
    "WELCOME_BOT_ENABLE": "N",
    "NO_ANSWER_RULE": "text",
    "NO_ANSWER_TEXT": "Пока никто не может ответить, мы вернёмся к вам.",
    "WORKTIME_ENABLE": "N",
    "WORKTIME_DAYOFF_RULE": "text",
    "WORKTIME_DAYOFF_TEXT": "Сейчас мы не работаем.",
    "AGREEMENT_MESSAGE": "N",
    "VOTE_MESSAGE": "Y",
    "VOTE_MESSAGE_2_TEXT": "Оцените нас: 1 – хорошо, 0 – плохо",
    "VOTE_CLOSING_DELAY": "N",
    "CLOSE_RULE": "text",
    "CLOSE_TEXT": "Спасибо за обращение.",
    "FULL_CLOSE_TIME": "10",
    "AUTO_CLOSE_RULE": "none",
    "AUTO_CLOSE_TIME": "3600",
    "AUTO_CLOSE_TEXT": "",
}


@dataclass
class SandboxOpenLine:
    """`queue` are the ids of its operators. `off_hours`: it is outside of its working hours now."""

    id: int
    name: str
    queue: list[int]
    active: bool = True
    config: dict[str, str] = field(default_factory=lambda: dict(CONFIG))
    off_hours: bool = False
    turn: int = 0

    def wants(self, name: str) -> bool:
        return self.config.get(name) == "Y"


@dataclass
class Connector:
    """What an application registered. Flags that are not JSON booleans keep their default, which is
    true."""

    id: str
    name: str
    handler: str
    flags: dict[str, bool]


@dataclass
class Link:
    """A connector on a line: `status` is whether messages are taken."""

    active: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    error: bool = False

    @property
    def status(self) -> bool:
        return self.active and not self.error

    @property
    def configured(self) -> bool:
        return self.active and bool(self.data)


@dataclass
class ClientUser:
    """The person of a connector as the portal knows it: a user of its own, by the id outside."""

    id: int
    outside: str
    name: str
    last_name: str = ""
    phone: str = ""


@dataclass
class LineMessage:
    """`author` is 0 for the system, an employee, or the client's user. `outside` are the ids the
    connector gave it."""

    id: int
    author: int
    text: str
    at: float
    outside: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    hidden: bool = False
    sending: bool = False  # the spinner: until the connector says that it was delivered
    template: str = ""
    deleted: bool = False
    edited: bool = False
    session: int = 0  # during which one it was written


@dataclass
class LineSession:
    id: int
    status: Status
    operator: int = 0
    outgoing: bool = False
    wait_vote: bool = False

    @property
    def is_open(self) -> bool:
        return self.status < Status.CLOSE


@dataclass
class LineChat:
    """A client's chat in a line. `bindings` are the CRM items it is bound to, as entityTypeId ->
    id."""

    id: int
    connector: str
    line: int
    outside: str
    client: ClientUser
    name: str
    members: set[int] = field(default_factory=set)
    bindings: dict[int, int] = field(default_factory=dict)
    messages: list[LineMessage] = field(default_factory=list)
    sessions: list[LineSession] = field(default_factory=list)

    @property
    def user_code(self) -> str:
        return f"{self.connector}|{self.line}|{self.outside}|{self.client.id}"

    @property
    def session(self) -> LineSession | None:
        """The open one."""
        return self.sessions[-1] if self.sessions and self.sessions[-1].is_open else None

    @property
    def owner(self) -> int:
        return self.session.operator if self.session else 0

    @property
    def is_waiting(self) -> bool:
        return self.session is not None and self.session.status in WAITING

    def message(self, message_id: int) -> LineMessage | None:
        return next((one for one in self.messages if one.id == message_id and not one.deleted), None)


@dataclass
class ContactCentre:
    """All of one portal. `refuse` is how many of the next messages fail one by one while the call
    succeeds, `bare` how many of the next answers name no session; `at` is the time (unix seconds)
    where it is not the real one."""

    lines: dict[int, SandboxOpenLine] = field(default_factory=dict)
    connectors: dict[str, Connector] = field(default_factory=dict)
    links: dict[tuple[str, int], Link] = field(default_factory=dict)
    clients: dict[str, ClientUser] = field(default_factory=dict)
    chats: dict[int, LineChat] = field(default_factory=dict)
    refuse: int = 0
    bare: int = 0
    at: float = 0.0
    in_flight: list[str] = field(default_factory=list)  # USER_CODEs that are being worked on
    collisions: int = 0  # how often two calls came for one of them at once: each then waits for the other's lock

    def now(self) -> float:
        return self.at or time.time()

    def link(self, connector: str, line: int) -> Link:
        return self.links.get((connector, line), Link())

    def chat_of(self, connector: str, line: int, outside: str, client: int) -> LineChat | None:
        code = f"{connector}|{line}|{outside}|{client}"
        return next((chat for chat in self.chats.values() if chat.user_code == code), None)


def seeded() -> ContactCentre:
    return ContactCentre({1: SandboxOpenLine(1, "Отдел продаж", [2, 1]), 2: SandboxOpenLine(2, "Сервис", [4])})
