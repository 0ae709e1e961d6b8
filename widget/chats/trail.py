"""The steps of a send, from its row and its trail (pure): what a press on its tick tells."""

from collections.abc import Sequence
from dataclasses import dataclass

from widget.storage.sends import LOOKED, Send, SendStep

ACCEPTED = "accepted"  # written down here, and the gateway asked right after it


@dataclass(frozen=True)
class TrailStep:
    """One step as it is shown. Looks that found nothing are one step: `times` of them, the last one
    at `at`."""

    at: float
    what: str
    how: str = ""
    detail: str = ""
    times: int = 1


def steps_of(send: Send, steps: Sequence[SendStep]) -> list[TrailStep]:
    """Oldest first, beginning with when it was accepted."""
    shown = [TrailStep(send.created_at, ACCEPTED)]
    for step in steps:
        last = shown[-1]
        if step.what == LOOKED == last.what:
            shown[-1] = TrailStep(step.at, LOOKED, times=last.times + 1)
        else:
            shown.append(TrailStep(step.at, step.what, step.how, step.detail))
    return shown
