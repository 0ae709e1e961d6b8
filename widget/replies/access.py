"""Who may use which shared quick reply, and who may change it: like lines, by access lists of
Bitrix24."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping

from cachetools import TTLCache

from widget.bitrix24.access import AccessList, access_commands, granted
from widget.bitrix24.crm import Viewer
from widget.bitrix24.rest import Rest
from widget.errors import Refused
from widget.storage.lines import Grantee, codes_of
from widget.storage.portals import Portal
from widget.storage.replies import SHARED, QuickReply
from widget.timing import timer_of

log = logging.getLogger(__name__)

MAX_LISTS = 40  # different ones of a portal: they are asked about in one batch, which holds 50
REMEMBERED_SECONDS = 60
MAX_REMEMBERED = 20_000

AccessKey = tuple[int, int, AccessList]  # portal, user, list


class ReplyAccess:
    def __init__(self, rest: Rest, clock: Callable[[], float]) -> None:
        self._rest = rest
        self._remembered: TTLCache[AccessKey, bool] = TTLCache(
            MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock)
        )
        self._lock = threading.Lock()

    def usable(self, portal: Portal, viewer: Viewer, found: Collection[QuickReply]) -> list[QuickReply]:
        """Those of the user's own and shared ones that they may use; who may change one may use it.
        One outside call where a list is not remembered; where Bitrix24 does not answer, those alone
        that are for everybody."""
        held = self._held(portal, viewer, [codes for reply in found for codes in (reply.access, reply.editors)])
        return [reply for reply in found if _may_use(reply, viewer, held)]

    def editable(self, portal: Portal, viewer: Viewer, found: Collection[QuickReply]) -> list[QuickReply]:
        """Those that they may change. Costs what `usable` does, and nothing after it."""
        held = self._held(portal, viewer, [reply.editors for reply in found])
        return [reply for reply in found if _may_change(reply, viewer, held)]

    def _held(self, portal: Portal, viewer: Viewer, lists: Iterable[tuple[Grantee, ...]]) -> Mapping[AccessList, bool]:
        """Which of these lists hold the user."""
        wanted = list(dict.fromkeys(codes_of(grantees) for grantees in lists if grantees))[:MAX_LISTS]
        if viewer.admin or not wanted:
            return dict.fromkeys(wanted, True)
        with self._lock:
            known = {codes: self._remembered.get((portal.id, viewer.user_id, codes)) for codes in wanted}
        asked = [codes for codes, held in known.items() if held is None]
        found = {codes: held for codes, held in known.items() if held is not None}
        if not asked:
            return found
        try:
            news = granted(self._rest.batch(portal, viewer.user_id, access_commands(asked)), asked)
        except Refused as refusal:
            log.warning("reply.access_failed portal=%s reason=%s", portal.id, refusal.reason)
            return found
        with self._lock:
            for codes, held in news.items():
                self._remembered[(portal.id, viewer.user_id, codes)] = held
        return {**found, **news}


def lists_of(found: Iterable[QuickReply]) -> set[AccessList]:
    """The different lists that these replies have."""
    both = (grantees for reply in found for grantees in (reply.access, reply.editors))
    return {codes_of(grantees) for grantees in both if grantees}


def _may_use(reply: QuickReply, viewer: Viewer, held: Mapping[AccessList, bool]) -> bool:
    if not reply.access or held.get(codes_of(reply.access), False):
        return True
    return _may_change(reply, viewer, held)


def _may_change(reply: QuickReply, viewer: Viewer, held: Mapping[AccessList, bool]) -> bool:
    if reply.user_id != SHARED:
        return reply.user_id == viewer.user_id
    return viewer.admin or (bool(reply.editors) and held.get(codes_of(reply.editors), False))
