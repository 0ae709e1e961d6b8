"""What a drawn card is made of (pure): the view, the label of each row, and the occasion on which
it is drawn."""

from dataclasses import dataclass, fields
from datetime import datetime

from widget.card.labels import Label, When, label_of
from widget.card.rows import Row
from widget.card.view import CardView
from widget.storage.lines import Line


@dataclass(frozen=True)
class Occasion:
    """Why a card is drawn. `asking`: the page asks by itself about what is not known, after a
    refresh about all that is not proved. `pressed`: it answers a press; `cost` is what the check
    cost, `checked_by` the line that made it where that is not the card's. `next_check` (unix
    seconds) is 0 for now, None where it cannot be told."""

    asking: bool = False
    pressed: bool = False
    refreshed: bool = False
    cost: int | None = None
    checked_by: Line | None = None
    next_check: float | None = 0.0


@dataclass(frozen=True)
class Drawing:
    view: CardView
    occasion: Occasion
    rows: tuple[tuple[Row, Label], ...]
    to_ask: tuple[str, ...]
    version: str
    zone: str
    now: datetime
    marks: tuple[str, ...] = ()
    states: None = None  # of the lines: the page asks for them when it stands

    def names(self) -> dict[str, object]:
        """The occasion's values by the names that the template uses."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def drawing_of(view: CardView, occasion: Occasion, *, now: datetime, marks: tuple[str, ...] = ()) -> Drawing:
    when = When(now.timestamp(), view.zone)
    any_line = bool(view.lines)
    asked = view.to_renew if occasion.refreshed else view.to_ask
    return Drawing(
        view=view,
        occasion=occasion,
        rows=tuple(
            (row, label_of(row, when, asking=occasion.asking, any_line=any_line, pressed=occasion.pressed))
            for row in view.rows
        ),
        to_ask=tuple(asked) if occasion.asking else (),
        version=view.fingerprint,
        zone=view.zone,
        now=now,
        marks=marks,
    )
