"""Tell conversations in timelines. Once a minute in the worker; each comment is made once, even if a process is
killed."""

import logging
from collections.abc import Callable

from widget.bitrix24.country import language_in
from widget.bitrix24.employees import read_employees
from widget.bitrix24.rest import Rest
from widget.chats.bubbles import Bubble, merge
from widget.chats.message_facts import MessageFacts, merge_facts, read_facts, seen
from widget.errors import AppError, ErrorCode, Refused
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portal, Portals
from widget.storage.sends import OPEN, Send, SendState
from widget.storage.timelines import MAX_DUE, Record, TimelineMode, Timelines, TimelineSettings
from widget.timeline.finding import CardFinder
from widget.timeline.places import NAMES, Chosen
from widget.timeline.transcript import Conversation, day_of, text_of
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

log = logging.getLogger(__name__)

NOT_THEIRS = frozenset({ErrorCode.NO_AUTH, ErrorCode.PORTAL_DENIED})
SILENT = frozenset({ErrorCode.PORTAL_FAILED, ErrorCode.PORTAL_BUSY})


class TimelineWork:
    def __init__(
        self,
        timelines: Timelines,
        rest: Rest,
        portals: Portals,
        lines: Lines,
        conversations: Conversations,
        clock: Callable[[], float],
    ) -> None:
        self._timelines = timelines
        self._rest = rest
        self._portals = portals
        self._lines = lines
        self._conversations = conversations
        self._places = CardFinder(rest, conversations.hidden)
        self._clock = clock

    def go(self) -> None:
        """A round over every portal that wants it: what was written lately, and everything where old conversations may
        be left. Two queries where none wants it. Never raises."""
        behind = self._timelines.backlog.portals()
        for portal_id, settings in self._timelines.wanted().items():
            portal = self._portals.get(portal_id)
            if portal is not None and portal.is_served:
                self._go(portal, settings, behind=portal_id in behind)

    def _go(self, portal: Portal, settings: TimelineSettings, *, behind: bool) -> None:
        # A conversation that has to end first is due as much later.
        since = self._timelines.backlog.since(behind=behind) - settings.idle_hours * 3600.0
        due = self._timelines.due(portal.id, settings, since)
        for chat, held in due:
            if not self._tell_of(portal, settings, chat, held):
                return  # it does not answer now, and other portals wait
        if behind and len(due) < MAX_DUE:
            self._timelines.backlog.end(portal.id)

    def _tell_of(self, portal: Portal, settings: TimelineSettings, chat: Chat, held: float) -> bool:
        """Tell one chat in its card's timeline. Returns False if the portal does not answer."""
        line = next((one for one in self._lines.kept(portal.id) if one.id == chat.line_id), None)
        if line is None or line.mirrored:
            return True  # the open line writes an activity of its own
        if settings.mode is TimelineMode.END:
            name, begins = f"end-{int(held)}", max(held + 1, settings.since)
        else:
            name, begins = day_of(chat.last_at, settings.zone), self._midnight(chat, settings)
        record = self._timelines.take(chat, name, begins)
        if record is None:
            return True
        try:
            self._tell(portal, settings, line, chat, record)
        except AppError as error:
            log.warning("timeline.failed chat=%s attempt=%s error=%s", chat.id, record.attempts + 1, error.reason)
            self._timelines.fail(record, error.reason or error.refusal.value)
            return error.refusal not in SILENT
        except Exception as error:
            log.exception("timeline.broken chat=%s", chat.id)
            self._timelines.fail(record, type(error).__name__)
        return True

    def _midnight(self, chat: Chat, settings: TimelineSettings) -> float:
        """When the day of its last message began, or the choice was made; days are not all of one length."""
        today, at = day_of(chat.last_at, settings.zone), chat.last_at
        begin, end = at - 26 * 3600.0, at
        while end - begin > 1.0:
            middle = (begin + end) / 2
            begin, end = (begin, middle) if day_of(middle, settings.zone) == today else (middle, end)
        return max(end, settings.since)

    def _tell(self, portal: Portal, settings: TimelineSettings, line: Line, chat: Chat, record: Record) -> None:
        bubbles, sends = self._said(chat, record.begins_at)
        if not bubbles:
            self._timelines.done(record, chat.last_at)
            return
        mark = f"№{record.id}"
        found = self._places.find(portal, settings, chat) if not record.comment_id else None
        if not record.comment_id and found is None:
            self._timelines.done(record, chat.last_at)  # the CRM does not know the number
            return
        others = found.others if found else 0
        writers = self._writers(portal, sends)
        client = self._conversations.hidden.titles([chat])[chat.id]
        talk = Conversation(mark, line.name, client, others, bubbles, writers)
        text = text_of(talk, language=language_in(portal), zone=settings.zone)
        if found:
            record = self._make(portal, record, found, text, mark, sends)
        else:
            wanted = {"id": record.comment_id, "fields": {"COMMENT": text}}
            self._rest.call(portal, record.user_id, "crm.timeline.comment.update", wanted)
        self._timelines.done(record, max(chat.last_at, *(bubble.at for bubble in bubbles)))

    def _make(self, portal: Portal, record: Record, found: Chosen, text: str, mark: str, sends: list[Send]) -> Record:
        """A new comment, as the rep who wrote first where they may, else as who installed the application."""
        kind, item_id = found.place
        fields = {"ENTITY_ID": item_id, "ENTITY_TYPE": NAMES[kind]}
        comment_id = self._look_for(portal, record, mark) if record.asked else 0
        users = dict.fromkeys([*(send.user_id for send in sends if send.user_id), portal.installer_id])
        for user_id in users if not comment_id else ():
            record = self._timelines.ask(record, owner_type=kind, owner_id=item_id, user_id=user_id)
            try:
                wanted = {"fields": {**fields, "COMMENT": text}}
                comment_id = as_positive_int(self._rest.call(portal, user_id, "crm.timeline.comment.add", wanted))
                break
            except Refused as error:
                if error.refusal not in NOT_THEIRS or user_id == portal.installer_id:
                    raise
        if not comment_id:
            raise Refused(ErrorCode.PORTAL_FAILED, 502, "no comment id")
        record = self._timelines.made(record, comment_id)
        for copy_kind, copy_id in found.copies:
            bound = {"OWNER_ID": comment_id, "ENTITY_ID": copy_id, "ENTITY_TYPE": NAMES[copy_kind]}
            self._rest.call(portal, record.user_id, "crm.timeline.bindings.bind", {"fields": bound})
        return record

    def _look_for(self, portal: Portal, record: Record, mark: str) -> int:
        """A comment of ours whose answer was lost, by the mark in its first line."""
        where = {"ENTITY_ID": record.owner_id, "ENTITY_TYPE": NAMES[record.owner_type]}
        wanted = {"filter": where, "select": ["ID", "COMMENT"]}
        rows = map(as_dict, as_rows(self._rest.call(portal, portal.installer_id, "crm.timeline.comment.list", wanted)))
        ours = (row for row in rows if as_str(row.get("COMMENT")).partition("\n")[0].endswith(mark))
        return next((as_positive_int(row.get("ID")) for row in ours), 0)

    def _said(self, chat: Chat, since: float) -> tuple[list[Bubble], list[Send]]:
        """The chat's bubbles since a time (unix seconds), from webhooks and from sends of here; and those sends."""
        facts: dict[str, MessageFacts] = {}
        digits = chat.phone.removeprefix("+")
        ids = [*chat.chat_ids, *(f"{digits}@{home}" for home in ("c.us", "s.whatsapp.net") if digits)]
        for message_id, body in self._conversations.messages.of_chat(chat.portal_id, chat.line_id, ids, since=since):
            facts[message_id] = merge_facts(facts.get(message_id, MessageFacts()), read_facts(body))
        sends = self._conversations.sends.recent(chat.portal_id, chat.id, since)
        out = [send for send in sends if send.state not in (*OPEN, SendState.FAILED) and send.text]
        messages = [message for one in facts.values() if (message := seen(one)) and message.at >= int(since)]
        bubbles = merge(sorted(messages, key=lambda message: -message.at), out, facts=facts)
        return [bubble for bubble in bubbles if bubble.at >= int(since)], out

    def _writers(self, portal: Portal, sends: list[Send]) -> dict[str, str]:
        """The name of the user who sent each message, by the message's id. One call, none without sends from here."""
        users = {send.user_id for send in sends if send.user_id}
        if not users:
            return {}
        try:
            employees = read_employees(self._rest, portal, portal.installer_id, users)
        except Refused:  # the permission for it may be missing: then it is «we»
            return {}
        names = {employee.user_id: employee.name for employee in employees}
        return {send.message_id: names[send.user_id] for send in sends if names.get(send.user_id)}
