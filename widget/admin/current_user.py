"""The user of the application's page, and the log of their changes. Each change asks Bitrix24 anew
whether the user may make it."""

from dataclasses import dataclass, field

from flask import g
from markupsafe import Markup

from widget.bitrix24.crm import Viewer, read_viewer
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.i18n import moment, set_language, when
from widget.services import services
from widget.session import Session
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line
from widget.storage.portals import Portal


@dataclass(frozen=True)
class CurrentUser:
    """A proved user of a portal."""

    portal: Portal
    session: Session
    viewer: Viewer
    _context: CardContext | None = field(default=None, compare=False)

    @property
    def context(self) -> CardContext:
        """The lines that are open to this user, and when. No call but for an administrator's first:
        one batch."""
        return self._context or services().card.door.enter(self.session, self.portal)

    def note(self, what: ChangeKind, *, line: str = "", old: str = "", new: str = "") -> None:
        """Write the change into the log, unless nothing changed."""
        if old != new or not (old or new):
            services().storage.changes.add(
                self.portal.id,
                what,
                user_id=self.viewer.user_id,
                user_name=self.viewer.name,
                line=line,
                old=old,
                new=new,
            )

    def line(self, line_id: int) -> Line:
        """The portal's line, switched off or on. Raises Refused for another portal's, a removed or
        an unknown one."""
        for line in services().storage.lines.all_of(self.portal.id):
            if line.id == line_id:
                return line
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "line")

    def when(self, seconds: float) -> str:
        """Unix seconds as this user reads a time; "" for 0, which is never or not known. Where
        Bitrix24 does not name their zone, the page puts it into the browser's."""
        if not seconds:
            return ""
        at = moment(seconds)
        words = when(at, self.viewer.zone, now=services().now())
        if self.viewer.zone:
            return words
        return Markup('<time datetime="{}" data-local>{}</time>').format(at.isoformat(), words)

    def again(self) -> "CurrentUser":
        """The same user, and the portal as it is stored now."""
        return CurrentUser(services().storage.portals.require(self.session.portal_id), self.session, self.viewer)


def administrator() -> CurrentUser:
    """An administrator of the portal, by Bitrix24's word of this moment. One outside call. Raises
    Refused."""
    session = current_session()
    set_language(session.language)
    viewer = read_viewer(services().bitrix24.rest, g.portal, session.user_id)
    if not viewer.admin:
        raise Refused(ErrorCode.NOT_ADMIN, reason="profile.ADMIN")
    return CurrentUser(g.portal, session, viewer)


def current_user() -> CurrentUser:
    """A user of the portal, as the page was opened; without the number it may have typed. At most
    one batch. Raises Refused."""
    session = current_session().for_number("", 0)
    set_language(session.language)
    return entered(session, g.portal)


def entered(session: Session, portal: Portal) -> CurrentUser:
    """A user who is proved, with what their page knows. At most one batch. Raises Refused."""
    context = services().card.door.enter(session, portal)
    return CurrentUser(portal, session, context.viewer, context)
