"""Which line asks (pure): the card's own where it may, else the next that this user may use. One
line a number."""

from collections.abc import Sequence

from widget.storage.lines import Line


def in_order(preferred: Line, others: Sequence[Line]) -> list[Line]:
    """The card's line first, then the others as they stand (oldest first), of the same portal and
    each once.

    They are tried one after another until one is ready and has budget; what it may not ask about is
    not handed on to the next, so that a busy card does not empty every line of the company.
    """
    return [preferred, *(line for line in others if line.id != preferred.id and line.portal_id == preferred.portal_id)]
