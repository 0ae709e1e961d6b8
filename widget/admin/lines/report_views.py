"""Reports of a line's gateway: set up, proved by a first one, set up by hand."""

from flask import make_response
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.lines import line_sections
from widget.admin.lines.line_status import LineStatusText, status_text_of
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body
from widget.gateways.base import GatewayError
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line


@pages.post("/lines/<int:line_id>/webhook")
def set_up_reports(line_id: int) -> ResponseReturnValue:
    """Tell the gateway where to report; the page then waits for the first report. At most three
    calls to it."""
    user = administrator()
    line = _reachable(user, line_id)
    if not line.hook_secret:
        line = _with_new_secret(user, line)
    return _told_to_the_gateway(user, line, done="set_up")


@pages.post("/lines/<int:line_id>/webhook/renew")
def renew_secret(line_id: int) -> ResponseReturnValue:
    """Another address and secret; what the old ones bring is refused from now on, so it asks back
    first."""
    confirmed = flag_field(json_body(), "confirmed")
    user = administrator()
    line = _reachable(user, line_id)
    if not confirmed:
        return question("secret", line=line.name)
    return _told_to_the_gateway(user, _with_new_secret(user, line), done="renewed")


@pages.post("/lines/<int:line_id>/webhook/look")
def look_for_reports(line_id: int) -> ResponseReturnValue:
    """204 until a genuine report has come since the set-up, then how it stands; with `late` in any
    case."""
    late = flag_field(json_body(), "late")
    user = administrator()
    line = user.line(line_id)
    if not (late or line_sections.past_of(user, line).reported_at):
        return make_response("", 204)
    return sections.drawn(
        line_sections.reports(user, line, opened=True, late=late), line_sections.line_steps(user, line)
    )


@pages.post("/lines/<int:line_id>/webhook/reveal")
def reveal_secret(line_id: int) -> ResponseReturnValue:
    """The address and the secret, to set the gateway up by hand. They are in this answer only, and
    the look is logged."""
    user = administrator()
    line = _reachable(user, line_id)
    if not line.hook_secret:
        line = _with_new_secret(user, line)
    user.note(ChangeKind.LINE_HOOK, line=line.name, new="shown")
    drawn = line_sections.reports(user, line, opened=True, secret=line.hook_secret)
    return sections.drawn(drawn, sections.log(user))


def _reachable(user: CurrentUser, line_id: int) -> Line:
    """The line whose reports are set up. Raises Refused without a public address of ours, where the
    page offers none of this."""
    line = user.line(line_id)
    if not services().infra.config.public_url or not line.active:
        raise Refused(ErrorCode.NOT_ALLOWED, 409, "no PUBLIC_URL, or a line that is switched off")
    return line


def _with_new_secret(user: CurrentUser, line: Line) -> Line:
    services().storage.lines.make_hook(user.portal.id, line.id)
    services().storage.line_health.forget_reports(user.portal.id, line.id)
    return user.line(line.id)


def _told_to_the_gateway(user: CurrentUser, line: Line, *, done: str) -> ResponseReturnValue:
    """Tell the gateway where to report. Earlier reports are forgotten before that: only one that
    comes after it proves the way, and the gateway may report before it has answered."""
    services().storage.line_health.forget_reports(user.portal.id, line.id)
    failure: LineStatusText | None = None
    try:
        services().gateways.of(line).set_webhook(line_sections.hook_address(line), line.hook_secret)
    except GatewayError as error:
        failure = status_text_of(error)
    user.note(ChangeKind.LINE_HOOK, line=line.name, new="refused" if failure else done)
    drawn = line_sections.reports(user, line, opened=True, waiting=failure is None, failure=failure)
    return sections.drawn(drawn, line_sections.line_steps(user, line), sections.log(user))
