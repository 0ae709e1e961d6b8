"""What a chat of a line goes through: messages from outside and inside, sessions, operators, the
CRM, and the events.

Server module imopenlines, lib/connector.php (addMessage, sendMessage, onMessageSend) and
lib/session.php.
"""

from dataclasses import dataclass, field
from typing import Any

from ..crm import may_read
from ..events import fire
from ..items import COMPANY, CONTACT, DEAL, LEAD, clients, item, lead
from ..portals import SandboxPortals
from ..state import SandboxPortalState
from ..timelines import add_line_activity
from ..users import USERS, User
from .model import ClientUser, LineChat, LineMessage, LineSession, SandboxOpenLine, Status

CLOSED_STAGES = ("WON", "LOSE")
SYSTEM = 0


@dataclass
class Incoming:
    """One message of imconnector.send.messages. `author` is None for the client, 0 for the system,
    or an employee."""

    text: str
    outside: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    author: int | None = None
    phone: str = ""


@dataclass(frozen=True)
class Centre:
    """The contact centre at work: one portal's state and the way out of it."""

    portals: SandboxPortals
    state: SandboxPortalState

    def line(self, chat: LineChat) -> SandboxOpenLine:
        return self.state.centre.lines[chat.line]

    def flag(self, chat: LineChat, name: str) -> bool:
        connector = self.state.centre.connectors.get(chat.connector)
        return connector.flags.get(name, True) if connector else True

    def receive(self, chat: LineChat, incoming: Incoming) -> LineMessage:
        """Take a message through the connector: its session takes it for the client's, also an
        employee's."""
        session, new = self._session(chat, incoming.phone)
        author = chat.client.id if incoming.author is None else incoming.author
        if incoming.author is None and session.wait_vote and incoming.text.strip()[:2].strip() in ("0", "1"):
            session.wait_vote = False
            incoming.text = ("[like]" if incoming.text.startswith("1") else "[dislike]") + incoming.text[1:]
        made = self._post(chat, author, incoming.text, files=incoming.files, outside=incoming.outside)
        if author and author != chat.client.id:
            self._tell(chat, made, "ADD")  # an employee's comes back, the system's and the client's do not
        answered = session.status in (Status.OPERATOR, Status.WAIT_CLIENT, Status.CLIENT_AFTER_OPERATOR)
        session.status = Status.CLIENT_AFTER_OPERATOR if answered else Status.CLIENT
        self._greet(chat, new=new)
        return made

    def say(
        self,
        chat: LineChat,
        user: User,
        text: str,
        *,
        files: list[dict[str, Any]] | None = None,
        template: str = "",
        skip: bool = False,
    ) -> LineMessage:
        """What an employee writes in the chat. `skip`: shown in grey, not sent, and the session
        stays as it is."""
        known = next((one for one in chat.messages if template and one.template == template), None)
        if known:
            return known
        chat.members.add(user.id)
        if skip:
            return self._post(chat, user.id, text, files=files or [], template=template, hidden=True)
        session = chat.session or self.start(chat, user)
        made = self._post(chat, user.id, text, files=files or [], template=template)
        made.sending = True
        session.operator = session.operator or user.id
        session.status = Status.OPERATOR
        self._tell(chat, made, "ADD")
        return made

    def change(self, chat: LineChat, message: LineMessage, text: str) -> None:
        message.text, message.edited = text, True
        self._tell(chat, message, "UPDATE")

    def delete(self, chat: LineChat, message: LineMessage) -> None:
        message.deleted = True
        self._tell(chat, message, "DELETE")

    def start(self, chat: LineChat, user: User) -> LineSession:
        """An outgoing session whose operator is the caller; the open one where there is one."""
        if chat.session:
            chat.members.add(user.id)
            return chat.session
        session = self._open(chat, Status.ANSWER, operator=user.id, outgoing=True)
        self._register(chat, chat.client.phone)
        return session

    def answer(self, chat: LineChat, user: User) -> bool:
        """Take a chat that has no operator, or one whose operator has not answered yet."""
        session = chat.session
        if session is None or session.status not in (*self._unanswered(), Status.NEW) or session.operator == user.id:
            if session and session.operator == user.id and session.status in self._unanswered():
                session.status = Status.ANSWER
                chat.members.add(user.id)
                return True
            return False
        session.operator, session.status = user.id, Status.ANSWER
        chat.members.add(user.id)
        return True

    def intercept(self, chat: LineChat, user: User) -> None:
        """Take a chat over from its operator; silently nothing where it has no owner or is the
        caller's already."""
        if chat.session and chat.session.operator not in (0, user.id):
            chat.session.operator = user.id
            chat.members.add(user.id)

    def transfer(self, chat: LineChat, user_id: int) -> None:
        if chat.session:
            chat.session.operator, chat.session.status = user_id, Status.NEW
            chat.members.add(user_id)

    def finish(self, chat: LineChat, status: Status = Status.CLOSE) -> None:
        session, line = chat.session, self.line(chat)
        if session is None:
            return
        if line.wants("VOTE_MESSAGE") and status is Status.CLOSE:
            session.wait_vote = True
            self._automatic(chat, line.config["VOTE_MESSAGE_2_TEXT"])
        session.status = status
        self._tell_dialog(chat, session, "FINISH")

    def _unanswered(self) -> tuple[Status, ...]:
        return (Status.NEW, Status.SKIP, Status.CLIENT, Status.CLIENT_AFTER_OPERATOR)

    def _session(self, chat: LineChat, phone: str) -> tuple[LineSession, bool]:
        if chat.session:
            return chat.session, False
        line = self.line(chat)
        bound = self._register(chat, phone)
        operator = self._forwarded(line, bound) or self._next_of(line)
        return self._open(chat, Status.NEW, operator=operator), True

    def _open(self, chat: LineChat, status: Status, *, operator: int, outgoing: bool = False) -> LineSession:
        session = LineSession(self.state.next_id(), status, operator, outgoing)
        chat.sessions.append(session)
        if operator:
            chat.members.add(operator)
        self._tell_dialog(chat, session, "START")
        return session

    def _next_of(self, line: SandboxOpenLine) -> int:
        if not line.queue:
            return 0
        line.turn += 1
        return line.queue[(line.turn - 1) % len(line.queue)]

    def _forwarded(self, line: SandboxOpenLine, bound: dict[int, int]) -> int:
        """With CRM_FORWARD the responsible of the item gets the chat: a contact's first
        (lib/crm.php, selectors)."""
        if not line.wants("CRM_FORWARD"):
            return 0
        for kind in (CONTACT, LEAD, COMPANY, DEAL):
            found = self.state.crm.get((kind, bound.get(kind, 0)))
            if found and any(user.id == found["assignedById"] for user in USERS.values()):
                return int(found["assignedById"])
        return 0

    def _register(self, chat: LineChat, phone: str) -> dict[int, int]:
        """What the start of a session does in the CRM by the line's settings; `disable_crm` does
        not reach in here."""
        line = self.line(chat)
        if not line.wants("CRM") or self.flag(chat, "CHAT_GROUP"):
            return chat.bindings
        chat.bindings |= self._matching(chat, phone)
        create = line.config["CRM_CREATE"]
        person = {kind: chat.bindings[kind] for kind in (CONTACT, COMPANY) if kind in chat.bindings}
        if create == "deal" and (DEAL not in chat.bindings or line.config["CRM_CREATE_THIRD"] == "N"):
            chat.bindings[DEAL] = self._make(DEAL, chat, clients(*person.values()) if CONTACT in person else {})
        if create == "lead" and not chat.bindings:
            chat.bindings[LEAD] = self._make(LEAD, chat, {})
        for kind, item_id in chat.bindings.items():
            add_line_activity(self.state, kind, item_id, chat.id, f"{line.name}: {chat.name}")
        return chat.bindings

    def _matching(self, chat: LineChat, phone: str) -> dict[int, int]:
        """The CRM's items with this phone, or with this last and first name together: namesakes are
        matched too."""
        digits = _digits(phone)[-10:]
        found: dict[int, int] = {}
        for (kind, item_id), each in self.state.crm.items():
            if kind not in (CONTACT, LEAD, COMPANY) or kind in found:
                continue
            phones = [one["value"] for one in each.get("fm", ()) if one["typeId"] == "PHONE"]
            named = (each.get("name"), each.get("lastName")) == (chat.client.name, chat.client.last_name)
            if (digits and any(_digits(one)[-10:] == digits for one in phones)) or (chat.client.last_name and named):
                found[kind] = item_id
        for (kind, item_id), each in self.state.crm.items():
            if kind == DEAL and found.get(CONTACT) in each.get("contactIds", ()) and not _is_closed(each):
                found[DEAL] = max(found.get(DEAL, 0), item_id)
        return found

    def _make(self, kind: int, chat: LineChat, links: dict[str, Any]) -> int:
        item_id = max((number for of_kind, number in self.state.crm if of_kind == kind), default=0) + 1
        title = f"{chat.name} – {self.line(chat).name}"
        made = lead(item_id, title, [("WORK", chat.client.phone)]) if kind == LEAD else item(kind, item_id, title=title)
        self.state.crm[kind, item_id] = {**made, **links}
        return item_id

    def _greet(self, chat: LineChat, *, new: bool) -> None:
        """Automatic texts: to the client too, unless the connector wants no system messages."""
        line = self.line(chat)
        first = len(chat.sessions) == 1 or line.wants("SEND_WELCOME_EACH_SESSION")
        if new and first and line.wants("WELCOME_MESSAGE"):
            self._automatic(chat, line.config["WELCOME_MESSAGE_TEXT"])
        if new and line.wants("WORKTIME_ENABLE") and line.off_hours:
            self._automatic(chat, line.config["WORKTIME_DAYOFF_TEXT"])

    def _automatic(self, chat: LineChat, text: str) -> None:
        if self.flag(chat, "NEED_SYSTEM_MESSAGES"):
            made = self._post(chat, SYSTEM, text)
            made.sending = True
            self._tell(chat, made, "ADD")

    def _post(self, chat: LineChat, author: int, text: str, *, outside: str = "", **more: Any) -> LineMessage:
        during = chat.sessions[-1].id if chat.sessions else 0
        named = [outside] if outside else []
        made = LineMessage(self.state.next_id(), author, text, self.state.centre.now(), named, session=during, **more)
        chat.messages.append(made)
        return made

    def _tell(self, chat: LineChat, message: LineMessage, what: str) -> None:
        """OnImConnectorMessageAdd, Update or Delete. An update has the list of the ids outside; of
        a deletion each of them has a row of its own. Nothing is told of changes before the
        connector has said what it calls a message."""
        if not self.state.centre.link(chat.connector, chat.line).status:
            return
        told: dict[str, Any] = {"user_id": message.author, "text": self._signed(chat, message)}
        if message.files:
            told["files"] = message.files
        named: dict[str, list[dict[str, Any]]] = {
            "ADD": [told],
            "UPDATE": [{**told, "id": message.outside}] if message.outside else [],
            "DELETE": [{"id": each} for each in message.outside],
        }
        about = {"im": {"chat_id": chat.id, "message_id": message.id}, "chat": {"id": chat.outside}}
        rows = [{**about, "message": each} for each in named[what]]
        if rows:
            self._fire(f"ONIMCONNECTORMESSAGE{what}", chat, {"MESSAGES": rows}, message.author)

    def _signed(self, chat: LineChat, message: LineMessage) -> str:
        user = next((one for one in USERS.values() if one.id == message.author), None)
        signs = user and self.flag(chat, "NEED_SIGNATURE")
        return f"[b]{user.full_name}:[/b] [br]{message.text}" if user and signs else message.text

    def _tell_dialog(self, chat: LineChat, session: LineSession, what: str) -> None:
        told = {
            "connector": {
                "connector_id": chat.connector,
                "line_id": chat.line,
                "chat_id": chat.outside,
                "user_id": chat.client.id,
            },
            "session": {"id": session.id, "closed": "N" if session.is_open else "Y", "parent_id": 0, "close_term": 10},
            "chat": {"id": chat.outside},
            "user": {"id": chat.client.outside},
        }
        self._fire(f"ONIMCONNECTORDIALOG{what}", chat, {"DATA": [told]}, session.operator)

    def _fire(self, event: str, chat: LineChat, data: dict[str, Any], user_id: int) -> None:
        user = next((one for one in USERS.values() if one.id == user_id), None)
        fire(self.portals, self.state, event, {"CONNECTOR": chat.connector, "LINE": chat.line, **data}, user)


def may_join(state: SandboxPortalState, chat: LineChat, user: User) -> bool:
    """A member, an operator of the line, an administrator, or who may read what the chat is bound
    to."""
    bound = [state.crm[key] for key in chat.bindings.items() if key in state.crm]
    return (
        user.is_admin
        or user.id in chat.members
        or user.id in state.centre.lines[chat.line].queue
        or any(may_read(user, each) for each in bound)
    )


def client_of(state: SandboxPortalState, told: dict[str, Any]) -> ClientUser:
    """The user of the portal that stands for a connector's client. A name of two words is split."""
    outside, name, last_name = str(told["id"]), str(told.get("name") or "Гость"), str(told.get("last_name") or "")
    words = name.split()
    if len(words) == 2 and not last_name:
        name, last_name = words
    known = state.centre.clients.get(outside)
    if known is None:
        known = state.centre.clients[outside] = ClientUser(state.next_id(), outside, name, last_name)
    known.name, known.last_name = name, last_name
    known.phone = str(told.get("phone") or known.phone)
    return known


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_closed(deal: dict[str, Any]) -> bool:
    return deal.get("closed") == "Y" or str(deal.get("stageId")) in CLOSED_STAGES
