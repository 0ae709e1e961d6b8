"""All that is assumed of Bitrix24's open lines: which methods, with what, and what their answers
mean.

Read in the docs (bitrix24/b24restdocs, api-reference/imopenlines and chats) and in the server's
modules imconnector, imopenlines and im (yuliai/bitrix-modules), never tried on a live portal;
docs/bitrix24.md has a row for each method. Every verb is one outside call unless it says otherwise,
and raises Refused where the portal refuses.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from widget.bitrix24.commands import Command
from widget.bitrix24.errors import said_no
from widget.bitrix24.rest import Rest
from widget.errors import ErrorCode, Refused
from widget.masking import masked_words
from widget.storage.portals import Portal
from widget.untrusted import as_dict, as_list, as_positive_int, as_rows, as_str

MAX_FILE_NAME = 50  # the portal keeps the last letters of a longer one
# Real booleans: with anything else the server keeps its defaults, and its greetings would go out to
# clients.
FLAGS = {
    "DEL_EXTERNAL_MESSAGES": True,
    "EDIT_INTERNAL_MESSAGES": True,
    "DEL_INTERNAL_MESSAGES": True,
    "NEWSLETTER": False,
    "NEED_SYSTEM_MESSAGES": False,
    "NEED_SIGNATURE": False,
    "CHAT_GROUP": False,
}
ICON = {
    "DATA_IMAGE": "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath fill='"
    "%23fff' d='M12 3a9 9 0 0 0-7.7 13.6L3 21l4.5-1.2A9 9 0 1 0 12 3z'/%3E%3C/svg%3E",
    "COLOR": "#25a05a",
    "SIZE": "70%",
    "POSITION": "center",
}


@dataclass(frozen=True)
class ChatPlace:
    """Where a chat of ours stands in Bitrix24. `name` is our own key for the chat and for its
    client there: it is the same for ever, also when their ids at WhatsApp change."""

    connector: str
    open_line: int
    name: str
    phone: str  # "" where it is not known
    title: str = ""  # how the client calls themselves then


@dataclass(frozen=True)
class Posted:
    """A message that was taken: `chat`, `client` and `session` are Bitrix24's ids, 0 where the
    answer names none."""

    chat: int
    client: int
    session: int = 0


@dataclass(frozen=True)
class FoundThere:
    """What a search for a message of ours came to."""

    chat: int
    client: int
    there: bool


@dataclass(frozen=True)
class MessageThere:
    """A message as the open line has it now. `outside` are our ids of it. `sending`: an employee's
    message that is to go out and whose delivery is not confirmed yet; hidden ones, the system's and
    the client's never are. `at` is unix seconds, 0.0 where it is not told."""

    im_id: int
    user_id: int
    text: str = field(repr=False)
    at: float = 0.0
    outside: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()  # name and address
    sending: bool = False
    deleted: bool = False
    edited: bool = False


@dataclass(frozen=True)
class SessionThere:
    """What a chat's newest session holds now. `owner` is who answers in the chat, 0 where the
    portal does not tell."""

    owner: int
    messages: tuple[MessageThere, ...]


@dataclass(frozen=True)
class OpenLine:
    id: int
    name: str
    active: bool


@dataclass(frozen=True)
class ConnectorStatus:
    """The state of our connector on one open line; only with `works` are messages taken."""

    works: bool
    configured: bool
    error: bool


class MessageRefused(Exception):
    """The call succeeded, but the portal refused the message in it. Holds the portal's words,
    masked."""


HISTORY = "imopenlines.session.history.get"


class OpenLineCalls:
    def __init__(self, rest: Rest, connector: str) -> None:
        self._rest = rest
        self.connector = connector

    def post(
        self,
        portal: Portal,
        place: ChatPlace,
        message_id: str,
        text: str,
        *,
        system: bool = False,
        files: Sequence[Mapping[str, str]] = (),
    ) -> Posted:
        """A message of the client, or with `system` one without an author, which does not come back
        to us. Not repeatable.

        Each such message counts as the client's for the open line: its session begins to wait. The
        portal fetches files by itself. Raises MessageRefused too.
        """
        message: dict[str, Any] = {"id": message_id, "text": text}
        if files:
            message["files"] = [dict(file) for file in files]
        if system:
            message |= {"user_id": 0, "disable_crm": "Y"}
        row = self._messages(portal, "imconnector.send.messages", place, message)
        session = as_dict(row.get("session"))
        chat, session_id = as_positive_int(session.get("CHAT_ID")), as_positive_int(session.get("ID"))
        return Posted(chat, as_positive_int(row.get("user")), session_id)

    def change(self, portal: Portal, place: ChatPlace, message_id: str, text: str) -> int:
        """Change a message's text; says nothing of one that is not there. Bitrix24's id of the
        client."""
        row = self._messages(portal, "imconnector.update.messages", place, {"id": message_id, "text": text})
        return as_positive_int(row.get("user"))

    def delete(self, portal: Portal, place: ChatPlace, message_id: str) -> None:
        self._messages(portal, "imconnector.delete.messages", place, {"id": message_id})

    def find(
        self, portal: Portal, place: ChatPlace, message_id: str, *, chat: int = 0, client: int = 0, session: int = 0
    ) -> FoundThere:
        """Whether a message whose end is unclear stands in the open line, by its own id. At most
        four calls.

        An update of a message that is nowhere changes nothing and names the client; the client
        names the chat; the chat's history has our ids. That is the history of its newest session,
        so the one of `session` is read too where it is another.
        """
        if not chat:
            client = client or self.change(portal, place, f"{message_id}-look", "…")
            code = f"{place.connector}|{place.open_line}|{place.name}|{client}"
            found = self._call(portal, "im.chat.get", {"ENTITY_TYPE": "LINES", "ENTITY_ID": code}) if client else None
            chat = as_positive_int(as_dict(found).get("ID"))
        if not chat:
            return FoundThere(0, client, there=False)
        history = as_dict(self._call(portal, HISTORY, {"CHAT_ID": chat}))
        there = _has(history, message_id)
        if not there and session and session != as_positive_int(history.get("sessionId")):
            there = _has(as_dict(self._call(portal, HISTORY, {"SESSION_ID": session})), message_id)
        return FoundThere(chat, client, there=there)

    def read(self, portal: Portal, chats: Sequence[int]) -> dict[int, SessionThere | None]:
        """The newest session of each of these chats, at most 50; None where the portal does not
        tell. One call."""
        commands = {f"c{chat}": (HISTORY, {"CHAT_ID": chat}) for chat in chats}
        answer = self._rest.batch(portal, portal.installer_id, commands)
        histories = {chat: answer.results.get(f"c{chat}") for chat in chats}
        return {chat: None if read is None else read_history(chat, as_dict(read)) for chat, read in histories.items()}

    def say(self, portal: Portal, user_id: int, chat: int, text: str, *, key: str) -> int:
        """An employee's message in a chat, as theirs: in their session, begun if none is open, so
        that the client does not count as waiting. Returns its id in the messenger, by which it is
        known when it comes back. Repeatable with the same key.

        Two calls. Raises Refused.
        """
        self._rest.call(portal, user_id, "imopenlines.session.start", {"CHAT_ID": chat})
        template = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{portal.member_id}:{key}"))
        wanted = {"DIALOG_ID": f"chat{chat}", "MESSAGE": text, "TEMPLATE_ID": template, "URL_PREVIEW": "N"}
        im_id = as_positive_int(self._rest.call(portal, user_id, "im.message.add", wanted))
        if not im_id:
            raise Refused(ErrorCode.PORTAL_FAILED, reason="no message id")
        return im_id

    def rewrite(self, portal: Portal, user_id: int, im_id: int, text: str | None) -> None:
        """Change an employee's own message, or with None take it back. Told back as any change is.
        Repeatable. One outside call."""
        if text is None:
            self._rest.call(portal, user_id, "im.message.delete", {"MESSAGE_ID": im_id})
        else:
            self._rest.call(portal, user_id, "im.message.update", {"MESSAGE_ID": im_id, "MESSAGE": text})

    def delivered(self, portal: Portal, place: ChatPlace, chat: int, im_id: int, names: Sequence[str]) -> None:
        """Say that a message went out and what we call it: only then its changes name it.
        Repeatable, and only the first names are kept."""
        delivered = {
            "im": {"chat_id": chat, "message_id": im_id},
            "message": {"id": list(names)},
            "chat": {"id": place.name},
        }
        self._call(portal, "imconnector.send.status.delivery", {**_line(place), "MESSAGES": [delivered]})

    def answer(self, portal: Portal, user_id: int, chat: int) -> int:
        """Make an employee the operator of a chat. Returns who is afterwards, 0 for none. Two
        calls.

        Refusals of this one have no code, so the chat is asked who has it.
        """
        try:
            self._rest.call(portal, user_id, "imopenlines.operator.answer", {"CHAT_ID": chat})
        except Refused as error:
            if error.reason not in ("", "not a code"):
                raise
        return self.owner(portal, user_id, chat)

    def take_over(self, portal: Portal, user_id: int, chat: int) -> int:
        """`answer` for a chat with another operator: this call says yes even if nothing happened.
        Two calls."""
        self._rest.call(portal, user_id, "imopenlines.session.intercept", {"CHAT_ID": chat})
        return self.owner(portal, user_id, chat)

    def hand_over(self, portal: Portal, user_id: int, chat: int, to: int) -> int:
        """Give a chat to another employee. Who answers it afterwards, 0 until it is accepted. Two
        calls."""
        self._rest.call(portal, user_id, "imopenlines.operator.transfer", {"CHAT_ID": chat, "USER_ID": to})
        return self.owner(portal, user_id, chat)

    def finish(self, portal: Portal, user_id: int, chat: int) -> None:
        """End the conversation in a chat. One call."""
        self._rest.call(portal, user_id, "imopenlines.operator.finish", {"CHAT_ID": chat})

    def join(self, portal: Portal, user_id: int, chat: int) -> None:
        """Let an employee into a chat, which they need to open it. One call."""
        self._rest.call(portal, user_id, "imopenlines.session.join", {"CHAT_ID": chat})

    def owner(self, portal: Portal, user_id: int, chat: int) -> int:
        """The operator of a chat, 0 for none. One call."""
        return as_positive_int(
            as_dict(self._rest.call(portal, user_id, "imopenlines.dialog.get", {"CHAT_ID": chat})).get("owner")
        )

    def owner_named(self, portal: Portal, user_id: int, chat: int) -> tuple[int, str]:
        """The operator with their name, "" where that may not be read. Raises Refused,
        PORTAL_DENIED for a chat that the user may not see. One call."""
        wanted: dict[str, Command] = {
            "dialog": ("imopenlines.dialog.get", {"CHAT_ID": chat}),
            "user": ("user.get", {"ID": "$result[dialog][owner]"}),
        }
        answer = self._rest.batch(portal, user_id, wanted)
        if "dialog" in answer.errors:
            error = answer.refused("dialog")
            raise Refused(ErrorCode.PORTAL_DENIED, reason=error.reason) if said_no(error) else error
        owner = as_positive_int(as_dict(answer.results.get("dialog")).get("owner"))
        rows = [as_dict(row) for row in as_rows(answer.results.get("user"))]
        names = (f"{as_str(row.get('NAME'), 60)} {as_str(row.get('LAST_NAME'), 60)}".strip() for row in rows)
        return owner, next(names, "") if owner else ""

    def open_lines(self, portal: Portal, user_id: int) -> list[OpenLine]:
        """The portal's open lines, at most 200. One call."""
        wanted = {"PARAMS": {"select": ["ID", "LINE_NAME", "ACTIVE"], "order": {"ID": "ASC"}, "limit": 200}}
        rows = as_rows(self._rest.call(portal, user_id, "imopenlines.config.list.get", wanted))
        return [
            OpenLine(as_positive_int(row.get("ID")), as_str(row.get("LINE_NAME"), 200), row.get("ACTIVE") == "Y")
            for row in map(as_dict, rows)
            if as_positive_int(row.get("ID"))
        ]

    def config(self, portal: Portal, user_id: int, open_line: int) -> dict[str, Any]:
        """The settings of an open line as the portal writes them: openlines/greetings.py reads
        them. One call."""
        return as_dict(self._rest.call(portal, user_id, "imopenlines.config.get", {"CONFIG_ID": open_line}))

    def register(self, portal: Portal, user_id: int, *, name: str, handler: str) -> None:
        """Make the connector known, or correct it. A refusal comes as a success with
        `result: false`. One call. Raises Refused."""
        wanted = {"ID": self.connector, "NAME": name, "ICON": ICON, "ICON_DISABLED": ICON, "PLACEMENT_HANDLER": handler}
        answer = as_dict(self._rest.call(portal, user_id, "imconnector.register", {**wanted, **FLAGS}))
        if answer.get("result") is not True:
            raise Refused(ErrorCode.PORTAL_FAILED, reason=as_str(answer.get("error"), 60) or "connector not registered")

    def unregister(self, portal: Portal, user_id: int) -> None:
        """Take the connector out of the portal. One call."""
        self._rest.call(portal, user_id, "imconnector.unregister", {"ID": self.connector})

    def switch(self, portal: Portal, user_id: int, open_line: int, *, on: bool) -> None:
        """Off forgets what was set on the open line, on does not bring it back: see `describe`. One
        call."""
        wanted = {"CONNECTOR": self.connector, "LINE": open_line, "ACTIVE": int(on)}
        self._rest.call(portal, user_id, "imconnector.activate", wanted)

    def describe(self, portal: Portal, user_id: int, open_line: int, *, name: str, number: str, url: str) -> None:
        """What the contact centre shows of the account. All of it each time: the docs say that it
        replaces what was there, the module's source that it is added to that. One call."""
        data = {"ID": number or name, "NAME": name, "URL": url, "URL_IM": url}
        wanted = {"CONNECTOR": self.connector, "LINE": open_line, "DATA": data}
        self._rest.call(portal, user_id, "imconnector.connector.data.set", wanted)

    def status(self, portal: Portal, user_id: int, open_line: int) -> ConnectorStatus:
        """How our connector is on an open line. One call."""
        wanted = {"CONNECTOR": self.connector, "LINE": open_line}  # without LINE it would be of line 0
        answer = as_dict(self._rest.call(portal, user_id, "imconnector.status", wanted))
        return ConnectorStatus(
            works=answer.get("STATUS") is True,
            configured=answer.get("CONFIGURED") is True,
            error=answer.get("ERROR") is True,
        )

    def _messages(self, portal: Portal, method: str, place: ChatPlace, message: dict[str, Any]) -> dict[str, Any]:
        """One message in one call: what is wrong with one of several would be said for all of
        them."""
        named = {"phone": place.phone, "skip_phone_validate": "Y"} if place.phone else {}
        user = {"id": place.name, "name": place.phone or place.title or "WhatsApp", **named}
        piece = {"user": user, "message": message, "chat": {"id": place.name}}
        answer = as_dict(self._call(portal, method, {**_line(place), "MESSAGES": [piece]}))
        row = as_dict(next(iter(as_rows(as_dict(answer.get("DATA")).get("RESULT"))), None))
        if row.get("SUCCESS") is False or answer.get("SUCCESS") is False:
            errors = [as_str(error, 80) for error in as_list(row.get("ERRORS"))]
            raise MessageRefused(masked_words(errors[0]) if errors else "no reason given")
        return row

    def _call(self, portal: Portal, method: str, params: Mapping[str, Any]) -> Any:
        return self._rest.call(portal, portal.installer_id, method, params)


def _line(place: ChatPlace) -> dict[str, Any]:
    return {"CONNECTOR": place.connector, "LINE": place.open_line}


def read_history(chat: int, history: Mapping[str, Any]) -> SessionThere:
    """A session's history, its messages the oldest first (pure)."""
    files, about = as_dict(history.get("files")), as_dict(as_dict(history.get("chat")).get(str(chat)))
    found = [_message_there(as_dict(row), files) for row in as_rows(history.get("message"))]
    messages = sorted((one for one in found if one.im_id), key=lambda one: one.im_id)
    return SessionThere(as_positive_int(about.get("owner")), tuple(messages))


def _message_there(row: dict[str, Any], files: Mapping[str, Any]) -> MessageThere:
    params = as_dict(row.get("params"))
    attached = [as_dict(files.get(str(each))) for each in as_rows(params.get("fileId") or params.get("FILE_ID"))]
    named = [(as_str(file.get("name"), 200) or "file", as_str(file.get("urldownload"), 2000)) for file in attached]
    return MessageThere(
        im_id=as_positive_int(row.get("id")),
        user_id=as_positive_int(row.get("senderid")),
        text=as_str(row.get("text")),
        at=_seconds(row.get("date")),
        outside=tuple(_ids(row)),
        files=tuple(named),
        sending=_is_set(params, "sending"),
        deleted=_is_set(params, "isDeleted"),
        edited=_is_set(params, "isEdited"),
    )


def _is_set(params: Mapping[str, Any], name: str) -> bool:
    """The history writes names in camelCase, im.* in capitals."""
    return "Y" in (params.get(name), params.get(re.sub("([A-Z])", r"_\1", name).upper()))


def _seconds(date: Any) -> float:
    try:
        return datetime.fromisoformat(as_str(date, 40)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _has(history: Mapping[str, Any], message_id: str) -> bool:
    return any(message_id in _ids(row) for row in as_rows(history.get("message")))


def _ids(row: Any) -> list[str]:
    """Our ids of a message in the history: the docs write the parameter in camelCase, im.* in
    capitals."""
    params = as_dict(as_dict(row).get("params"))
    found = params.get("connectorMid") or params.get("CONNECTOR_MID") or []
    return [str(each) for each in (found if isinstance(found, list) else as_rows(found) or [found])]
