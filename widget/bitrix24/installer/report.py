"""What an administrator is told about an installation: what is there, what is missing, what was
just done.

Values only; installer.py makes them, the app page and the install page put them into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum


class Part(Enum):
    """What an installation consists of, for texts and counts."""

    TAB = "tab"  # a placement in a card
    FIELD_TYPE = "field_type"
    FIELD = "field"
    HANDLER = "handler"  # of an event


class InLayout(Enum):
    """Whether a field without a value is seen in a card, by its shared layout; the worst first."""

    NO = "no"  # not in the card
    HIDDEN = "hidden"  # in the card, but drawn only while it is edited
    UNARRANGED = "unarranged"  # the card was never arranged: drawn only while it is edited
    UNKNOWN = "unknown"  # the portal did not say
    ALWAYS = "always"


class Shown(IntEnum):
    """Which cards show the field after their layouts were changed; the worst first."""

    PARTLY = 0  # some that could be changed were not: refused, or they would have lost something
    ARRANGED = 1  # all whose layout the portal tells; others were never arranged, or it did not say
    ALL = 2


class InstallerState(Enum):
    """The user whose token works in the background."""

    READY = "ready"  # active and an administrator
    NOT_ADMIN = "not_admin"
    GONE = "gone"  # dismissed, or without access to the application: their token works no more
    UNKNOWN = "unknown"  # the portal did not answer


@dataclass(frozen=True)
class LayoutFinding:
    """One layout of a kind of card. `variant` is a funnel's name, "simple" or "repeat" of leads, ""
    of the only one."""

    variant: str
    in_layout: InLayout


@dataclass(frozen=True)
class FieldFinding:
    """The custom field of one kind of card. `entity` is CRM_DEAL, CRM_LEAD, … or CRM_<row id> of a
    smart process."""

    entity: str
    title: str
    exists: bool
    layouts: tuple[LayoutFinding, ...] = ()

    @property
    def in_layout(self) -> InLayout:
        """The worst of its layouts."""
        return min((one.in_layout for one in self.layouts), key=list(InLayout).index, default=InLayout.UNKNOWN)


@dataclass(frozen=True)
class Inspection:
    """The health of an installation. `placements` says of each wanted code whether exactly one of
    ours is there.

    `stale` counts placements and handlers of ours with another address; `left_out` are parts that
    the granted scopes do not allow, so they are not faults.
    """

    placements: Mapping[str, bool]
    field_type: bool
    fields: tuple[FieldFinding, ...]
    handlers_missing: tuple[str, ...]
    stale: int
    left_out: frozenset[Part]
    scopes_missing: frozenset[str]
    installer: InstallerState
    app_version_current: bool

    @property
    def placements_missing(self) -> tuple[str, ...]:
        return tuple(code for code, there in self.placements.items() if not there)

    @property
    def complete(self) -> bool:
        """True if there is nothing for the repair button to do."""
        return not (
            self.placements_missing
            or self.handlers_missing
            or self.stale
            or (not self.field_type and Part.FIELD_TYPE not in self.left_out)
            or any(not field.exists for field in self.fields)
        )


@dataclass(frozen=True)
class InstallReport:
    """What an installation or a repair did. `done` counts what was added or corrected, `present`
    all that is there now.

    `failed` are (what, error code) of commands the portal refused.
    """

    done: Mapping[Part, int]
    removed: int
    present: Mapping[Part, int]
    left_out: frozenset[Part]
    scopes_missing: frozenset[str]
    failed: tuple[tuple[str, str], ...]

    @property
    def complete(self) -> bool:
        return not self.failed

    @property
    def changed(self) -> int:
        """How many commands did something."""
        return sum(self.done.values()) + self.removed

    @property
    def counts(self) -> dict[str, int]:
        """What is there now, by the part's code, for templates."""
        return {part.value: count for part, count in self.present.items()}
