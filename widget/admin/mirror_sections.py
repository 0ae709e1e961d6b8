"""What the page shows of a line's mirror in an open line."""

from flask import render_template

from widget.admin.current_user import CurrentUser
from widget.openlines.setting_up import Offer
from widget.services import services
from widget.storage.lines import Line, Mirroring

CHOICES = (Mirroring.OFF, Mirroring.INCOMING, Mirroring.ON)


def mirror(user: CurrentUser, line: Line, *, offer: Offer | None = None, chosen: int = 0, said: str = "") -> str:
    """The section of a line's mirror; without an `offer` the portal's open lines were not asked for
    yet. One query."""
    queue = services().storage.mirrors.queues(user.portal.id).get(line.id)
    return render_template(
        "admin/_line_mirror.html",
        line=line,
        offer=offer,
        chosen=chosen or line.open_line,
        choices=[choice.value for choice in CHOICES],
        queue=queue,
        possible=bool(services().infra.config.public_url) and line.active,
        said=said,
        when=user.when,
    )
