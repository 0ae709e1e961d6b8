"""What a row says of its number's WhatsApp, as a value: look, picture, text, button. One table for
every state.

mypy proves that no reason is forgotten; the template draws the value and decides nothing.
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import ceil
from typing import assert_never

from widget.card.rows import Row
from widget.i18n import clock, date, day, moment, past
from widget.i18n import translate as _
from widget.phones.numbers import Problem
from widget.presence.records import Presence, PresenceAnswer, Source, UnknownReason
from widget.storage.chats import Chat

DAY = 86_400


class Press(Enum):
    """The button of a label."""

    NONE = "none"  # nothing the rep does here changes it
    CHECK = "check"
    TRY_AGAIN = "try_again"
    CHECK_AGAIN = "check_again"  # also an answer that is fresh


class RowStyle(Enum):
    """CSS class and picture."""

    YES = ("is-yes", "message-circle-check")
    NO = ("is-no", "message-circle-x")
    CHECKING = ("is-checking", "loader-circle")
    UNASKED = ("is-unasked", "message-circle-dashed")
    LANDLINE = ("is-landline", "phone")
    INVALID = ("is-invalid", "triangle-alert")
    WAITING = ("is-limit", "hourglass")
    UNCOUNTED = ("is-limit", "circle-alert")
    OFFLINE = ("is-offline", "wifi-off")
    RESTRICTED = ("is-offline", "shield-alert")
    FAILED = ("is-failed", "circle-alert")

    @property
    def style(self) -> str:
        return self.value[0]

    @property
    def icon(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class When:
    """The moment at which a card is drawn, and its reader's zone."""

    now: float  # unix seconds
    zone: str

    def is_today(self, at: float) -> bool:
        return day(moment(at), self.zone) == day(moment(self.now), self.zone)

    def past(self, at: float) -> str:
        """A time that is over: today 14:05, yesterday, 21:53, 30 November."""
        return past(moment(at), self.zone, moment(self.now))

    def coming(self, at: float) -> str:
        """A time to come as it stands after «until»: the reader's day is said where it is not
        today."""
        time = clock(moment(at), self.zone)
        if self.is_today(at):
            return time
        if day(moment(at), self.zone) == day(moment(self.now + DAY), self.zone):
            return _("tomorrow, %(time)s", time=time)
        return f"{date(moment(at), self.zone)}, {time}"


@dataclass(frozen=True)
class Label:
    """`state` is its name for scripts. `until` (unix seconds, 0 without) is when it is over.

    `source` says where a yes comes from or what speaks against a no; `vain` why an answer could not
    be renewed by the press that was just made. `problem` is there instead of a text: why what was
    typed is not a number.
    """

    look: RowStyle
    state: str
    text: str
    press: Press = Press.NONE
    title: str = ""
    source: str = ""
    until: int = 0
    vain: str = ""
    problem: Problem | None = None

    @property
    def button(self) -> str:
        """The words on its button, "" without one."""
        match self.press:
            case Press.NONE:
                return ""
            case Press.CHECK:
                return _("Check")
            case Press.TRY_AGAIN:
                return _("Try again")
            case Press.CHECK_AGAIN:
                return _("Check again")
            case _:
                assert_never(self.press)


def label_of(row: Row, when: When, *, asking: bool, any_line: bool, pressed: bool = False) -> Label:
    """What the row says. `asking`: the page asks by itself about what is not known; `any_line`: a
    line is there to ask; `pressed`: a press has just asked, so that a vain one says why."""
    label = _label(row, when, asking=asking, any_line=any_line)
    if pressed and row.vain:
        return replace(label, vain=why_text(row.presence, when), until=int(row.presence.until))
    return label


def _label(row: Row, when: When, *, asking: bool, any_line: bool) -> Label:
    presence = row.presence
    match presence.answer:
        case PresenceAnswer.YES:
            known = _("Chat exists") if presence.how is Source.CHAT else _("Has WhatsApp")
            source = source_text(presence, row.chat, when)
            return Label(RowStyle.YES, "yes", known, source=source)
        case PresenceAnswer.NO:
            return _not_found(presence, when, any_line=any_line)
        case PresenceAnswer.UNKNOWN:
            return _unknown(row, when, asking=asking)
        case _:
            assert_never(presence.answer)


def _not_found(presence: Presence, when: When, *, any_line: bool) -> Label:
    at = moment(presence.at)
    time = clock(at, when.zone)
    return Label(
        RowStyle.NO,
        "no",
        _("WhatsApp not found at %(time)s", time=time)
        if when.is_today(presence.at)
        else _("WhatsApp not found (%(when)s)", when=when.past(presence.at)),
        Press.CHECK_AGAIN if any_line else Press.NONE,
        title=_("WhatsApp may answer wrongly. You can still write."),
        source=_("a message was refused") if presence.how is Source.SEND else "",
    )


def _unknown(row: Row, when: When, *, asking: bool) -> Label:  # noqa: PLR0912 - one case a reason
    presence = row.presence
    text, until = why_text(presence, when), int(presence.until)

    def label(look: RowStyle, press: Press) -> Label:
        return Label(look, presence.why.value, text, press, until=until)

    match presence.why:
        case UnknownReason.NOT_ASKED if asking:
            return Label(RowStyle.CHECKING, "checking", _("Checking…"))
        case UnknownReason.NOT_ASKED:
            return Label(RowStyle.UNASKED, "not_asked", _("Not checked yet"), Press.CHECK)
        case UnknownReason.LANDLINE:
            return Label(RowStyle.LANDLINE, "landline", _("Landline number"), Press.CHECK)
        case UnknownReason.INVALID:
            return Label(RowStyle.INVALID, "invalid", "", problem=row.item.phone.problem or Problem.EMPTY)
        case UnknownReason.LIMIT | UnknownReason.SAVED:
            return label(RowStyle.WAITING, Press.CHECK)
        case UnknownReason.LINE_UNKNOWN:
            return label(RowStyle.WAITING, Press.TRY_AGAIN)
        case UnknownReason.LINE_DOWN:
            return Label(RowStyle.OFFLINE, "offline", text, Press.TRY_AGAIN, until=until)
        case UnknownReason.RESTRICTED:
            return label(RowStyle.RESTRICTED, Press.NONE)
        case UnknownReason.NO_LINE | UnknownReason.CANNOT_CHECK | UnknownReason.PLAN_ENDED | UnknownReason.CREDENTIALS:
            return label(RowStyle.OFFLINE, Press.NONE)
        case UnknownReason.LEFT_ALONE:
            return label(RowStyle.OFFLINE, Press.TRY_AGAIN)
        case UnknownReason.THROTTLED:  # nothing leaves during a pause
            paused = presence.until > when.now
            return label(RowStyle.WAITING, Press.NONE if paused else Press.TRY_AGAIN)
        case UnknownReason.QUOTA:
            return label(RowStyle.WAITING, Press.NONE)
        case UnknownReason.BUSY:
            return label(RowStyle.WAITING, Press.TRY_AGAIN)
        case UnknownReason.CANNOT_COUNT:
            return label(RowStyle.UNCOUNTED, Press.NONE)
        case UnknownReason.REFUSED | UnknownReason.FAILED:
            return label(RowStyle.FAILED, Press.TRY_AGAIN)
        case _:
            assert_never(presence.why)


def source_text(presence: Presence, chat: Chat | None, when: When) -> str:
    """Where a yes comes from, with its age; "" where there is no more to say."""
    at = when.past(presence.at)
    match presence.how:
        case Source.CHECK:
            minutes = int((when.now - presence.at) // 60)
            if minutes < 1:
                return _("checked just now")
            return _("checked %(minutes)s min ago", minutes=minutes) if minutes < 60 else _("checked %(when)s", when=at)
        case Source.MESSAGE:
            return _("wrote to us %(when)s", when=at)
        case Source.DELIVERED:
            return _("message delivered %(when)s", when=at)
        case Source.CHAT | Source.SEND:
            if chat and chat.last_at:
                return _("last message %(when)s", when=when.past(chat.last_at))
            return _("has a chat, seen %(when)s", when=at) if presence.how is Source.CHAT and presence.at else ""
        case Source.DIALOG:
            return _("talks with an open line of Bitrix24")
        case _:
            assert_never(presence.how)


def why_text(presence: Presence, when: When) -> str:  # noqa: PLR0912 - one case a reason
    """Why a number was not asked about, "" for what is not a failure of asking."""
    waits, until = presence.until > when.now, when.coming(presence.until) if presence.until else ""
    match presence.why:
        case UnknownReason.NOT_ASKED | UnknownReason.LANDLINE | UnknownReason.INVALID:
            return ""
        case UnknownReason.LIMIT:
            seconds = ceil(presence.until - when.now)
            if seconds < 60:
                return _("Check limit, the next in %(seconds)s s", seconds=max(seconds, 1))
            return _("Check limit reached until %(time)s", time=until)
        case UnknownReason.SAVED:
            return _("Few checks are left today, checked only on a click")
        case UnknownReason.LINE_UNKNOWN:
            return _("The line's state is not known yet, not checked")
        case UnknownReason.LINE_DOWN:
            return _("Line is offline, not checked")
        case UnknownReason.RESTRICTED if waits:
            return _("Checks pause until %(time)s: WhatsApp has restricted the line", time=until)
        case UnknownReason.RESTRICTED:
            return _("Line is restricted by WhatsApp, not checked")
        case UnknownReason.THROTTLED if waits:
            return _("Checks pause until %(time)s: WhatsApp asked for a pause", time=until)
        case UnknownReason.THROTTLED if not presence.until:
            return _("The gateway asks for a pause, not checked")
        case UnknownReason.THROTTLED:
            return _("WhatsApp asks for a pause, not checked")
        case UnknownReason.QUOTA:
            return _("The gateway's plan is used up, not checked")
        case UnknownReason.PLAN_ENDED:
            return _("The gateway's plan has ended: tell an administrator")
        case UnknownReason.BUSY:
            return _("The gateway takes no more requests at the moment, not checked")
        case UnknownReason.LEFT_ALONE if waits:
            return _("The gateway does not answer, next try at %(time)s", time=until)
        case UnknownReason.LEFT_ALONE:
            return _("The gateway does not answer, not checked")
        case UnknownReason.CREDENTIALS:
            return _("The gateway does not accept the line's key: tell an administrator")
        case UnknownReason.NO_LINE:
            return _("Not checked: no line")
        case UnknownReason.CANNOT_CHECK:
            return _("The line's gateway cannot check numbers")
        case UnknownReason.CANNOT_COUNT:
            return _("Checks are unavailable for the moment")
        case UnknownReason.REFUSED:
            return _("A message was refused, though the client wrote or was reached lately")
        case UnknownReason.FAILED:
            return _("Check failed")
        case _:
            assert_never(presence.why)
