"""What the page shows of lines: the list, one line with its parts, its state, its reports, the form
for another."""

from typing import Any

from flask import render_template
from markupsafe import Markup

from widget.admin.current_user import CurrentUser
from widget.admin.forms import (
    ADVISED_PER_DAY,
    BURST,
    EVERY,
    FIRSTS,
    FLOOR,
    PER_DAY,
    SENDS,
    YOUNG_PER_DAY,
    Typed,
)
from widget.admin.lines.line_status import LineStatusText
from widget.admin.lines.reports import ReportsState, way_of
from widget.admin.lines.setup import step_of
from widget.admin.mirror_sections import mirror
from widget.gateways.kinds import KINDS, capabilities_of
from widget.presence.budget import DAY
from widget.services import services
from widget.storage.line_health import NOTHING, LinePast
from widget.storage.lines import Line, LineLimits

RANGES = {
    "burst": BURST,
    "every": EVERY,
    "per_day": PER_DAY,
    "floor": FLOOR,
    "young_per_day": YOUNG_PER_DAY,
    "firsts_per_day": FIRSTS,
    "young_firsts_per_day": FIRSTS,
    "sends_per_day": SENDS,
}
WAIT_SECONDS = 30  # for the first report after a set-up


def lines(user: CurrentUser, *, said: str = "", added: int = 0) -> str:
    """All lines and the form for another one. Without their states: those are asked for by the
    page, which goes on setting up the line that was `added` just now."""
    found, pasts = (
        services().storage.lines.all_of(user.portal.id),
        services().storage.line_health.pasts(user.portal.id),
    )
    items = [
        Markup(line_item(user, line, past=pasts.get(line.id, NOTHING), fresh=line.id == added))  # noqa: S704 - ours
        for line in found
    ]
    form = Markup(add_line(opened=not found))  # noqa: S704 - drawn by our own template
    return render_template("admin/_lines.html", items=items, form=form, said=said)


def add_line(*, form: Typed | None = None, opened: bool = True) -> str:
    """The form for a new line, as it was typed."""
    form = form or Typed()
    chosen = form.values.get("gateway", "")
    kind = chosen if chosen in KINDS else next(iter(KINDS))
    return render_template("admin/_line_add.html", form=form, kinds=KINDS, chosen=kind, opened=opened)


def line_item(
    user: CurrentUser,
    line: Line,
    *,
    part: str = "",
    form: Typed | None = None,
    said: str = "",
    past: LinePast | None = None,
    fresh: bool = False,
) -> str:
    """One line with all that can be changed about it. `part` is the one of its parts that stands
    open."""
    config, now = services().infra.config, services().infra.clock()
    past = past or past_of(user, line)
    form = form or Typed()
    return render_template(
        "admin/_line.html",
        line=line,
        part=part,
        fresh=fresh,
        values={"name": line.name, "number": line.number, **_typed(line.limits), **form.values},
        faults=form.faults,
        usual={
            "burst": config.check_burst,
            "every": f"{config.check_every:g}",
            "per_day": config.checks_per_day,
            "floor": config.checks_floor,
            "young_per_day": config.young_checks_per_day,
            "firsts_per_day": config.firsts_per_day,
            "young_firsts_per_day": config.young_firsts_per_day,
            "sends_per_day": config.sends_per_day,
        },
        ranges=RANGES,
        advised=ADVISED_PER_DAY,
        cooling=past.cooldown_until > now,
        halved=past.halved_until > now,
        young_days=config.young_days,
        young=now < line.created_at + config.young_days * DAY,
        past=past,
        when=user.when,
        mirror=Markup(mirror(user, line)),  # noqa: S704 - drawn by our own template
        reports=Markup(reports(user, line, past=past)),  # noqa: S704 - drawn by our own template
        said=said,
    )


def line_state(user: CurrentUser, line: Line, status: LineStatusText, *, past: LinePast | None = None) -> str:
    """The line's state, and what is left of its set-up: two fragments. No call; one query without
    its `past`."""
    facts = _setup(user, line, status, past)
    return "\n".join(render_template(name, **facts) for name in ("admin/_line_state.html", "admin/_line_steps.html"))


def line_steps(user: CurrentUser, line: Line) -> str:
    """What is left of the line's set-up, by the state that is known of it. One query, no call."""
    status = LineStatusText(services().gateways.known_state(line).value)
    return render_template("admin/_line_steps.html", **_setup(user, line, status))


def _setup(user: CurrentUser, line: Line, status: LineStatusText, past: LinePast | None = None) -> dict[str, Any]:
    past = past or past_of(user, line)
    way = _way(line, past)
    return {
        "line": line,
        "state": status,
        "can": capabilities_of(line.gateway),
        "when": user.when,
        "way": way,
        "step": step_of(line, status, way, past),
    }


def _way(line: Line, past: LinePast) -> ReportsState:
    return way_of(line, past, public_url=services().infra.config.public_url, now=services().infra.clock())


def pairing(line: Line, *, code: str = "", failure: LineStatusText | None = None, when: str = "") -> str:
    """The fragment with the code to type on the phone, or why there is none."""
    return render_template("admin/_pairing.html", line=line, code=code, failure=failure, until=when)


def tested(user: CurrentUser, status: LineStatusText) -> str:
    """The result of testing a line that is not stored yet."""
    return render_template("admin/_tested.html", state=status, when=user.when)


def reports(
    user: CurrentUser,
    line: Line,
    *,
    past: LinePast | None = None,
    opened: bool = False,
    waiting: bool = False,
    late: bool = False,
    failure: LineStatusText | None = None,
    secret: str = "",
) -> str:
    """The fragment on whether reports arrive, and how to set them up. `secret` is in it only after
    the press to see it."""
    past = past or past_of(user, line)
    config = services().infra.config
    way = _way(line, past)
    return render_template(
        "admin/_line_reports.html",
        line=line,
        way=way,
        known=bool(line.hook_secret),
        possible=bool(config.public_url) and way is not ReportsState.OFF,
        past=past,
        lost=services().gateways.states.lost(line.id),
        opened=opened,
        waiting=waiting and WAIT_SECONDS,
        late=late,
        failure=failure,
        secret=secret,
        address=hook_address(line) if secret else "",
        when=user.when,
    )


def hook_address(line: Line) -> str:
    """Where the line's gateway is to report."""
    return f"{services().infra.config.public_url}/hooks/gateway/{line.hook_key}"


def past_of(user: CurrentUser, line: Line) -> LinePast:
    """What is known of the line's messages and reports. One query."""
    return services().storage.line_health.pasts(user.portal.id).get(line.id, NOTHING)


def _typed(own: LineLimits) -> dict[str, str]:
    """A line's own limits as they would be typed; empty is the service's."""
    values = {name: getattr(own, name) for name in RANGES}
    return {name: "" if value is None else f"{value:g}" for name, value in values.items()}
