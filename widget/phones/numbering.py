"""Whose Russian number this is and where: the imported registry first, then the shipped data."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from .operators import Operator, operator_named
from .regions import Region, regions_named, zones_of
from .registry import ImportReport, Registry, RegistryError, RegistryRow, import_registry
from .shipped import block_of, counted_at

__all__ = ["ImportReport", "Numbering", "Range", "RegistryError", "import_registry"]

_RUSSIAN = re.compile(r"\+7[0-9]{10}")  # or Kazakh, which no Russian plan holds
_NOWHERE: tuple[int, int] = (0, 0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Range:
    """What a numbering plan says of one number; "" and () where it says nothing. A fact that is not
    sure is probable."""

    regions: tuple[Region, ...]
    operator: Operator | None
    zones: tuple[str, ...]
    regions_sure: bool = True
    operator_sure: bool = True


class Numbering:
    """Give it the file that `import_registry` writes; without one, or before the first import, the
    shipped data serves.

    An import is noticed at the next look-up: each costs one `stat` (2 µs), and no worker needs a
    restart.
    """

    def __init__(self, registry: Path | None = None) -> None:
        self._path = registry
        self._opened: tuple[tuple[int, int], Registry | None] = (_NOWHERE, None)

    def find(self, e164: str) -> Range | None:
        """The range that holds the number; None if it is not Russian, or nothing is known of its
        range."""
        if not _RUSSIAN.fullmatch(e164):
            return None
        registry = self._registry()
        if registry and e164[2:5] in registry.codes:
            row = registry.find(int(e164[2:]))
            return _in_registry(row) if row else None
        block = block_of(e164)
        if block is None:
            return None
        return Range(block.regions, block.operator, block.zones, block.regions_sure, block.operator_sure)

    def knows(self, e164: str) -> bool:
        """Whether the registry assigns this number to an operator. Shipped figures vouch for no
        single number."""
        registry = self._registry()
        return bool(registry and _RUSSIAN.fullmatch(e164) and registry.find(int(e164[2:])))

    def age_of_data(self) -> tuple[bool, float]:
        """Whether an imported registry is in use, and the unix time that its data, or the shipped
        figures, are of."""
        return (True, self._opened[0][1] / 1e9) if self._registry() else (False, counted_at())

    def _registry(self) -> Registry | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns)
        except OSError:
            seen = _NOWHERE
        if seen != self._opened[0]:
            self._opened = (seen, self._open(self._path) if seen != _NOWHERE else None)
        return self._opened[1]

    @staticmethod
    def _open(path: Path) -> Registry | None:
        try:
            return Registry(path)
        except (RegistryError, OSError, ValueError, KeyError) as error:
            log.warning("numbering.registry_unusable error=%s", error)  # once for each new file
            return None


def _in_registry(row: RegistryRow) -> Range:
    regions = regions_named(row.territory)
    return Range(regions, operator_named(row.operator), zones_of(regions))
