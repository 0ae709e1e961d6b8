"""The phones of clients who are known by a LID alone: each night the gateways are asked what they
have seen meanwhile.

WhatsApp hears nothing of it. A webhook that tells a phone does the same at once (ingest.py).
"""

import logging
from collections.abc import Sequence

from widget.chats.waiting import Waiting
from widget.gateways.base import GatewayError
from widget.gateways.lines import Gateways
from widget.phones.spellings import spellings
from widget.storage.chats import Chat
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines
from widget.storage.portals import Portals, PortalState

log = logging.getLogger(__name__)


class Unveiling:
    def __init__(self, gateways: Gateways, conversations: Conversations, portals: Portals, lines: Lines) -> None:
        self._gateways = gateways
        self._conversations = conversations
        self._waiting = Waiting(conversations)
        self._portals = portals
        self._lines = lines

    def go(self) -> None:
        """A round over all lines with such clients. One query a portal where there are none; one
        outside call a line, or one a client, by the kind of its gateway. A gateway in trouble is
        asked the next night."""
        for portal in self._portals.all():
            if portal.state is PortalState.ACTIVE:
                for line_id, chats in self._conversations.hidden.by_line(portal.id).items():
                    self._look(self._lines.get(portal.id, line_id), chats)

    def _look(self, line: Line | None, chats: Sequence[Chat]) -> None:
        left = [chat for chat in chats if line and not self._is_known_here(chat)]
        if line and line.active and left:
            self._ask(line, left)

    def _is_known_here(self, hidden: Chat) -> bool:
        """Whether another chat, of any line, has learnt this LID meanwhile, of a check or a list;
        then they are one."""
        phone = self._conversations.hidden.phone_of(hidden.portal_id, hidden.client)
        if phone:
            self._unite(hidden, phone)
        return bool(phone)

    def _ask(self, line: Line, hidden: Sequence[Chat]) -> None:
        try:
            phones = self._gateways.of(line).phones_of([chat.client for chat in hidden])
        except GatewayError as error:
            log.info("unveiling.failed line=%s error=%s", line.id, error.gateway_code.value)
            return
        for chat in hidden:
            if chat.client in phones:
                self._unite(chat, phones[chat.client])

    def _unite(self, hidden: Chat, phone: str) -> None:
        united = self._conversations.hidden.unite(hidden, spellings(phone))
        self._waiting.recount(united)
        log.info("unveiling.found line=%s chat=%s", united.line_id, united.id)
