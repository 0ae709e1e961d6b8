"""What an administrator sees of checks: each line's last day as a picture, and what «everything at
once» would ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from flask import render_template
from markupsafe import Markup

from ratelimit import StorageUnavailable
from widget.admin.budget.day_picture import BOTTOM, HEIGHT, TOP, WIDTH, DayPicture, day_picture
from widget.admin.budget.forecast import Budgeted, CountsByHour, forecast
from widget.admin.current_user import CurrentUser
from widget.presence.budget import CheckPriority, Remaining, window
from widget.services import services
from widget.storage.lines import Line
from widget.storage.portals import Visibility
from widget.storage.usage import DAYS_KEPT, HOUR, Counts


@dataclass(frozen=True)
class BudgetDay:
    """One day of the reader's calendar (`at` is a moment in it), and what one line did."""

    at: float
    checks: int
    sent: int
    received: int


@dataclass(frozen=True)
class LineChecks:
    """`left` is None where checks cannot be counted now."""

    line: Line
    left: Remaining | None
    picture: DayPicture
    days: list[BudgetDay]


def checks(user: CurrentUser) -> str:
    """The section with the last day of every active line. One query, and two round trips at most
    for each line."""
    here = services()
    hours, zone = _hours(user), zone_of(user)
    lines = [_line_checks(line, hours, zone) for line in here.storage.lines.of(user.portal.id)]
    return render_template(
        "admin/_checks.html",
        lines=lines,
        zone=user.viewer.zone,
        frame={"width": WIDTH, "height": HEIGHT, "top": TOP, "bottom": BOTTOM},
    )


def what_always_asks(user: CurrentUser) -> Markup:
    """The forecast as the question shows it. One query, and one for each line's pauses at most."""
    here = services()
    lines = {line.id: line for line in here.storage.lines.of(user.portal.id)}
    outlook = forecast(
        _hours(user),
        [Budgeted(line.id, partial(_page_may_ask, line)) for line in lines.values()],
        now=here.infra.clock(),
        zone=zone_of(user),
        shown_at_once=user.portal.visibility is not Visibility.BUTTON,
    )
    return Markup(  # noqa: S704 - drawn by our own template
        render_template("admin/_forecast.html", outlook=outlook, lines=lines, share=CheckPriority.NEW.share)
    )


def zone_of(user: CurrentUser) -> tzinfo:
    return ZoneInfo(user.viewer.zone) if user.viewer.zone else UTC


def _hours(user: CurrentUser) -> CountsByHour:
    here = services()
    return here.storage.usage.hours(user.portal.id, since=here.storage.usage.hour() - DAYS_KEPT * 24)


def _page_may_ask(line: Line, sent: int) -> int:
    """Checks that a page makes by itself in 24 hours in which the line sent so many messages, as
    its terms are now."""
    return window(services().presence.check_budget.allowed(line, sent=sent), CheckPriority.NEW).limit


def _line_checks(line: Line, hours: CountsByHour, zone: tzinfo) -> LineChecks:
    here = services()
    try:
        left = here.presence.check_budget.remaining(line)
    except StorageUnavailable:
        left = None
    own = {hour: counts for (line_id, hour), counts in hours.items() if line_id == line.id}
    picture = day_picture(own, until=here.storage.usage.hour(), budget=left.allowed if left else None)
    return LineChecks(line, left, picture, _days(own, zone))


def _days(own: Mapping[int, Counts], zone: tzinfo) -> list[BudgetDay]:
    """The days on which something happened, the newest first."""
    days: dict[date, list[tuple[int, Counts]]] = {}
    for hour, counts in own.items():
        days.setdefault(datetime.fromtimestamp(hour * HOUR, zone).date(), []).append((hour, counts))
    return [
        BudgetDay(
            at=min(hour for hour, _counts in of_day) * float(HOUR),
            checks=sum(counts.checks for _hour, counts in of_day),
            sent=sum(counts.sent for _hour, counts in of_day),
            received=sum(counts.received for _hour, counts in of_day),
        )
        for _date, of_day in sorted(days.items(), reverse=True)
    ]
