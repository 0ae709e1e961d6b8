"""Open lines: into which of them a line is mirrored, what its settings would do, on and off."""

from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.asking import Asker, administrator
from widget.admin.mirroring import CHOICES, mirror
from widget.admin.pages import pages
from widget.bitrix24.install import NoAddress
from widget.errors import Refusal, Refused
from widget.forms import flag_field, json_body, text_field
from widget.openlines.setting_up import Offer
from widget.services import services
from widget.storage.changes import What
from widget.storage.lines import Line, Mirroring
from widget.untrusted import whole_of


@pages.post("/lines/<int:line_id>/mirror/look")
def look_at_open_lines(line_id: int) -> ResponseReturnValue:
    """The portal's open lines and what the chosen one's settings would do. Two calls; with `again` the permissions are
    asked for anew first."""
    body = json_body()
    asker = administrator()
    line = asker.line(line_id)
    if flag_field(body, "again"):
        _ask_again(asker)
        asker = asker.again()
    chosen = whole_of(body.get("open_line"))
    return sections.drawn(mirror(asker, line, offer=_offer(asker, line, chosen), chosen=chosen))


@pages.post("/lines/<int:line_id>/mirror")
def save_mirror(line_id: int) -> ResponseReturnValue:
    """Mirror the line into an open line, or no more. Six calls to the portal."""
    body = json_body()
    chosen, wanted = whole_of(body.get("open_line")), text_field(body, "mirroring", longest=20)
    mirroring = next((one for one in CHOICES if one.value == wanted), None)
    asker = administrator()
    line = asker.line(line_id)
    if mirroring is None or (mirroring is not Mirroring.OFF and not chosen):
        raise Refused(Refusal.BAD_FORM, reason="mirroring")
    setup = services().open_lines.setup
    try:
        if mirroring is Mirroring.OFF:
            setup.switch_off(asker.portal, asker.viewer.user_id, line)
        else:
            setup.switch_on(asker.portal, asker.viewer.user_id, line, chosen, mirroring)
    except NoAddress as error:
        raise Refused(Refusal.BROKEN, 500, "PUBLIC_URL is not set") from error
    asker.note(What.LINE_MIRROR, line=line.name, old=line.mirroring.value, new=mirroring.value)
    asker, line = asker.again(), asker.line(line_id)
    drawn = mirror(asker, line, offer=_offer(asker, line, 0), said="saved")
    return sections.drawn(drawn, sections.log(asker))


def _offer(asker: Asker, line: Line, chosen: int) -> Offer:
    return services().open_lines.setup.offer(asker.portal, asker.viewer.user_id, line, open_line=chosen)


def _ask_again(asker: Asker) -> None:
    try:
        services().open_lines.setup.ask_again(asker.portal, asker.viewer.user_id)
    except NoAddress as error:
        raise Refused(Refusal.BROKEN, 500, "PUBLIC_URL is not set") from error
