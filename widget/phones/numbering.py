"""Whose Russian number this is and where: the imported registry first, then the shipped data."""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from .operators import Operator, operator_named
from .regions import Region, regions_named
from .registry import ImportReport, Registry, RegistryError, import_registry
from .shipped import shipped

__all__ = ["ImportReport", "Numbering", "Range", "RegistryError", "import_registry", "load_numbering"]

_RUSSIAN = re.compile(r"\+7[0-9]{10}")  # or Kazakh, which no Russian plan holds
_MOBILE = "9"
_NOWHERE: tuple[int, int] = (0, 0)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Range:
    """What a numbering plan says of one number; empty where it does not say."""

    regions: tuple[Region, ...]
    operator: Operator | None


class Numbering:
    """Give it the file that `import_registry` writes; without one, or before the first import, the shipped data serves.

    An import is noticed at the next look-up: each costs one `stat` (2 µs), and no worker needs a restart.
    """

    def __init__(self, registry: Path | None = None) -> None:
        self._path = registry
        self._opened: tuple[tuple[int, int], Registry | None] = (_NOWHERE, None)

    def find(self, e164: str) -> Range | None:
        """None if the number is not Russian, or nothing is known of its range."""
        if not _RUSSIAN.fullmatch(e164):
            return None
        registry = self._registry()
        if registry and e164[2:5] in registry.codes:
            row = registry.find(int(e164[2:]))
            return Range(regions_named(row.territory), operator_named(row.operator)) if row else None
        if e164[2] != _MOBILE:
            return None
        data = shipped()
        found = Range(data.regions.find(e164[1:]) or (), data.operators.find(e164[1:]))
        return found if found.regions or found.operator else None

    def knows(self, e164: str) -> bool:
        """The registry assigns this number to somebody. The shipped data is too old to vouch for a number."""
        registry = self._registry()
        return bool(registry and _RUSSIAN.fullmatch(e164) and registry.find(int(e164[2:])))

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
            log.warning("numbering registry not used, shipped data instead: %s", error)  # once for each new file
            return None


def load_numbering(registry: Path | None) -> Numbering:
    """Reads nothing yet: the registry is mapped and the shipped data indexed when a Russian number first needs them."""
    return Numbering(registry)
