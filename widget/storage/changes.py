"""The log of settings: who changed what, when, from what to what. Never a key."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sqlalchemy import Engine, insert, select

from widget.storage.pruning import prune
from widget.storage.rows import reader
from widget.storage.schema import changes

SHOWN = 50
KEPT_DAYS = 365.0
DAY = 86_400


class ChangeKind(Enum):
    """What was changed. The value is stored, and what the page's texts are keyed by."""

    VISIBILITY = "visibility"
    HOURS = "hours"
    TIMELINE = "timeline"
    COUNTRY = "country"
    LANGUAGE = "language"
    LINE_ADDED = "line_added"
    LINE_NAME = "line_name"
    LINE_NUMBER = "line_number"
    LINE_KEY = "line_key"  # that it was changed, never to what
    LINE_ACTIVE = "line_active"
    LINE_ACCESS = "line_access"
    LINE_LIMITS = "line_limits"
    LINE_KEEPS = "line_keeps"  # it was told to keep messages
    LINE_HOOK = "line_hook"  # how its reports are proved; never by what
    LINE_COOLDOWN = "line_cooldown"  # ended by hand
    LINE_MIRROR = "line_mirror"  # what of it stands in an open line
    LINE_REMOVED = "line_removed"
    REPAIRED = "repaired"
    FIELD_SHOWN = "field_shown"  # the layouts of cards were changed, for all users
    OWN_LINE = "own_line"
    OWN_NAME = "own_name"
    OWNER_RULE = "owner_rule"
    LINK_PREVIEWS = "link_previews"
    WAITING = "waiting"  # the minutes after which a waiting client is shown in red
    IGNORED = "ignored"
    IGNORED_ENDED = "ignored_ended"
    NOTICES = "notices"
    CARD_FIELDS = "card_fields"  # which facts of conversations go into fields of cards
    REPLIES = "replies"  # shared quick replies
    LATER = "later"  # how many messages of a line wait for one hour


@dataclass(frozen=True)
class Change:
    """`line` is the name it had then, "" where none is meant; `old` and `new` are values as a
    template reads them."""

    user_id: int
    user_name: str
    at: float
    what: ChangeKind
    line: str
    old: str
    new: str


class Changes:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def add(
        self,
        portal_id: int,
        what: ChangeKind,
        *,
        user_id: int,
        user_name: str,
        line: str = "",
        old: str = "",
        new: str = "",
    ) -> None:
        """Write a change into the log. One statement."""
        detail = {"line": line, "old": old, "new": new}
        with self._engine.begin() as connection:
            connection.execute(
                insert(changes).values(
                    portal_id=portal_id,
                    user_id=user_id,
                    user_name=user_name,
                    at=self._clock(),
                    what=what.value,
                    detail=json.dumps(detail, ensure_ascii=False),
                )
            )

    def latest(self, portal_id: int, most: int = SHOWN) -> list[Change]:
        """The newest first. One query."""
        query = select(changes).where(changes.c.portal_id == portal_id).order_by(changes.c.id.desc()).limit(most)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        known = {what.value for what in ChangeKind}
        return [
            _change(row)
            for row in rows
            if row["what"] in known  # a newer version may have written others
        ]

    def forget_old(self) -> int:
        """Delete what was changed more than a year ago. Returns how many."""
        old = changes.c.at < self._clock() - KEPT_DAYS * DAY
        return prune(self._engine, changes, old)


def _in_detail(name: str) -> Callable[[str], str]:
    return lambda stored: str(json.loads(stored).get(name, ""))


_DETAIL = ("line", "old", "new")
_change = reader(
    Change,
    changes,
    columns=dict.fromkeys(_DETAIL, "detail"),
    what=ChangeKind,
    **{name: _in_detail(name) for name in _DETAIL},
)
