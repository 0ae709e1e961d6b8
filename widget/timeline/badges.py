"""A mark on the card whose client waits for an answer: an activity of ours with a badge, until the
client is answered.

bitrix24/b24restdocs: api-reference/crm/timeline/activities/configurable/*.md.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from widget.bitrix24.clients import ORIGINATOR
from widget.bitrix24.country import language_in
from widget.bitrix24.rest import Rest
from widget.errors import AppError, ErrorCode, Refused
from widget.i18n import catalogue
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Lines
from widget.storage.portals import Portal, Portals
from widget.storage.timelines import Record, Timelines, TimelineSettings
from widget.storage.waits import Filter
from widget.timeline.finding import CardFinder
from widget.untrusted import as_dict, as_positive_int, as_rows

log = logging.getLogger(__name__)

BADGE = "wacard_waits"
MAX_MADE = 20  # of a portal in one round


class WaitingBadges:
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
        """A round over every portal that wants it and has a client who waits, or that has marks
        left. Three queries where there is none. Never raises Refused."""
        wanted = {portal_id: one for portal_id, one in self._timelines.chosen().items() if one.badge}
        marked = self._timelines.marked()
        waits = self._conversations.waits.portals()
        for portal_id in {*(wanted.keys() & waits), *(record.portal_id for record in marked)}:
            portal = self._portals.get(portal_id)
            if portal is None or not portal.is_served:
                continue
            waiting = self._waiting(portal) if portal_id in wanted else {}
            out = {record.chat_id: record for record in marked if record.portal_id == portal_id}
            for chat_id, record in out.items():
                if chat_id not in waiting or record.begins_at != waiting[chat_id].waiting_since:
                    self._try(portal, record.chat_id, partial(self._end, portal, record))
            marked_already = {chat_id for chat_id, record in out.items() if record.comment_id}
            for chat in [chat for chat in waiting.values() if chat.id not in marked_already][:MAX_MADE]:
                self._try(portal, chat.id, partial(self._mark, portal, wanted[portal.id], chat))

    def _waiting(self, portal: Portal) -> dict[int, Chat]:
        """The chats whose clients wait for too long. An open line shows by itself who waits in
        it."""
        lines = [line.id for line in self._lines.of(portal.id) if not line.mirrored]
        too_long = self._clock() - 60.0 * portal.waiting_minutes
        waiting = self._conversations.waits.waiting(portal.id, Filter(tuple(lines)))
        return {chat.id: chat for chat in waiting if chat.waiting_since <= too_long}

    def _try(self, portal: Portal, chat_id: int, work: Callable[[], None]) -> None:
        try:
            work()
        except AppError as error:
            log.warning("badge.failed portal=%s chat=%s error=%s", portal.id, chat_id, error.reason)

    def _mark(self, portal: Portal, settings: TimelineSettings, chat: Chat) -> None:
        """Mark the chat's card, once: an activity that may have been made is looked for by our own
        mark. Four calls at most. Raises Refused."""
        record = self._timelines.take(chat, f"waits-{int(chat.waiting_since)}", chat.waiting_since)
        if record is None:
            return
        try:
            made = self._look_for(portal, record) if record.asked else 0
            found = None if made else self._places.find(portal, settings, chat)
            if found:
                kind, item_id = found.place
                record = self._timelines.ask(record, owner_type=kind, owner_id=item_id, user_id=portal.installer_id)
                self._rest.call(portal, portal.installer_id, "crm.activity.badge.add", _badge(portal))
                nameless = catalogue(language_in(portal)).gettext("Client without a number")
                client = self._conversations.hidden.titles([chat], nameless)[chat.id]
                wanted = {"ownerTypeId": kind, "ownerId": item_id, **_activity(portal, chat, record, client)}
                answer = as_dict(self._rest.call(portal, portal.installer_id, "crm.activity.configurable.add", wanted))
                made = as_positive_int(as_dict(answer.get("activity")).get("id"))
                if not made:
                    raise Refused(ErrorCode.PORTAL_FAILED, reason="no activity id")
        except AppError as error:
            self._timelines.fail(record, error.reason or error.code.value)
            raise
        if made:  # else the CRM is asked for its card when the lease is over
            self._timelines.done(self._timelines.made(record, made), 0.0)

    def _end(self, portal: Portal, record: Record) -> None:
        """Complete an activity: the client was answered, or marks are not wanted any more. Two
        calls at most; a deleted one is gone already."""
        activity = record.comment_id or self._look_for(portal, record)
        try:
            wanted = {"id": activity, "fields": {"completed": True}}
            if activity:
                self._rest.call(portal, portal.installer_id, "crm.activity.configurable.update", wanted)
        except Refused as error:
            if error.reason != "NOT_FOUND":
                raise
        self._timelines.drop(record)

    def _look_for(self, portal: Portal, record: Record) -> int:
        wanted = {"filter": {"ORIGINATOR_ID": ORIGINATOR, "ORIGIN_ID": _mark_of(record)}, "select": ["ID"]}
        rows = as_rows(self._rest.call(portal, portal.installer_id, "crm.activity.list", wanted))
        return next((as_positive_int(as_dict(row).get("ID")) for row in rows), 0)


def _mark_of(record: Record) -> str:
    return f"{record.chat_id}-{record.name}"


def _badge(portal: Portal) -> dict[str, str]:
    gettext = catalogue(language_in(portal)).gettext
    return {"code": BADGE, "title": "WhatsApp", "value": gettext("The client waits"), "type": "warning"}


def _activity(portal: Portal, chat: Chat, record: Record, client: str) -> dict[str, Any]:
    gettext = catalogue(language_in(portal)).gettext
    fields: dict[str, Any] = {
        "typeId": "CONFIGURABLE",
        "completed": False,
        "isIncomingChannel": "Y",  # one like this may have no deadline
        "responsibleId": chat.owner_id or portal.installer_id,
        "badgeCode": BADGE,
        "originatorId": ORIGINATOR,
        "originId": _mark_of(record),
    }
    text = {"type": "text", "properties": {"value": client}}
    body = {"logo": {"code": "comment"}, "blocks": {"number": text}}
    title = gettext("The client waits for an answer in WhatsApp")
    return {"fields": fields, "layout": {"icon": {"code": "comment"}, "header": {"title": title}, "body": body}}
