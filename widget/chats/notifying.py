"""Notices in Bitrix24: to who answers a chat when its client waits too long, to administrators when
a line is down or a send has no clear end. Each is told once, and taken back when its reason is
gone.

Only where an administrator has switched them on, and Bitrix24 has granted the permission.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from widget.bitrix24.access import access_commands, granted
from widget.bitrix24.country import language_in
from widget.bitrix24.employees import NOTIFIES, notify, take_back
from widget.bitrix24.errors import said_no
from widget.bitrix24.rest import Rest
from widget.chats.sending import DOWN
from widget.errors import ErrorCode, Refused
from widget.gateways.lines import Gateways
from widget.i18n import catalogue
from widget.storage.conversations import Conversations
from widget.storage.lines import Line, Lines
from widget.storage.notices import Notice, Notices
from widget.storage.portals import Portal, Portals
from widget.storage.staff import Staff

log = logging.getLogger(__name__)

DOWN_SECONDS = 300.0  # of a line, before administrators are told
MAX_TOLD = 20  # notices of one portal in one round


@dataclass(frozen=True)
class Reason:
    """Why an employee is told something, in words; once it has lasted for so many seconds. What
    tells of a client is for those who may use the `line`."""

    words: str
    lasts: float = 0.0
    line: Line | None = None


Reasons = dict[tuple[str, int], Reason]  # by tag and user
MoreReasons = Callable[[Portal], Iterator[tuple[tuple[str, int], Reason]]]


class UsualReasons:
    """Clients who wait for too long, lines that are down, and sends without a clear end."""

    def __init__(
        self,
        lines: Lines,
        gateways: Gateways,
        conversations: Conversations,
        staff: Staff,
        clock: Callable[[], float],
    ) -> None:
        self._lines = lines
        self._gateways = gateways
        self._waits = conversations.waits
        self._hidden = conversations.hidden
        self._sends = conversations.sends
        self._staff = staff
        self._clock = clock

    def of(self, portal: Portal) -> Iterator[tuple[tuple[str, int], Reason]]:
        """What employees of the portal are to know now. Five queries at most; no outside call."""
        lines = {line.id: line for line in self._lines.of(portal.id)}
        yield from self._waiting(portal, lines)
        yield from self._in_trouble(portal, lines)

    def _waiting(self, portal: Portal, lines: dict[int, Line]) -> Iterator[tuple[tuple[str, int], Reason]]:
        employees = self._staff.of(portal.id)
        too_long = self._clock() - 60.0 * portal.waiting_minutes
        _ = _texts(portal)
        words = _("A client waits for your answer: %(number)s, line %(line)s.")
        late = self._waits.owned_since(portal.id, tuple(lines), too_long)
        titles = self._hidden.titles(late, _("Client without a number"))
        for chat in late:
            owner_id, line = chat.owner_id, lines[chat.line_id]
            if owner_id not in employees or employees[owner_id].active:  # who was never here may own a chat by its card
                about = {"number": titles[chat.id], "line": line.name}
                yield (f"WIDGET|WAITS|{chat.id}|{owner_id}", owner_id), Reason(words % about, line=line)

    def _in_trouble(self, portal: Portal, lines: dict[int, Line]) -> Iterator[tuple[tuple[str, int], Reason]]:
        _ = _texts(portal)
        down = [line for line in lines.values() if self._gateways.known_state(line) in DOWN]
        unclear = any(self._sends.count_unclear(portal.id).values())
        for user_id, employee in self._staff.of(portal.id).items():
            if not employee.admin or not employee.active:
                continue
            for line in down:
                words = _("The line %(line)s is not connected to WhatsApp. No message goes out by it.")
                yield (f"WIDGET|LINE|{line.id}|{user_id}", user_id), Reason(words % {"line": line.name}, DOWN_SECONDS)
            if unclear:
                words = _("It is not clear whether some messages were sent. The application's page says how many.")
                yield (f"WIDGET|UNCLEAR|{user_id}", user_id), Reason(words)


class Notifying:
    def __init__(
        self,
        rest: Rest,
        portals: Portals,
        notices: Notices,
        usual: UsualReasons,
        clock: Callable[[], float],
    ) -> None:
        self._rest = rest
        self._portals = portals
        self._notices = notices
        self._usual = usual
        self._clock = clock
        self._more: list[MoreReasons] = []

    def also(self, reasons: MoreReasons) -> None:
        """What another room has to tell employees."""
        self._more.append(reasons)

    def go(self) -> None:
        """A round over the portals that want notices, or have one out. One outside call a notice,
        another one for a line that is not open to all; a portal that refuses is tried in the next
        round."""
        out = self._notices.portals()
        for portal in self._portals.all():
            wanted = portal.notices or portal.id in out
            if wanted and portal.is_served and NOTIFIES in portal.scopes:
                try:
                    self._go(portal, self.reasons(portal) if portal.notices else {})
                except Refused as refusal:
                    log.warning("notices.failed portal=%s reason=%s", portal.id, refusal.reason)

    def reasons(self, portal: Portal) -> Reasons:
        """What employees are to know now. Five queries at most; no outside call."""
        more = (reason for reasons in self._more for reason in reasons(portal))
        return dict([*self._usual.of(portal), *more])

    def _go(self, portal: Portal, reasons: Reasons) -> None:
        out = self._notices.of(portal.id)
        for key, notice in out.items():
            if key not in reasons:
                self._end(portal, notice)
        for tag, user_id in reasons.keys() - out.keys():
            self._notices.begin(portal.id, tag, user_id)
        due = [
            (notice, reasons[key])
            for key, notice in self._notices.of(portal.id).items()
            if key in reasons and not notice.told and self._clock() >= notice.at + reasons[key].lasts
        ]
        for notice, reason in due[:MAX_TOLD]:
            self._tell(portal, notice, reason)

    def _end(self, portal: Portal, notice: Notice) -> None:
        """One that Bitrix24 does not take back is tried again in the next round."""
        if notice.told:
            try:
                take_back(self._rest, portal, portal.installer_id, notice.tag)
            except Refused as refusal:
                return _pass_over(portal, refusal)
        return self._notices.end(portal.id, notice)

    def _tell(self, portal: Portal, notice: Notice, reason: Reason) -> None:
        """Marked before it is told: what was told and not marked would be told every minute."""
        may = self._may_use(portal, notice.user_id, reason.line)
        if may is not None and self._notices.tell(portal.id, notice) and may:
            try:
                notify(self._rest, portal, portal.installer_id, notice.user_id, reason.words, notice.tag)
            except Refused as refusal:
                self._notices.end(portal.id, notice)
                _pass_over(portal, refusal)

    def _may_use(self, portal: Portal, user_id: int, line: Line | None) -> bool | None:
        """None where Bitrix24 does not say. One outside call, none for a line that is open to
        all."""
        if line is None or not line.access_list:
            return True
        try:
            answer = self._rest.batch(portal, user_id, access_commands([line.access_list]))
        except Refused as refusal:
            log.info("notices.access_unknown portal=%s line=%s reason=%s", portal.id, line.id, refusal.reason)
            return None
        return granted(answer, [line.access_list])[line.access_list]


def _pass_over(portal: Portal, refusal: Refused) -> None:
    """What is refused for one notice keeps no other. Raises what is true of all of them."""
    if refusal.code is ErrorCode.PORTAL_SCOPE or not said_no(refusal):
        raise refusal
    log.warning("notices.refused portal=%s reason=%s", portal.id, refusal.reason)


def _texts(portal: Portal) -> Callable[[str], str]:
    return catalogue(language_in(portal)).gettext
