"""Builds what knows whose a number is, the update of that, and the hours in which clients may be
written to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from widget.phones.hours import Hours
from widget.phones.numbering import Numbering
from widget.phones.updating import Updater


@dataclass(frozen=True)
class PhoneParts:
    """`hours` are the service's, for portals that have none of their own."""

    numbering: Numbering
    updater: Updater
    hours: Hours


class PhoneSettings(Protocol):
    """What of the configuration this room is built with: it stands below the rest."""

    @property
    def numbering_file(self) -> str:
        """The imported registry; "" for the shipped data alone."""

    @property
    def numbering_source(self) -> str: ...

    @property
    def numbering_update(self) -> bool: ...

    @property
    def light_hours(self) -> tuple[int, int, int, int]: ...


def build_phones(config: PhoneSettings, fetch: Callable[[str], bytes], clock: Callable[[], float]) -> PhoneParts:
    """`fetch` gives the body of an address below the registry's source or raises UpdateError."""
    registry = Path(config.numbering_file) if config.numbering_file else None
    updater = Updater(fetch, config.numbering_source, registry, clock, weekly=config.numbering_update)
    return PhoneParts(Numbering(registry), updater, Hours(*config.light_hours))
