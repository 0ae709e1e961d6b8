"""Lines: add, test before that, rename, switch off and on, remove, who may use them, how many
checks they may make."""

from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.forms import (
    FieldFault,
    Invalid,
    NewLine,
    Typed,
    Wrong,
    grantees_of,
    limits_of,
    line_of,
    naming_of,
    typed,
)
from widget.admin.lines import line_sections
from widget.admin.lines.line_status import ask
from widget.admin.pages import pages
from widget.admin.portal_views import question
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, text_field
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line, LineLimits, OwnerRule

FIELDS = ("name", "gateway", "address", "session", "key", "number")
MAX_LINES = 40  # the states of all are asked side by side, and a card's batch holds a command for each access list


@pages.post("/lines")
def add_line() -> ResponseReturnValue:
    """Store a new line; the page then asks for its state."""
    values = typed(json_body(), *FIELDS)
    user = administrator()
    try:
        new = _new_line(user, values)
        _refuse_known(user, new)
    except Invalid as invalid:
        return _drawn_again(user, values, invalid)
    added = services().storage.lines.add(
        user.portal.id,
        name=new.name,
        gateway=new.gateway,
        address=new.address,
        session=new.session,
        key=new.key,
        number=new.number,
    )
    user.note(ChangeKind.LINE_ADDED, line=new.name)
    return sections.drawn(line_sections.lines(user, said="line_added", added=added), sections.log(user))


@pages.post("/lines/test")
def test_new_line() -> ResponseReturnValue:
    """Try a line before it is stored: one status call, its result in words."""
    values = typed(json_body(), *FIELDS)
    user = administrator()
    try:
        new = _new_line(user, {**values, "name": values["name"] or "test"})
    except Invalid as invalid:
        return _drawn_again(user, values, invalid)
    line = Line(0, user.portal.id, new.name, new.gateway, new.address, new.session, new.key, new.number)
    return sections.drawn(line_sections.tested(user, ask(services().gateways, line)))


@pages.post("/lines/<int:line_id>/name")
def rename_line(line_id: int) -> ResponseReturnValue:
    """Another name or number, and another key when one is typed."""
    values = typed(json_body(), "name", "number", "key")
    user = administrator()
    line = user.line(line_id)
    try:
        name, number, key = naming_of(values, user.portal.country)
    except Invalid as invalid:
        form = Typed({**values, "key": ""}, invalid.faults)
        return sections.drawn(line_sections.line_item(user, line, part="name", form=form), status=422)
    lines = services().storage.lines
    if key and key != line.key:
        _set_key(line, key)
        user.note(ChangeKind.LINE_KEY, line=line.name)
    lines.rename(user.portal.id, line.id, name=name, number=number)
    user.note(ChangeKind.LINE_NAME, line=line.name, old=line.name, new=name)
    user.note(ChangeKind.LINE_NUMBER, line=name, old=line.number, new=number)
    return _redrawn(user, line_id, part="name")


@pages.post("/lines/<int:line_id>/active")
def switch_line(line_id: int) -> ResponseReturnValue:
    """Off: no card offers it, nothing is checked or sent by it. On again any time."""
    active = flag_field(json_body(), "active")
    user = administrator()
    line = user.line(line_id)
    services().storage.lines.set_active(user.portal.id, line.id, active=active)
    user.note(ChangeKind.LINE_ACTIVE, line=line.name, old=_on(line.active), new=_on(active))
    return _redrawn(user, line_id)


@pages.post("/lines/<int:line_id>/remove")
def remove_line(line_id: int) -> ResponseReturnValue:
    """Remove the line from every list and forget its key; asks back first."""
    confirmed = flag_field(json_body(), "confirmed")
    user = administrator()
    line = user.line(line_id)
    if not confirmed:
        return question("remove", line=line.name)
    services().storage.lines.remove(user.portal.id, line.id)
    user.note(ChangeKind.LINE_REMOVED, line=line.name)
    return sections.drawn(line_sections.lines(user, said="line_removed"), sections.log(user))


@pages.post("/lines/<int:line_id>/access")
def save_access(line_id: int) -> ResponseReturnValue:
    """Say who may use the line; an empty list opens it to every employee."""
    chosen = json_body().get("access")
    user = administrator()
    line = user.line(line_id)
    try:
        access = grantees_of(chosen)
    except Invalid as invalid:
        form = Typed(faults=invalid.faults)
        return sections.drawn(line_sections.line_item(user, line, part="access", form=form), status=422)
    services().storage.lines.set_access(user.portal.id, line.id, access)
    old, new = (", ".join(grantee.name for grantee in who) for who in (line.access, access))
    user.note(ChangeKind.LINE_ACCESS, line=line.name, old=old or "everybody", new=new or "everybody")
    return _redrawn(user, line_id, part="access")


@pages.post("/lines/<int:line_id>/limits")
def save_limits(line_id: int) -> ResponseReturnValue:
    """How many numbers the line may check, and how much it may send; an empty field is the
    service's."""
    values = typed(json_body(), *line_sections.RANGES)
    user = administrator()
    line = user.line(line_id)
    try:
        limits = limits_of(values, usual_per_day=services().infra.config.checks_per_day)
    except Invalid as invalid:
        form = Typed(values, invalid.faults)
        return sections.drawn(line_sections.line_item(user, line, part="limits", form=form), status=422)
    services().storage.lines.set_limits(user.portal.id, line.id, limits)
    user.note(ChangeKind.LINE_LIMITS, line=line.name, old=_pace(line.limits), new=_pace(limits))
    return _redrawn(user, line_id, part="limits")


@pages.post("/lines/<int:line_id>/owner")
def save_owner_rule(line_id: int) -> ResponseReturnValue:
    """Who answers the line's new chats."""
    wanted = text_field(json_body(), "rule", longest=20)
    user = administrator()
    line = user.line(line_id)
    if wanted not in {rule.value for rule in OwnerRule}:
        raise Refused(ErrorCode.BAD_FORM, reason="rule")
    services().storage.lines.set_owner_rule(user.portal.id, line.id, OwnerRule(wanted))
    user.note(ChangeKind.OWNER_RULE, line=line.name, old=line.owner_rule.value, new=wanted)
    return _redrawn(user, line_id, part="owner")


@pages.post("/lines/<int:line_id>/previews")
def save_previews(line_id: int) -> ResponseReturnValue:
    """Whether the gateway may look at links that are sent by the line, and show a picture of
    them."""
    wanted = flag_field(json_body(), "on")
    user = administrator()
    line = user.line(line_id)
    services().storage.lines.set_link_previews(user.portal.id, line.id, on=wanted)
    user.note(ChangeKind.LINK_PREVIEWS, line=line.name, old=_on(line.link_previews), new=_on(wanted))
    return _redrawn(user, line_id, part="previews")


def _new_line(user: CurrentUser, values: dict[str, str]) -> NewLine:
    return line_of(values, user.portal.country, services().gateways.rules)


def _refuse_known(user: CurrentUser, new: NewLine) -> None:
    """Raises Invalid where the same session is a line already, or there are too many."""
    lines = services().storage.lines.all_of(user.portal.id)
    for line in lines:
        if (line.gateway, line.address, line.session) == (new.gateway, new.address, new.session):
            raise Invalid({"session": Wrong(FieldFault.TAKEN, more=line.name)})
    if len(lines) >= MAX_LINES:
        raise Invalid({"name": Wrong(FieldFault.TOO_MANY, high=MAX_LINES)})


def _drawn_again(user: CurrentUser, values: dict[str, str], invalid: Invalid) -> ResponseReturnValue:
    """The form as it was typed, but for the key: that never goes back to a browser."""
    form = Typed({**values, "key": ""}, invalid.faults)
    return sections.drawn(line_sections.add_line(form=form), status=422)


def _redrawn(user: CurrentUser, line_id: int, *, part: str = "") -> ResponseReturnValue:
    line = user.line(line_id)
    item = line_sections.line_item(user, line, part=part, said="saved")
    return sections.drawn(item, sections.log(user))


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
