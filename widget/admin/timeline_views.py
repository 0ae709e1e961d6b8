"""Conversations in timelines: whether, where and how an administrator wants them."""

import re
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.forms import FieldFault, Wrong, is_within
from widget.admin.pages import pages
from widget.bitrix24.crm import QUOTE, SMART_INVOICE
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, maybe_text_field, text_field
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.timelines import TimelineMode, TimelineSettings

HOURS = (1, 168)  # of silence after which a conversation has ended
MAX_FUNNELS = 20
FIRST_TYPE = 128  # smart processes are numbered from here on
MAX_TYPES = 12  # of smart processes: all kinds are asked for in one batch
FLAGS = ("deals", "leads", "closed", "copies", "badge")
_LIST = re.compile(r"(\d{1,6}(\s*,\s*\d{1,6})*)?", re.ASCII)
KINDS = {"quotes": QUOTE, "invoices": SMART_INVOICE}


@pages.post("/timeline")
def save_timeline() -> ResponseReturnValue:
    """Save the choice. What was written before is not told."""
    body = json_body()
    mode = next((one for one in TimelineMode if one.value == text_field(body, "mode", longest=10)), None)
    texts = {name: maybe_text_field(body, name, longest=200).strip() for name in ("idle_hours", "funnels", "types")}
    flags, kinds = ({name: flag_field(body, name) for name in names} for names in (FLAGS, KINDS))
    if mode is None:
        raise Refused(ErrorCode.BAD_FORM, reason="mode")
    user = administrator()
    faults = _faults(**texts)
    if faults:
        return sections.drawn(_drawn({**flags, **kinds, **texts, "mode": mode.value}, faults), status=422)
    types = (*(KINDS[name] for name, is_on in kinds.items() if is_on), *_numbers(texts["types"]))
    timelines = services().storage.timelines
    old = timelines.settings(user.portal.id)
    new = TimelineSettings(
        mode,
        **flags,
        funnels=_numbers(texts["funnels"]),
        kinds=types,
        idle_hours=int(texts["idle_hours"]),
        zone=user.viewer.zone,
    )
    timelines.save(user.portal.id, new)
    user.note(ChangeKind.TIMELINE, old=old.mode.value, new=new.mode.value)
    return sections.drawn(timeline(user, said="saved"), sections.log(user))


def timeline(user: CurrentUser, *, said: str = "") -> str:
    """The section as it is stored. One query."""
    stored = services().storage.timelines.settings(user.portal.id)
    flags = {name: getattr(stored, name) for name in FLAGS}
    flags |= {name: kind in stored.kinds for name, kind in KINDS.items()}
    types = [kind for kind in stored.kinds if kind not in KINDS.values()]
    lists = {name: ", ".join(map(str, of)) for name, of in (("funnels", stored.funnels), ("types", types))}
    values = {**flags, **lists, "mode": stored.mode.value, "idle_hours": str(stored.idle_hours)}
    return _drawn(values, {}, said=said)


def _drawn(values: dict[str, Any], faults: dict[str, Wrong], *, said: str = "") -> str:
    return render_template("admin/_timeline.html", values=values, faults=faults, said=said)


def _faults(idle_hours: str, funnels: str, types: str) -> dict[str, Wrong]:
    faults = {}
    if not is_within(idle_hours, HOURS):
        faults["idle_hours"] = Wrong(FieldFault.OUT_OF_RANGE, *HOURS)
    for name, text, most, lowest in (("funnels", funnels, MAX_FUNNELS, 0), ("types", types, MAX_TYPES, FIRST_TYPE)):
        numbers = _numbers(text)
        if not _LIST.fullmatch(text) or min(numbers, default=lowest) < lowest:
            faults[name] = Wrong(FieldFault.NOT_WHOLE, lowest, 999_999)
        elif len(numbers) > most:
            faults[name] = Wrong(FieldFault.TOO_MANY, high=most)
    return faults


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(int, re.findall(r"\d+", text))))
