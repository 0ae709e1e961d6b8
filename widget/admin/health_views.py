"""The health list and its repair button."""

from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.asking import Asker, administrator
from widget.admin.health import (
    Finding,
    Topic,
    Verdict,
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
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.admin.told import ask_all
from widget.bitrix24.findings import Shown
from widget.bitrix24.install import NoAddress
from widget.errors import Refusal, Refused
from widget.forms import flag_field, json_body
from widget.services import services
from widget.storage.changes import What
from widget.storage.events import UNPROVED


@pages.post("/health")
def show_health() -> ResponseReturnValue:
    """What is in place and what is not. Four calls to the portal, one to each line's gateway."""
    asker = administrator()
    return sections.drawn(sections.health(asker, _findings(asker)))


@pages.post("/health/repair")
def repair() -> ResponseReturnValue:
    """Put in place what is missing; from now on this administrator's token works in the background."""
    asker = administrator()
    try:
        report = services().bitrix24.installer.repair(asker.portal, asker.viewer.user_id)
        services().open_lines.setup.mend(asker.portal, asker.viewer.user_id)
    except NoAddress as error:
        raise Refused(Refusal.BROKEN, 500, "PUBLIC_URL is not set") from error
    asker.note(What.REPAIRED)
    asker = asker.again()
    said = "repaired" if report.complete else "partly_repaired"
    return sections.drawn(sections.health(asker, _findings(asker), said=said), sections.log(asker))


@pages.post("/health/layout")
def show_field() -> ResponseReturnValue:
    """Have the cards show the field, which changes them for everybody: asks back first."""
    confirmed = flag_field(json_body(), "confirmed")
    asker = administrator()
    if not confirmed:
        return question("layout")
    try:
        shown = services().bitrix24.installer.show_field(asker.portal, asker.viewer.user_id)
    except NoAddress as error:
        raise Refused(Refusal.BROKEN, 500, "PUBLIC_URL is not set") from error
    asker.note(What.FIELD_SHOWN)
    said = {Shown.ALL: "shown", Shown.ARRANGED: "arranged_shown", Shown.PARTLY: "partly_shown"}[shown]
    return sections.drawn(sections.health(asker, _findings(asker), said=said), sections.log(asker))


def _findings(asker: Asker) -> list[Finding]:
    here = services()
    # As they are stored now: what `of` remembers may be older than what the reader has just mended.
    lines = tuple(line for line in here.storage.lines.all_of(asker.portal.id) if line.active)
    imported, at = here.numbering.age_of_data()
    installer_id = asker.portal.installer_id or asker.viewer.user_id
    return [
        *_portal_findings(asker),
        of_token(stored=here.storage.tokens.find(asker.portal.id, installer_id) is not None),
        of_secret(
            known=bool(here.storage.portals.application_token(asker.portal.id)),
            waiting=bool(here.storage.events.unfinished(asker.portal.id, UNPROVED)),
        ),
        *of_lines(lines, ask_all(lines)),
        *of_reports(
            lines, here.storage.line_health.pasts(asker.portal.id), public_url=here.config.public_url, now=here.clock()
        ),
        *of_mirrors(here.open_lines.setup.states(asker.portal, asker.viewer.user_id)),
        *of_unclear(here.storage.sends.count_unclear(asker.portal.id)),
        of_worker(here.jobs.last_heartbeat(), here.clock()),
        of_numbering(imported=imported, at=at, weekly=here.config.numbering_update, now=here.clock()),
    ]


def _portal_findings(asker: Asker) -> list[Finding]:
    """A portal that cannot be asked now is itself a finding."""
    try:
        return of_inspection(services().bitrix24.installer.inspect(asker.portal, asker.viewer.user_id))
    except NoAddress:
        return [Finding(Topic.PORTAL, Verdict.UNKNOWN, "no_address")]
    except Refused as refused:
        return [Finding(Topic.PORTAL, Verdict.BAD, refused.refusal.value)]
