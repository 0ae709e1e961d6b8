"""Open lines: into which of them a line is mirrored, what its settings would do, on and off."""

from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.mirror_sections import CHOICES, mirror
from widget.admin.pages import pages
from widget.bitrix24.installer.installer import NoAddress
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, text_field
from widget.openlines.setting_up import Offer
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line, Mirroring
from widget.untrusted import as_positive_int


@pages.post("/lines/<int:line_id>/mirror/look")
def look_at_open_lines(line_id: int) -> ResponseReturnValue:
    """The portal's open lines and what the chosen one's settings would do. Two calls; with `again`
    the permissions are asked for anew first."""
    body = json_body()
    user = administrator()
    line = user.line(line_id)
    if flag_field(body, "again"):
        _ask_again(user)
        user = user.again()
    chosen = as_positive_int(body.get("open_line"))
    return sections.drawn(mirror(user, line, offer=_offer(user, line, chosen), chosen=chosen))


@pages.post("/lines/<int:line_id>/mirror")
def save_mirror(line_id: int) -> ResponseReturnValue:
    """Mirror the line into an open line, or no more. Six calls to the portal."""
    body = json_body()
    chosen, wanted = as_positive_int(body.get("open_line")), text_field(body, "mirroring", longest=20)
    mirroring = next((one for one in CHOICES if one.value == wanted), None)
    user = administrator()
    line = user.line(line_id)
    if mirroring is None or (mirroring is not Mirroring.OFF and not chosen):
        raise Refused(ErrorCode.BAD_FORM, reason="mirroring")
    setup = services().open_lines.setup
    try:
        if mirroring is Mirroring.OFF:
            setup.switch_off(user.portal, user.viewer.user_id, line)
        else:
            setup.switch_on(user.portal, user.viewer.user_id, line, chosen, mirroring)
    except NoAddress as error:
        raise Refused(ErrorCode.BROKEN, reason="PUBLIC_URL is not set") from error
    user.note(ChangeKind.LINE_MIRROR, line=line.name, old=line.mirroring.value, new=mirroring.value)
    user, line = user.again(), user.line(line_id)
    drawn = mirror(user, line, offer=_offer(user, line, 0), said="saved")
    return sections.drawn(drawn, sections.log(user))


def _offer(user: CurrentUser, line: Line, chosen: int) -> Offer:
    return services().open_lines.setup.offer(user.portal, user.viewer.user_id, line, open_line=chosen)


def _ask_again(user: CurrentUser) -> None:
    try:
        services().open_lines.setup.ask_again(user.portal, user.viewer.user_id)
    except NoAddress as error:
        raise Refused(ErrorCode.BROKEN, reason="PUBLIC_URL is not set") from error
