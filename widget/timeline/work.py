"""Tell conversations in timelines. Once a minute in the worker; each comment is made once, even if
a process is killed."""

import logging
from collections.abc import Callable
from functools import partial

from widget.bitrix24.country import language_in
from widget.bitrix24.employees import read_employees
from widget.bitrix24.errors import is_silent
from widget.bitrix24.rest import Rest
from widget.chats.bubbles import Bubble, merge
from widget.chats.message_facts import MessageFacts, merge_facts, read_facts, seen
from widget.errors import AppError, ErrorCode, Refused
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines
from widget.storage.mirrors import Mirrors
from widget.storage.portals import Portal, Portals
from widget.storage.sends import OPEN, Send, SendState
from widget.storage.timelines import MAX_DUE, Record, TimelineMode, Timelines, TimelineSettings
from widget.storage.tries import MAX_ERROR
from widget.timeline.comments import GONE, Comments, Text
from widget.timeline.finding import CardFinder
from widget.timeline.places import Place
from widget.timeline.transcript import Talk, day_of, text_of

log = logging.getLogger(__name__)

MAX_TRIES = 10  # of one comment that the portal refuses though it answers: it would keep all that was said later untold
# Why no conversation of a portal can be told now: that is not the fault of a comment.
OF_ALL = frozenset(
    {
        *(ErrorCode.NO_AUTH, ErrorCode.PORTAL_CLOSED, ErrorCode.PORTAL_PLAN, ErrorCode.PORTAL_UNPAID),
        *(ErrorCode.PORTAL_BLOCKED, ErrorCode.PORTAL_CONFIRM, ErrorCode.PORTAL_SCOPE, ErrorCode.PORTAL_MOVED),
        *(ErrorCode.CROWDED, ErrorCode.STORE_GONE),
    }
)

CommentText = tuple[
    list[Bubble], list[Send], float
]  # what a comment holds, the sends among it, and up to when it is all


class TimelineWork:
    def __init__(
        self,
        timelines: Timelines,
        rest: Rest,
        portals: Portals,
        lines: Lines,
        conversations: Conversations,
        mirrors: Mirrors,
        *,
        writes_itself: Callable[[Portal, Line], bool],
    ) -> None:
        """`writes_itself`: whether the open line of a line of ours keeps its conversations in the
        CRM."""
        self._timelines = timelines
        self._rest = rest
        self._portals = portals
        self._lines = lines
        self._conversations = conversations
        self._mirrors = mirrors
        self._writes_itself = writes_itself
        self._places = CardFinder(rest, conversations.hidden)
        self._comments = Comments(rest, timelines)

    def go(self) -> None:
        """A round over every portal that wants it: what was written lately, and everything where
        old conversations may be left. Two queries where none wants it. Never raises."""
        behind = self._timelines.backlog.take()
        for portal_id, settings in self._timelines.wanted().items():
            portal = self._portals.get(portal_id)
            looked = False
            if portal is not None and portal.is_served:
                looked = self._go(portal, settings, behind=portal_id in behind)
            if portal_id in behind and not looked:
                self._timelines.backlog.put_back(portal_id)

    def _go(self, portal: Portal, settings: TimelineSettings, *, behind: bool) -> bool:
        """Returns whether nothing was left."""
        # A conversation that has to end first is due as much later.
        since = self._timelines.backlog.since(behind=behind) - settings.idle_hours * 3600.0
        try:
            lines = {line.id: line for line in self._lines.kept(portal.id) if self._tells(portal, line)}
        except Refused as error:
            log.warning("timeline.portal_silent portal=%s error=%s", portal.id, error.reason)
            return False
        due = self._timelines.due(portal.id, settings, list(lines), since)
        for chat, held in due:
            if not self._tell_of(portal, settings, lines[chat.line_id], chat, held):
                return False  # it does not answer now, and other portals wait
        return len(due) < MAX_DUE

    def _tells(self, portal: Portal, line: Line) -> bool:
        """Where an open line writes an activity of its own, that is what a card shows. Raises
        Refused where the portal does not answer."""
        return not line.mirrored or not self._writes_itself(portal, line)

    def _tell_of(self, portal: Portal, settings: TimelineSettings, line: Line, chat: Chat, held: float) -> bool:
        """Tell one chat in its card's timeline. Returns False if the portal does not answer."""
        name, begins = f"end-{int(held)}", max(held + 1, settings.since)
        if settings.mode is TimelineMode.DAY:
            begins = self._midnight(self._first_after(chat, begins), settings)
            name = day_of(begins, settings.zone)
        record = self._timelines.take(chat, name, begins)
        if record is None:
            return True
        said: CommentText = [], [], chat.last_at
        try:
            said = self._to_tell(settings, line, chat, record)
            self._tell(portal, settings, line, chat, record, said)
        except AppError as error:
            log.warning("timeline.failed chat=%s attempt=%s error=%s", chat.id, record.attempts + 1, error.reason)
            silent = _is_silent(error)
            hopeless = not silent and error.code not in OF_ALL
            self._fail(record, said, error.reason or error.code.value, hopeless=hopeless)
            return not silent
        except Exception as error:
            log.exception("timeline.broken chat=%s", chat.id)
            self._fail(record, said, type(error).__name__, hopeless=True)
        return True

    def _fail(self, record: Record, said: CommentText, error: str, *, hopeless: bool) -> None:
        # Tries that an outage took are none of a refusal's: it has to say so twice.
        if hopeless and record.attempts + 1 >= MAX_TRIES and record.error == error[:MAX_ERROR]:
            self._timelines.give_up(record, said[-1], error)
        else:
            self._timelines.fail(record, error)

    def _first_after(self, chat: Chat, at: float) -> float:
        """When the first message came that no comment holds: a round may come after midnight."""
        bubbles, _sends = self._said(chat, at)
        return min((bubble.at for bubble in bubbles), default=chat.last_at)

    def _midnight(self, at: float, settings: TimelineSettings) -> float:
        """When the day of a message began, or the choice was made; days are not all of one
        length."""
        today = day_of(at, settings.zone)
        begin, end = at - 26 * 3600.0, at
        while end - begin > 1.0:
            middle = (begin + end) / 2
            begin, end = (begin, middle) if day_of(middle, settings.zone) == today else (middle, end)
        return max(end, settings.since)

    def _tell(
        self, portal: Portal, settings: TimelineSettings, line: Line, chat: Chat, record: Record, said: CommentText
    ) -> None:
        bubbles, sends, told_at = said
        is_placed = bool(record.comment_id) and not record.asked
        found = self._places.find(portal, settings, chat) if bubbles and not is_placed else None
        if not bubbles or not (found or record.comment_id):
            self._timelines.done(record, told_at)  # nothing was said, or the CRM does not know the number
            return
        if found and found.others != record.others:
            record = self._timelines.note(record, found.others)
        client = self._conversations.hidden.titles([chat])[chat.id]
        talk = Talk(line.name, client, record.others, bubbles, self._writers(portal, sends))
        text = partial(text_of, talk, language=language_in(portal), zone=settings.zone)
        users = [send.user_id for send in sends]
        record = self._comments.write(portal, record, found.place if found else None, users, text)
        if found:
            self._comments.bind(portal, record, found.copies)
        beside = {f"{record.name}@{place[0]}": place for place in (found.beside if found else ())}
        for name in beside or self._timelines.beside(record):
            self._tell_beside(portal, chat, record, name, beside.get(name), users, text)
        self._timelines.done(record, told_at)

    def _to_tell(self, settings: TimelineSettings, line: Line, chat: Chat, record: Record) -> CommentText:
        """What a comment holds, the sends among it, and up to when it is all (unix seconds): a
        day's is only that day's, and what stood in an open line before its mirroring ended is told
        there."""
        bubbles, sends = self._said(chat, record.begins_at)
        told_at = max([chat.last_at, *(bubble.at for bubble in bubbles)])
        if settings.mode is TimelineMode.DAY:
            today = [bubble for bubble in bubbles if day_of(bubble.at, settings.zone) == record.name]
            if len(today) < len(bubbles):
                told_at = max((bubble.at for bubble in today), default=told_at)
            bubbles = today
        if not line.mirrored:
            there = self._mirrors.there(chat, record.begins_at)
            bubbles = [bubble for bubble in bubbles if bubble.id not in there]
        return bubbles, sends, told_at

    def _tell_beside(
        self, portal: Portal, chat: Chat, main: Record, name: str, place: Place | None, users: list[int], text: Text
    ) -> None:
        """A comment of its own in a card that no copy can be bound to. What the portal refuses is
        not asked again; what it does not answer is tried again with the main one."""
        record = self._timelines.take(chat, name, main.begins_at)
        if record is None:
            raise Refused(ErrorCode.PORTAL_BUSY, reason="its worker died")
        try:
            if place or record.comment_id:
                self._comments.write(portal, record, place, users, text)
        except Refused as error:
            if _is_silent(error):
                self._timelines.leave(record)
                raise
            log.info("timeline.not_told_beside chat=%s name=%s error=%s", chat.id, name, error.reason)
        self._timelines.done(record, 0.0)

    def _said(self, chat: Chat, since: float) -> tuple[list[Bubble], list[Send]]:
        """The chat's bubbles since a time (unix seconds), from webhooks and from sends of here; and
        those sends."""
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
        """The name of the user who sent each message, by the message's id. One call, none without
        sends from here."""
        users = {send.user_id for send in sends if send.user_id}
        if not users:
            return {}
        try:
            employees = read_employees(self._rest, portal, portal.installer_id, users)
        except Refused:  # the permission for it may be missing: then it is «we»
            return {}
        names = {employee.user_id: employee.name for employee in employees}
        return {send.message_id: names[send.user_id] for send in sends if names.get(send.user_id)}


def _is_silent(error: AppError) -> bool:
    return is_silent(error) and error.reason not in GONE  # some refusals of timelines have no code
