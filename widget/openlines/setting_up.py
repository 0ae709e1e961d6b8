"""Switch mirroring of a line on and off, repair it, and report its state. Everything here may be
repeated."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from widget.bitrix24.installer.desired import OPEN_LINES
from widget.bitrix24.installer.installer import Installer
from widget.errors import ErrorCode, Refused
from widget.openlines.calls import OpenLine, OpenLineCalls
from widget.openlines.greetings import Catch, catches_of
from widget.storage.lines import Line, Lines, Mirroring
from widget.storage.mirrors import Mirrors, Queue
from widget.storage.portals import Portal, Portals

log = logging.getLogger(__name__)

NAME = "WhatsApp"


@dataclass(frozen=True)
class Offer:
    """What an administrator may choose from. `missing` are permissions that the application lacks:
    then nothing."""

    missing: frozenset[str] = frozenset()
    open_lines: tuple[OpenLine, ...] = ()
    catches: tuple[Catch, ...] = ()  # of the open line that is chosen
    taken: Mapping[int, str] = field(default_factory=dict)  # open lines that other lines of ours have, with their names


@dataclass(frozen=True)
class MirrorState:
    """One mirrored line as Bitrix24 and our queue have it. `works` None: Bitrix24 gave no
    answer."""

    line: Line
    works: bool | None
    queue: Queue


class MirrorSetup:
    def __init__(
        self,
        calls: OpenLineCalls,
        installer: Installer,
        portals: Portals,
        lines: Lines,
        mirrors: Mirrors,
        *,
        public_url: str,
    ) -> None:
        self._calls = calls
        self._installer = installer
        self._portals = portals
        self._lines = lines
        self._mirrors = mirrors
        self._public_url = public_url

    def offer(self, portal: Portal, user_id: int, line: Line, *, open_line: int = 0) -> Offer:
        """The portal's open lines, with what the chosen one's settings would do. Two outside calls,
        one where nothing is chosen, none where a permission is known to be missing. Raises
        Refused."""
        missing = OPEN_LINES - portal.scopes
        if missing:
            return Offer(missing=missing)
        found = tuple(self._calls.open_lines(portal, user_id))
        chosen = open_line or line.open_line
        config = self._calls.config(portal, user_id, chosen) if any(one.id == chosen for one in found) else {}
        others = [other for other in self._lines.all_of(portal.id) if other.id != line.id and other.open_line]
        return Offer(frozenset(), found, tuple(catches_of(config)), {other.open_line: other.name for other in others})

    def ask_again(self, portal: Portal, user_id: int) -> Portal:
        """Permissions may have been granted since: the installation is looked at anew, and the
        events of open lines are bound where they can be. Raises Refused and NoAddress. One outside
        call, more where something is missing."""
        self._installer.repair(portal, user_id)
        return self._portals.get(portal.id, refresh=True) or portal

    def switch_on(self, portal: Portal, user_id: int, line: Line, open_line: int, mirroring: Mirroring) -> None:
        """Mirror a line into an open line. Raises Refused: PORTAL_SCOPE where a permission is
        missing, BAD_FORM where another line is mirrored there, PORTAL_FAILED where Bitrix24 takes
        no messages after all. Six outside calls."""
        portal = self.ask_again(portal, user_id)
        if not portal.scopes >= OPEN_LINES:
            raise Refused(ErrorCode.PORTAL_SCOPE, reason=" ".join(sorted(OPEN_LINES - portal.scopes)))
        if any(one.open_line == open_line and one.id != line.id for one in self._lines.all_of(portal.id)):
            raise Refused(ErrorCode.BAD_FORM, reason="open line is taken")
        if line.open_line not in (0, open_line):
            self._calls.switch(portal, user_id, line.open_line, on=False)
            self._mirrors.forget_places(portal.id, line.id)
        self._connect(portal, user_id, line, open_line)
        self._lines.set_mirroring(portal.id, line.id, mirroring, open_line=open_line)
        self._mirrors.hasten_line(portal.id, line.id)
        log.info(
            "mirror.switched portal=%s line=%s open_line=%s mirroring=%s",
            portal.id,
            line.id,
            open_line,
            mirroring.value,
        )

    def switch_off(self, portal: Portal, user_id: int, line: Line) -> None:
        """Remove the connector from the open line, and with the last line from the portal. Chats
        that were made there stay: they are the company's. Raises Refused. Two outside calls."""
        if line.open_line and portal.scopes >= OPEN_LINES:
            self._calls.switch(portal, user_id, line.open_line, on=False)
            if not any(one.open_line for one in self._lines.all_of(portal.id) if one.id != line.id):
                self._calls.unregister(portal, user_id)
        self._lines.set_mirroring(portal.id, line.id, Mirroring.OFF, open_line=0)
        self._mirrors.drop_waiting(portal.id, line.id)
        self._mirrors.forget_places(portal.id, line.id)

    def mend(self, portal: Portal, user_id: int) -> None:
        """Connect every mirrored line whose connector is gone or broken. Raises Refused. A call a
        line, more for those that are mended."""
        for line in self._lines.of(portal.id):
            if line.mirrored and not self._calls.status(portal, user_id, line.open_line).works:
                self._connect(portal, user_id, line, line.open_line)
                self._mirrors.hasten_line(portal.id, line.id)

    def states(self, portal: Portal, user_id: int) -> list[MirrorState]:
        """The state of every line that is to be mirrored. One outside call a line. Never raises
        Refused."""
        lines = [line for line in self._lines.of(portal.id) if line.mirroring is not Mirroring.OFF]
        queues = self._mirrors.queues(portal.id) if lines else {}
        return [MirrorState(line, self._works(portal, user_id, line), queues.get(line.id, Queue())) for line in lines]

    def _works(self, portal: Portal, user_id: int, line: Line) -> bool | None:
        if not line.mirrored:
            return False
        try:
            return self._calls.status(portal, user_id, line.open_line).works
        except Refused as error:
            log.warning("mirror.not_switched portal=%s line=%s error=%s", portal.id, line.id, error.reason)
            return None

    def _connect(self, portal: Portal, user_id: int, line: Line, open_line: int) -> None:
        """In the order of the docs; what was set goes with each switching off, so it is set each
        time."""
        self._calls.register(portal, user_id, name=NAME, handler=f"{self._public_url}/app")
        self._calls.switch(portal, user_id, open_line, on=True)
        number = line.number.removeprefix("+")
        url = f"https://wa.me/{number}" if number else self._public_url
        self._calls.describe(portal, user_id, open_line, name=line.name, number=line.number, url=url)
        if not self._calls.status(portal, user_id, open_line).works:
            raise Refused(ErrorCode.PORTAL_FAILED, reason="connector takes no messages")
