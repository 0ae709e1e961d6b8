"""Conversations in timelines: whether, where and how an administrator wants them."""

import re
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.forms import FieldFault, Wrong, is_within
from widget.admin.pages import pages
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, maybe_text_field, text_field
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.timelines import TimelineMode, TimelineSettings

HOURS = (1, 168)  # of silence after which a conversation has ended
MAX_FUNNELS = 20
FLAGS = ("deals", "leads", "closed", "copies", "badge")


@pages.post("/timeline")
def save_timeline() -> ResponseReturnValue:
    """Save the choice. What was written before is not told."""
    body = json_body()
    mode = next((one for one in TimelineMode if one.value == text_field(body, "mode", longest=10)), None)
    hours, funnels = (maybe_text_field(body, name, longest=200).strip() for name in ("idle_hours", "funnels"))
    flags = {name: flag_field(body, name) for name in FLAGS}
    if mode is None:
        raise Refused(ErrorCode.BAD_FORM, 422, "mode")
    user = administrator()
    faults = _faults(hours, funnels)
    if faults:
        typed = {**flags, "mode": mode.value, "idle_hours": hours, "funnels": funnels}
        return sections.drawn(_drawn(typed, faults), status=422)
    chosen = tuple(int(one) for one in re.findall(r"\d+", funnels))
    timelines = services().storage.timelines
    old = timelines.settings(user.portal.id)
    new = TimelineSettings(mode, funnels=chosen, idle_hours=int(hours), zone=user.viewer.zone, **flags)
    timelines.save(user.portal.id, new)
    user.note(ChangeKind.TIMELINE, old=old.mode.value, new=new.mode.value)
    return sections.drawn(timeline(user, said="saved"), sections.log(user))


def timeline(user: CurrentUser, *, said: str = "") -> str:
    """The section as it is stored. One query."""
    stored = services().storage.timelines.settings(user.portal.id)
    flags = {name: getattr(stored, name) for name in FLAGS}
    funnels = ", ".join(map(str, stored.funnels))
    values = {**flags, "mode": stored.mode.value, "idle_hours": str(stored.idle_hours), "funnels": funnels}
    return _drawn(values, {}, said=said)


def _drawn(values: dict[str, Any], faults: dict[str, Wrong], *, said: str = "") -> str:
    return render_template("admin/_timeline.html", values=values, faults=faults, said=said)


def _faults(hours: str, funnels: str) -> dict[str, Wrong]:
    faults = {}
    if not is_within(hours, HOURS):
        faults["idle_hours"] = Wrong(FieldFault.OUT_OF_RANGE, *HOURS)
    if not re.fullmatch(r"(\d{1,6}(\s*,\s*\d{1,6})*)?", funnels, re.ASCII):
        faults["funnels"] = Wrong(FieldFault.NOT_WHOLE, 0, 999_999)
    elif funnels.count(",") >= MAX_FUNNELS:
        faults["funnels"] = Wrong(FieldFault.TOO_MANY, high=MAX_FUNNELS)
    return faults
