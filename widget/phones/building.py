"""Builds what knows whose a number is, the update of that, and the hours in which clients may be written to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.phones.updating import Updater


@dataclass(frozen=True)
class PhoneParts:
    """`hours` are the service's, for portals that have none of their own."""

    numbering: Numbering
    updater: Updater
    hours: Hours


def build_phones(
    file: str, fetch: Callable[[str], bytes], source: str, hours: Hours, clock: Callable[[], float], *, weekly: bool
) -> PhoneParts:
    """`file` is the imported registry, "" for the shipped data alone; `fetch` gives the body of an address below
    `source` or raises UpdateError."""
    registry = Path(file) if file else None
    return PhoneParts(Numbering(registry), Updater(fetch, source, registry, clock, weekly=weekly), hours)
