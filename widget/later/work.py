"""Send what is due, or ask its author: the worker does it every minute.

A message goes out under the key that it was written with, so a worker that dies in between sends it
no second time.
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from widget.bitrix24.country import language_in
from widget.chats.message_facts import Named
from widget.chats.notifying import Reason
from widget.chats.service import ChatService, key_again
from widget.context import hours_of
from widget.errors import ErrorCode, Refused
from widget.gateways.base import File, GatewayError, LineState, LineStatus
from widget.gateways.lines import Gateways
from widget.i18n import catalogue
from widget.later.authors import Authors
from widget.later.times import at_wall, awake_from, is_early, is_night
from widget.phones.hours import Hours
from widget.phones.numbers import shown
from widget.storage.chats import Chat
from widget.storage.kept_files import KeptFiles
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portal, Portals, PortalState
from widget.storage.scheduled import Scheduled, ScheduledSends
from widget.storage.sends import Send, SendState
from widget.storage.settings import UserSettings

log = logging.getLogger(__name__)

LATE = 3600.0  # seconds after its time for which a message still goes out by itself
GOOD_STATES = (LineState.READY, LineState.RESTRICTED)  # a restricted line writes in chats that exist
# The same message may go out some minutes later.
PASSES = frozenset(
    {
        *(ErrorCode.SENDS_SPENT, ErrorCode.CANNOT_COUNT, ErrorCode.STORE_GONE, ErrorCode.LINE_DOWN),
        *(ErrorCode.PORTAL_BUSY, ErrorCode.PORTAL_FAILED),
    }
)


class Question(Enum):
    """Why an author has to say yes."""

    CLIENT_WROTE = "client_wrote"
    LATE = "late"  # the line, or this service, was down at its time
    LINE_OFF = "line_off"
    REFUSED = "refused"  # the line may not send it (a restriction, a limit), or its author may not write there any more


@dataclass(frozen=True)
class Stored:
    """What is read anew for each message."""

    scheduled: ScheduledSends
    files: KeptFiles
    portals: Portals
    lines: Lines
    settings: UserSettings
    chat: Callable[[int, int], Chat | None]


class LaterWork:
    def __init__(
        self,
        stored: Stored,
        chats: ChatService,
        gateways: Gateways,
        authors: Authors,
        zones_of: Callable[[str], tuple[str, ...]],
        hours: Hours,
        clock: Callable[[], float],
    ) -> None:
        """`zones_of` says where a phone may be; `hours` are the service's, for portals without
        their own."""
        self._stored = stored
        self._chats = chats
        self._gateways = gateways
        self.authors = authors
        self._zones_of = zones_of
        self._hours = hours
        self._clock = clock

    def go(self) -> None:
        """A round over all that is due. One outside call for each message that goes out, besides
        its author's check."""
        for message in self._stored.scheduled.due():
            if self._stored.scheduled.take(message):
                try:
                    self._try(message)
                except Exception:  # the others wait for none
                    log.exception("later.broken line=%s message=%s", message.line_id, message.id)
                    self._stored.scheduled.release(message)

    def reasons(self, portal: Portal) -> Iterator[tuple[tuple[str, int], Reason]]:
        """What authors are told in Bitrix24 while their messages ask. One query."""
        _ = catalogue(portal.language or language_in(portal)).gettext
        words = _("Your message to %(number)s that was to go out later waits for your yes. Open the chat.")
        for message in self._stored.scheduled.asking(portal.id):
            chat = self._stored.chat(portal.id, message.chat_id)
            if chat:
                tag = f"WIDGET|LATER|{message.id}|{message.user_id}"
                # Where a colleague answers now, the number may be one that the author never knew.
                known = chat.phone if chat.owner_id in (0, message.user_id) else ""
                number = shown(known) if known else _("Client without a number")
                yield (tag, message.user_id), Reason(words % {"number": number})

    def end(self, message: Scheduled, sent: Send) -> None:
        """It is sent, or surely not: then its author is asked, and what they say yes to has a key
        of its own."""
        if sent.state is SendState.FAILED:
            self._ask(message, Question.REFUSED, send_key=key_again(sent))
        else:
            self._stored.scheduled.remove(message, busy=True)

    def _try(self, message: Scheduled) -> None:
        stored = self._stored
        portal = stored.portals.get(message.portal_id)
        chat = stored.chat(message.portal_id, message.chat_id)
        line = stored.lines.get(message.portal_id, message.line_id)
        if portal is None or chat is None:  # gone with all that was its own, or just joined with another chat
            stored.scheduled.release(message)
            return
        sent = self._sent(line, chat, message)
        if sent:
            self.end(message, sent)
            return
        question = self._question(portal, line, chat, message)
        if question or line is None:
            self._ask(message, question or Question.LINE_OFF)
        elif due := self._better_time(portal, chat, message):
            stored.scheduled.release(message, due_at=due)
        elif self._is_ready(line):
            self._send(portal, line, chat, message)
        else:
            stored.scheduled.release(message)

    def _sent(self, line: Line | None, chat: Chat, message: Scheduled) -> Send | None:
        """What a worker that died, or its author by hand, has sent of it."""
        if line is None:
            return None
        return self._chats.draft(line, chat, send_key=message.send_key, user_id=message.user_id).known

    def _question(self, portal: Portal, line: Line | None, chat: Chat, message: Scheduled) -> Question | None:
        if line is None or not line.active or portal.state is not PortalState.ACTIVE:
            return Question.LINE_OFF
        if chat.theirs_at > message.since:
            return Question.CLIENT_WROTE
        return Question.LATE if self._clock() > message.due_at + LATE else None

    def _better_time(self, portal: Portal, chat: Chat, message: Scheduled) -> float | None:
        """When it is due instead: the client sleeps, or their clock is behind the time that was
        meant."""
        zones, now, hours = self._zones_of(chat.phone), self._clock(), hours_of(portal, self._hours)
        if message.wall and is_early(zones, message.wall, message.due_at, now):
            return at_wall(zones, message.wall, now, hours)
        return (awake_from(zones, now, hours) or now + LATE) if is_night(zones, now, hours) else None

    def _is_ready(self, line: Line) -> bool:
        status = self._gateways.known(line)
        return isinstance(status, LineStatus) and status.state in GOOD_STATES

    def _send(self, portal: Portal, line: Line, chat: Chat, message: Scheduled) -> None:
        chosen = self._stored.settings.of(message.portal_id, message.user_id)
        try:
            self.authors.check(portal, line, chat, message)
            name = message.user_name if chosen.show_name else ""
            sent = send_as(self._chats, self._stored.files, line, chat, message, name=name, typed=message.typed)
        except GatewayError as error:
            log.info("later.not_read line=%s message=%s error=%s", line.id, message.id, error.gateway_code.value)
            self._stored.scheduled.release(message)
        except Refused as refusal:
            log.info("later.refused line=%s message=%s reason=%s", line.id, message.id, refusal.code.value)
            if refusal.code in PASSES:
                self._stored.scheduled.release(message)
            else:
                self._ask(message, Question.REFUSED)
        else:
            self.end(message, sent)

    def _ask(self, message: Scheduled, question: Question, *, send_key: str = "") -> None:
        log.info("later.asks message=%s question=%s", message.id, question.value)
        self._stored.scheduled.release(message, asks=question.value, send_key=send_key)


def send_as(
    chats: ChatService, files: KeptFiles, line: Line, chat: Chat, message: Scheduled, *, name: str, typed: bool
) -> Send:
    """Send it in its author's name. A chat that had no owner has none by that: since it was kept
    others may have talked there, whom the author may not read. `typed`: a typed number is all that
    brings who sends it to the chat. One outside call. Raises Refused, FILE_GONE too."""
    draft = chats.draft(line, chat, send_key=message.send_key, user_id=message.user_id, name=name)
    answered = Named(*json.loads(message.reply_to)) if message.reply_to else None
    draft = replace(draft, author=message.user_name, owner_id=0, typed=typed, reply_to=answered)
    kept = files.of_scheduled(message.portal_id, [message.id]).get(message.id)
    if kept is None:
        return chats.send(draft, message.text)
    file = files.open(message.portal_id, kept.id)
    if file is None:
        raise Refused(ErrorCode.FILE_GONE, reason="kept file")
    return chats.send_file(draft, File(file.mimetype, file.name, file.body), caption=message.text)
