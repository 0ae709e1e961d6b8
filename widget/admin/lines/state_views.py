"""The state of lines: asked, made ready by a QR or a pairing code, a pause of its checks ended
early."""

from flask import make_response
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import administrator
from widget.admin.lines import line_sections
from widget.admin.lines.line_status import ask, ask_all, status_text_of
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body
from widget.gateways.base import GatewayError, Unsupported
from widget.gateways.kinds import capabilities_of
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.line_health import NOTHING


@pages.post("/lines/states")
def show_states() -> ResponseReturnValue:
    """Every line's state as far as it is known; what is old is asked behind the request. No
    call."""
    user = administrator()
    lines = services().storage.lines.all_of(user.portal.id)
    status, pasts = ask_all(services().gateways, lines), services().storage.line_health.pasts(user.portal.id)
    return sections.drawn(
        *(line_sections.line_state(user, line, status[line.id], past=pasts.get(line.id, NOTHING)) for line in lines)
    )


@pages.post("/lines/<int:line_id>/test")
def test_line(line_id: int) -> ResponseReturnValue:
    """Ask a stored line's gateway for its state now."""
    user = administrator()
    line = user.line(line_id)
    return sections.drawn(line_sections.line_state(user, line, ask(services().gateways, line)))


@pages.get("/lines/<int:line_id>/qr")
def show_qr(line_id: int) -> ResponseReturnValue:
    """The picture to scan, fetched through us: the browser never learns where the gateway is."""
    user = administrator()
    picture = services().gateways.of(user.line(line_id)).qr()
    response = make_response(picture.body)
    response.headers["Content-Type"] = picture.mimetype
    return response


@pages.post("/lines/<int:line_id>/pairing")
def show_pairing_code(line_id: int) -> ResponseReturnValue:
    """A code to type on the line's own phone instead of scanning. One call; why there is none is
    said in its place."""
    user = administrator()
    line = user.line(line_id)
    try:
        if not capabilities_of(line.gateway).pairing_code:
            raise Unsupported
        code = services().gateways.of(line).pairing_code(line.number) if line.number else ""
    except GatewayError as error:
        status = status_text_of(error)
        return sections.drawn(line_sections.pairing(line, failure=status, when=user.when(status.until)))
    return sections.drawn(line_sections.pairing(line, code=code))


@pages.post("/lines/<int:line_id>/keep")
def keep_messages(line_id: int) -> ResponseReturnValue:
    """Let a line keep messages that keeps none; asks back first, because it restarts. Two calls,
    and one for its state."""
    confirmed = flag_field(json_body(), "confirmed")
    user = administrator()
    line = user.line(line_id)
    if not line.active or not capabilities_of(line.gateway).keeps_on_request:
        raise Refused(ErrorCode.UNSUPPORTED, reason="keep")
    if not confirmed:
        return question("keep", line=line.name)
    try:
        services().gateways.of(line).keep_messages()
    except GatewayError as error:
        return sections.drawn(line_sections.line_state(user, line, status_text_of(error)))
    user.note(ChangeKind.LINE_KEEPS, line=line.name)
    return sections.drawn(line_sections.line_state(user, line, ask(services().gateways, line)), sections.log(user))


@pages.post("/lines/<int:line_id>/cooldown/end")
def end_cooldown(line_id: int) -> ResponseReturnValue:
    """Let the line check again before its pause is over; asks back first."""
    confirmed = flag_field(json_body(), "confirmed")
    user = administrator()
    line = user.line(line_id)
    past = line_sections.past_of(user, line)
    if past.cooldown_until > services().infra.clock():
        if not confirmed:
            return question("cooldown", line=line.name, why=past.why, until=user.when(past.cooldown_until))
        services().storage.line_health.end_cooldown(user.portal.id, line.id)
        user.note(ChangeKind.LINE_COOLDOWN, line=line.name)
    return sections.drawn(line_sections.line_item(user, line, said="cooldown_ended"), sections.log(user))
