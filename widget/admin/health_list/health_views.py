"""The health list and its repair button."""

from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.health_list.checklist import (
    HealthFinding,
    HealthVerdict,
    Topic,
    of_inspection,
    of_lines,
    of_mirrors,
    of_numbering,
    of_reports,
    of_secret,
    of_token,
    of_unclear,
    of_worker,
)
from widget.admin.lines.line_status import ask_all
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.bitrix24.installer.installer import NoAddress
from widget.bitrix24.installer.report import Shown
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.events import UNPROVED


@pages.post("/health")
def show_health() -> ResponseReturnValue:
    """What is in place and what is not. Four calls to the portal, one to each line's gateway."""
    user = administrator()
    return sections.drawn(sections.health(user, _findings(user)))


@pages.post("/health/repair")
def repair() -> ResponseReturnValue:
    """Put in place what is missing; from now on this administrator's token works in the
    background."""
    user = administrator()
    try:
        report = services().bitrix24.installer.repair(user.portal, user.viewer.user_id)
        services().open_lines.setup.mend(user.portal, user.viewer.user_id)
    except NoAddress as error:
        raise Refused(ErrorCode.BROKEN, reason="PUBLIC_URL is not set") from error
    user.note(ChangeKind.REPAIRED)
    user = user.again()
    said = "repaired" if report.complete else "partly_repaired"
    return sections.drawn(sections.health(user, _findings(user), said=said), sections.log(user))


@pages.post("/health/layout")
def show_field() -> ResponseReturnValue:
    """Have the cards show the field, which changes them for all users: asks back first. Three
    calls, one more a layout."""
    confirmed = flag_field(json_body(), "confirmed")
    user = administrator()
    if not confirmed:
        return question("layout")
    try:
        shown = services().bitrix24.installer.show_field(user.portal, user.viewer.user_id)
    except NoAddress as error:
        raise Refused(ErrorCode.BROKEN, reason="PUBLIC_URL is not set") from error
    user.note(ChangeKind.FIELD_SHOWN)
    said = {Shown.ALL: "shown", Shown.ARRANGED: "arranged_shown", Shown.PARTLY: "partly_shown"}[shown]
    return sections.drawn(sections.health(user, _findings(user), said=said), sections.log(user))


def _findings(user: CurrentUser) -> list[HealthFinding]:
    here = services()
    # As they are stored now: what `of` remembers may be older than what the reader has just mended.
    lines = tuple(line for line in here.storage.lines.all_of(user.portal.id) if line.active)
    imported, at = here.phones.numbering.age_of_data()
    installer_id = user.portal.installer_id or user.viewer.user_id
    return [
        *_portal_findings(user),
        of_token(stored=here.storage.tokens.find(user.portal.id, installer_id) is not None),
        of_secret(
            known=bool(here.storage.portals.application_token(user.portal.id)),
            waiting=bool(here.storage.events.unfinished(user.portal.id, UNPROVED)),
        ),
        *of_lines(lines, ask_all(services().gateways, lines)),
        *of_reports(
            lines,
            here.storage.line_health.pasts(user.portal.id),
            public_url=here.infra.config.public_url,
            now=here.infra.clock(),
        ),
        *of_mirrors(here.open_lines.setup.states(user.portal, user.viewer.user_id)),
        *of_unclear(here.storage.sends.count_unclear(user.portal.id)),
        of_worker(here.jobs.last_heartbeat(), here.infra.clock()),
        of_numbering(imported=imported, at=at, weekly=here.infra.config.numbering_update, now=here.infra.clock()),
    ]


def _portal_findings(user: CurrentUser) -> list[HealthFinding]:
    """A portal that cannot be asked now is itself a finding."""
    try:
        return of_inspection(services().bitrix24.installer.inspect(user.portal, user.viewer.user_id))
    except NoAddress:
        return [HealthFinding(Topic.PORTAL, HealthVerdict.UNKNOWN, "no_address")]
    except Refused as refused:
        return [HealthFinding(Topic.PORTAL, HealthVerdict.BAD, refused.code.value)]
