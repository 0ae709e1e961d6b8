"""What a card's page shows (pure): its rows, its line, its notes; and the fingerprint of that."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from widget.card.rows import KnownPhones, Row, answered, own_line_of, row_of
from widget.context import CardContext, CardPhone, Owner, hours_csv
from widget.phones.facts import Facts
from widget.phones.hours import Hours
from widget.phones.numbers import Phone
from widget.presence.budget import CheckPriority, Remaining
from widget.presence.records import Presence
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.portals import Portal
from widget.storage.settings import Defaults


@dataclass(frozen=True)
class ShownSettings:
    """The portal's settings as a card shows them. They are known without reading the card."""

    country: str
    language: str
    visibility: str
    hours: str
    lines: tuple[tuple[object, ...], ...]
    waiting_minutes: int = 15

    @property
    def fingerprint(self) -> str:
        return _digest(_shown(self))


@dataclass(frozen=True)
class CardView:
    """Everything the page draws.

    `no_line_allowed`: there are lines, but none that this user may use. `left` is the line's budget
    where it was seen lately. `gone` is the line that the page showed until it was switched off or
    removed.
    """

    rows: tuple[Row, ...]
    total: int
    hidden: int
    lines: tuple[Line, ...]
    line: Line | None
    old: bool
    zone: str
    hours: str
    settings: ShownSettings
    no_line_allowed: bool = False
    left: Remaining | None = None
    gone: Line | None = None
    chosen: Defaults = field(default_factory=Defaults)
    admin: bool = False  # the reader

    @property
    def to_ask(self) -> list[str]:
        """Keys of rows that the page may ask about by itself: of which nothing is known, or that
        are out of date."""
        return [row.item.key for row in self.rows if row.priority]

    @property
    def to_press(self) -> list[str]:
        """Keys of rows of which nothing is known."""
        return [row.item.key for row in self.rows if row.priority is CheckPriority.NEW]

    @property
    def to_renew(self) -> list[str]:
        """Keys of rows that a refresh asks about."""
        return [row.item.key for row in self.rows if row.renewable]

    @property
    def fingerprint(self) -> str:
        """A hash that changes with the people, phones, chats or settings of the card. Fields in
        BY_OTHER_MEANS are not in it: an open page follows them by itself and need not be drawn
        anew."""
        rest = [_shown(getattr(self, name)) for name in _SHOWN[CardView]]
        return _digest((_shown(self.rows), rest)) + self.settings.fingerprint


# Fields that are not in the fingerprint, and why: what else brings each to an open page, or that no
# page shows it.
BY_OTHER_MEANS: Mapping[type, Mapping[str, str]] = {
    CardView: {
        "rows": "each by its own fields",
        "settings": "the second half of the fingerprint",
        "lines": "with the settings, and by the question for the lines' states",
        "line": "it is the page that picks it",
        "old": "it is why the page asks",
        "zone": "the reader's own, with the session",
        "hours": "with the settings",
        "no_line_allowed": "follows from the lines, by the question for their states",
        "left": "by each check, and by the question for the lines' states",
        "gone": "it is why the page is drawn",
        "chosen": "the reader's own choices, followed by the next opening",
    },
    Row: {
        "presence": "by checks",
        "local": "by the page's own clock",
        "priority": "by checks",
        "vain": "by checks",
        "last": "by the page's question for news",
    },
    Chat: {
        "id": "not shown",
        "portal_id": "not shown",
        "client": "of its row",
        "chat_ids": "not shown",
        "created_by": "not shown",
        **dict.fromkeys(("answered_at", "waived_at", "waived_by", "recounts", "owner_at", "owner_was"), "not shown"),
        "theirs_at": "not shown",
    },
    Line: dict.fromkeys(
        (
            "portal_id",
            "gateway",
            "address",
            "session",
            "key",
            "access",
            "limits",
            "created_at",
            "hook_key",
            "hook_secret",
            "owner_rule",
        ),
        "not shown",
    ),
    ShownSettings: {},
    CardPhone: {},
    Owner: {},
    Phone: {},
    Facts: {},
}
_SHOWN = {
    kind: tuple(each.name for each in fields(kind) if each.name not in others)
    for kind, others in BY_OTHER_MEANS.items()
}


_PLAIN = frozenset({str, int, float, bool, type(None)})


def settings_of(portal: Portal, lines: tuple[Line, ...], hours: Hours) -> ShownSettings:
    """`lines` are the portal's active ones, also those that are closed to this user."""
    return ShownSettings(
        country=portal.country,
        language=portal.language,
        visibility=portal.visibility.value,
        hours=hours_csv(hours),
        lines=tuple((line.id, line.name, line.number, line.access) for line in lines),
        waiting_minutes=portal.waiting_minutes,
    )


def view_of(
    context: CardContext,
    known: KnownPhones,
    settings: ShownSettings,
    *,
    line_id: int | None = None,
    old: bool = False,
    answers: Mapping[str, Presence] | None = None,
) -> CardView:
    """The card as this user sees it. Its line is the asked one, else that of the first number with
    a chat of its own, else the usual one. `answers` were given just now. Raises Refused for a line
    that this user may not use."""
    rows = tuple(answered(row_of(item, known, context), answers or {}) for item in known.shown)
    return CardView(
        rows=rows,
        total=len(context.card.phones),
        hidden=context.card.hidden,
        lines=context.lines,
        line=line_of(context, known, line_id),
        old=old,
        zone=context.zone,
        hours=hours_csv(context.hours),
        settings=settings,
        no_line_allowed=context.no_line_allowed,
        chosen=known.chosen,
        admin=context.viewer.admin,
    )


def line_of(context: CardContext, known: KnownPhones, line_id: int | None) -> Line | None:
    """The line of `view_of`, without its rows."""
    if line_id is not None:
        return context.line(line_id)
    own = (own_line_of(known.chats.last.get(item.client), context.lines) for item in known.shown)
    return next((line for line in own if line), None) or context.usual_line(known.chosen.line_id)


def with_left(view: CardView, left: Remaining | None) -> CardView:
    return replace(view, left=left)


def _shown(value: object) -> object:
    """What a page shows of a value, as plain values."""
    names = _SHOWN.get(type(value))
    if names is not None:
        return [each if type(each := getattr(value, name)) in _PLAIN else _shown(each) for name in names]
    return [_shown(each) for each in value] if isinstance(value, (tuple, list)) else value


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
