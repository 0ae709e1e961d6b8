"""The time that was chosen for a message: «morning», «hour», or a moment typed as
2027-01-15T10:30."""

import re
from datetime import datetime, time
from zoneinfo import ZoneInfo

from widget.chats.later_shown import zone_of
from widget.context import CardContext
from widget.errors import ErrorCode, Refused
from widget.later.times import MAX_AHEAD, MORNING, at_wall, is_night, moment_of
from widget.storage.chats import Chat

HOUR = 3600.0
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def due_of(context: CardContext, chat: Chat, when: str) -> tuple[float, str]:
    """When it is due (unix seconds), and the time on the client's clock that is meant, "" for a
    moment. A typed moment is one of the client's clock, the employee's where that is not known.

    Raises Refused: LATER_TIME for what is past or too far ahead, LATER_NIGHT, BAD_FORM.
    """
    zones = context.phone_of(chat.client).facts.zones
    due: float | None
    wall = ""
    if when == "morning":
        due, wall = at_wall(zones, MORNING, context.now, context.hours), MORNING
    elif when == "hour":
        due = context.now + HOUR
    elif _MOMENT.fullmatch(when):
        due = _typed_moment(context, chat, when)
    else:
        raise Refused(ErrorCode.BAD_FORM, reason="when")
    if due is None or not context.now < due <= context.now + MAX_AHEAD:
        raise Refused(ErrorCode.LATER_TIME, reason="past or far")
    if is_night(zones, due, context.hours):
        raise Refused(ErrorCode.LATER_NIGHT)
    return due, wall


def _typed_moment(context: CardContext, chat: Chat, when: str) -> float | None:
    try:
        typed = datetime.fromisoformat(when)
        return moment_of(typed.date(), time(typed.hour, typed.minute), ZoneInfo(zone_of(context, chat) or "UTC"))
    except (ValueError, OverflowError):
        return None
