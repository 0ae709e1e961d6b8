"""Lines: add, test before that, rename, switch off and on, remove, who may use them, how many checks they may make."""

from flask.typing import ResponseReturnValue

from widget.admin import line_sections, sections
from widget.admin.asking import Asker, administrator
from widget.admin.checks import (
    Fault,
    Invalid,
    NewLine,
    Typed,
    Where,
    Wrong,
    grantees_of,
    limits_of,
    line_of,
    naming_of,
    typed,
)
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.admin.told import ask
from widget.forms import flag_field, json_body
from widget.services import services
from widget.storage.changes import What
from widget.storage.lines import Line, LineLimits

FIELDS = ("name", "gateway", "address", "session", "key", "number")
MOST_LINES = 40  # the states of all are asked side by side, and a card's batch holds a command for each access list


@pages.post("/lines")
def add_line() -> ResponseReturnValue:
    """Store a new line; the page then asks for its state."""
    values = typed(json_body(), *FIELDS)
    asker = administrator()
    try:
        new = _new_line(asker, values)
        _refuse_known(asker, new)
    except Invalid as invalid:
        return _drawn_again(asker, values, invalid)
    services().storage.lines.add(
        asker.portal.id,
        name=new.name,
        gateway=new.gateway,
        address=new.address,
        session=new.session,
        key=new.key,
        number=new.number,
    )
    asker.note(What.LINE_ADDED, line=new.name)
    return sections.drawn(line_sections.lines(asker, said="line_added"), sections.log(asker))


@pages.post("/lines/test")
def test_new_line() -> ResponseReturnValue:
    """Try a line before it is stored: one status call, its result in words."""
    values = typed(json_body(), *FIELDS)
    asker = administrator()
    try:
        new = _new_line(asker, {**values, "name": values["name"] or "test"})
    except Invalid as invalid:
        return _drawn_again(asker, values, invalid)
    line = Line(0, asker.portal.id, new.name, new.gateway, new.address, new.session, new.key, new.number)
    return sections.drawn(line_sections.tested(asker, ask(line)))


@pages.post("/lines/<int:line_id>/name")
def rename_line(line_id: int) -> ResponseReturnValue:
    """Another name or number, and another key when one is typed."""
    values = typed(json_body(), "name", "number", "key")
    asker = administrator()
    line = asker.line(line_id)
    try:
        name, number, key = naming_of(values, asker.portal.country)
    except Invalid as invalid:
        form = Typed({**values, "key": ""}, invalid.faults)
        return sections.drawn(line_sections.line_item(asker, line, part="name", form=form), status=422)
    lines = services().storage.lines
    if key and key != line.key:
        _set_key(line, key)
        asker.note(What.LINE_KEY, line=line.name)
    lines.rename(asker.portal.id, line.id, name=name, number=number)
    asker.note(What.LINE_NAME, line=line.name, old=line.name, new=name)
    asker.note(What.LINE_NUMBER, line=name, old=line.number, new=number)
    return _redrawn(asker, line_id, part="name")


@pages.post("/lines/<int:line_id>/active")
def switch_line(line_id: int) -> ResponseReturnValue:
    """Off: no card offers it, nothing is checked or sent by it. On again any time."""
    active = flag_field(json_body(), "active")
    asker = administrator()
    line = asker.line(line_id)
    services().storage.lines.set_active(asker.portal.id, line.id, active=active)
    asker.note(What.LINE_ACTIVE, line=line.name, old=_on(line.active), new=_on(active))
    return _redrawn(asker, line_id)


@pages.post("/lines/<int:line_id>/remove")
def remove_line(line_id: int) -> ResponseReturnValue:
    """Out of every list, its key forgotten; asks back first."""
    confirmed = flag_field(json_body(), "confirmed")
    asker = administrator()
    line = asker.line(line_id)
    if not confirmed:
        return question("remove", line=line.name)
    services().storage.lines.remove(asker.portal.id, line.id)
    asker.note(What.LINE_REMOVED, line=line.name)
    return sections.drawn(line_sections.lines(asker, said="line_removed"), sections.log(asker))


@pages.post("/lines/<int:line_id>/access")
def save_access(line_id: int) -> ResponseReturnValue:
    """Who may use the line; nobody named is everybody."""
    chosen = json_body().get("access")
    asker = administrator()
    line = asker.line(line_id)
    try:
        access = grantees_of(chosen)
    except Invalid as invalid:
        form = Typed(faults=invalid.faults)
        return sections.drawn(line_sections.line_item(asker, line, part="access", form=form), status=422)
    services().storage.lines.set_access(asker.portal.id, line.id, access)
    old, new = (", ".join(grantee.name for grantee in who) for who in (line.access, access))
    asker.note(What.LINE_ACCESS, line=line.name, old=old or "everybody", new=new or "everybody")
    return _redrawn(asker, line_id, part="access")


@pages.post("/lines/<int:line_id>/limits")
def save_limits(line_id: int) -> ResponseReturnValue:
    """How many numbers the line may check, and how much it may send; an empty field is the service's."""
    values = typed(json_body(), *line_sections.RANGES)
    asker = administrator()
    line = asker.line(line_id)
    try:
        limits = limits_of(values, usual_per_day=services().config.checks_per_day)
    except Invalid as invalid:
        form = Typed(values, invalid.faults)
        return sections.drawn(line_sections.line_item(asker, line, part="limits", form=form), status=422)
    services().storage.lines.set_limits(asker.portal.id, line.id, limits)
    asker.note(What.LINE_LIMITS, line=line.name, old=_pace(line.limits), new=_pace(limits))
    return _redrawn(asker, line_id, part="limits")


def _new_line(asker: Asker, values: dict[str, str]) -> NewLine:
    config = services().config
    where = Where(allow_http=config.allow_http, allow_private=config.allow_private_lines)
    return line_of(values, asker.portal.country, where)


def _refuse_known(asker: Asker, new: NewLine) -> None:
    """Raises Invalid where the same session is a line already, or there are too many."""
    lines = services().storage.lines.all_of(asker.portal.id)
    for line in lines:
        if (line.gateway, line.address, line.session) == (new.gateway, new.address, new.session):
            raise Invalid({"session": Wrong(Fault.TAKEN, more=line.name)})
    if len(lines) >= MOST_LINES:
        raise Invalid({"name": Wrong(Fault.TOO_MANY, high=MOST_LINES)})


def _drawn_again(asker: Asker, values: dict[str, str], invalid: Invalid) -> ResponseReturnValue:
    """The form as it was typed, but for the key: that never goes back to a browser."""
    form = Typed({**values, "key": ""}, invalid.faults)
    return sections.drawn(line_sections.add_line(form=form), status=422)


def _redrawn(asker: Asker, line_id: int, *, part: str = "") -> ResponseReturnValue:
    line = asker.line(line_id)
    item = line_sections.line_item(asker, line, part=part, said="saved")
    return sections.drawn(item, sections.log(asker))


def _set_key(line: Line, key: str) -> None:
    lines = services().storage.lines
    lines.add(
        line.portal_id,
        name=line.name,
        gateway=line.gateway,
        address=line.address,
        session=line.session,
        key=key,
        number=line.number,
    )
    lines.set_active(line.portal_id, line.id, active=line.active)


def _on(active: bool) -> str:
    return "on" if active else "off"


def _pace(limits: LineLimits) -> str:
    """«10/3/100/20/20/100/20/1500» in the order of the form, a dash for what is the service's."""
    values = (getattr(limits, name) for name in line_sections.RANGES)
    return "/".join("–" if value is None else f"{value:g}" for value in values)
