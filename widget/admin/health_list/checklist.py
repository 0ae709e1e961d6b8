"""The health list: what must be in place for the widget to work, and what to do where it is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from widget.admin.lines.line_status import LineStatusText
from widget.admin.lines.reports import ReportsState, way_of
from widget.bitrix24.installer.report import InLayout, Inspection, InstallerState, Part
from widget.gateways.base import LineState
from widget.openlines.setting_up import MirrorState
from widget.storage.line_health import NOTHING, LinePast
from widget.storage.lines import Line, Mirroring
from widget.storage.sends import SendState

SILENT_WORKER = 180.0  # seconds without a sign after which the worker is taken for stopped
OLD_REGISTRY = 21 * 86_400.0  # seconds; a weekly update has failed more than once


class Topic(Enum):
    """What a finding is about. The value is what the page's texts are keyed by."""

    INSTALLER = "installer"
    TABS = "tabs"
    FIELD_TYPE = "field_type"
    FIELD = "field"
    LAYOUT = "layout"
    HANDLERS = "handlers"
    LEFTOVERS = "leftovers"
    SCOPES = "scopes"
    TOKEN = "token"  # noqa: S105 - a topic's name
    SECRET = "secret"  # noqa: S105 - a topic's name
    VERSION = "version"
    LINE = "line"
    NO_LINE = "no_line"
    REPORTS = "reports"
    MIRROR = "mirror"
    UNCLEAR = "unclear"
    WORKER = "worker"
    NUMBERING = "numbering"
    PORTAL = "portal"


class HealthVerdict(Enum):
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class HealthFinding:
    """`state` refines the text, `names` say what is missing; `repair`: the repair button mends it.
    About a line: what its gateway told. `number` counts messages. `at` (unix seconds) is when it
    last reported, or how old data is."""

    topic: Topic
    verdict: HealthVerdict
    state: str = ""
    names: tuple[str, ...] = ()
    repair: bool = False
    status: LineStatusText | None = None
    line_id: int = 0
    at: float = 0.0
    number: int = 0
    places: tuple[tuple[str, str], ...] = ()  # layouts of cards: the kind, and the funnel or kind of lead


def of_inspection(inspection: Inspection) -> list[HealthFinding]:
    """What the portal says about our installation (pure)."""
    found = [
        _installer(inspection.installer),
        _present(Topic.TABS, _kinds(inspection.placements_missing), unless=Part.TAB in inspection.left_out),
    ]
    if Part.FIELD_TYPE not in inspection.left_out:
        found.append(HealthFinding(Topic.FIELD_TYPE, _verdict(inspection.field_type), repair=not inspection.field_type))
    missing = tuple(field.title or field.entity for field in inspection.fields if not field.exists)
    if inspection.fields:
        found.append(_present(Topic.FIELD, missing))
        found += _layouts(inspection)
    left_out = Part.HANDLER in inspection.left_out
    found.append(_present(Topic.HANDLERS, inspection.handlers_missing, unless=left_out))
    if inspection.stale:
        found.append(HealthFinding(Topic.LEFTOVERS, HealthVerdict.BAD, repair=True))
    if inspection.scopes_missing:
        found.append(HealthFinding(Topic.SCOPES, HealthVerdict.BAD, names=tuple(sorted(inspection.scopes_missing))))
    if not inspection.app_version_current:
        found.append(HealthFinding(Topic.VERSION, HealthVerdict.BAD, repair=True))
    return found


def of_token(*, stored: bool) -> HealthFinding:
    """The installer's stored token works for the background; it renews itself for as long as it is
    there."""
    return HealthFinding(Topic.TOKEN, _verdict(stored), repair=not stored)


def of_secret(*, known: bool, waiting: bool) -> HealthFinding:
    """What proves the portal's events; `waiting`: one came and could not be proved yet."""
    return HealthFinding(Topic.SECRET, _verdict(known), "waiting" if waiting else "")


def of_lines(lines: Sequence[Line], status: Mapping[int, LineStatusText]) -> list[HealthFinding]:
    """The state of each active line."""
    if not lines:
        return [HealthFinding(Topic.NO_LINE, HealthVerdict.BAD)]
    return [
        HealthFinding(
            Topic.LINE, _verdict_of(status[line.id]), names=(line.name,), status=status[line.id], line_id=line.id
        )
        for line in lines
    ]


def of_reports(
    lines: Sequence[Line], pasts: Mapping[int, LinePast], *, public_url: str, now: float
) -> Iterator[HealthFinding]:
    """For each active line, whether the webhooks of its gateway arrive."""
    for line in lines:
        past = pasts.get(line.id, NOTHING)
        way = way_of(line, past, public_url=public_url, now=now)
        good = way is ReportsState.WORKS
        yield HealthFinding(
            Topic.REPORTS, _verdict(good), way.value, (line.name,), line_id=line.id, at=past.reported_at
        )


def of_mirrors(states: Sequence[MirrorState]) -> Iterator[HealthFinding]:
    """For each line mirrored into an open line, whether Bitrix24 takes its messages, and none waits
    for long."""
    for one in states:
        line, queue = one.line, one.queue
        about: dict[str, Any] = {"names": (line.name,), "line_id": line.id, "at": queue.since, "number": queue.waiting}
        if line.mirroring is Mirroring.STOPPED:
            yield HealthFinding(Topic.MIRROR, HealthVerdict.BAD, "stopped", **about)
        elif one.works is None:
            yield HealthFinding(Topic.MIRROR, HealthVerdict.UNKNOWN, "unknown", **about)
        elif not one.works:
            yield HealthFinding(Topic.MIRROR, HealthVerdict.BAD, "broken", repair=True, **about)
        elif queue.waiting and queue.error:
            yield HealthFinding(Topic.MIRROR, HealthVerdict.BAD, "waiting", **about)
        else:
            yield HealthFinding(Topic.MIRROR, HealthVerdict.GOOD, "works", **about)


def of_unclear(counts: Mapping[SendState, int]) -> Iterator[HealthFinding]:
    """The messages sent from here without a clear end: those still looked for, and those that were
    not found."""
    if missing := counts.get(SendState.MISSING, 0):
        yield HealthFinding(Topic.UNCLEAR, HealthVerdict.BAD, "missing", number=missing)
    if looked_for := counts.get(SendState.UNKNOWN, 0):
        yield HealthFinding(Topic.UNCLEAR, HealthVerdict.UNKNOWN, "looked_for", number=looked_for)
    if not missing and not looked_for:
        yield HealthFinding(Topic.UNCLEAR, HealthVerdict.GOOD)


def of_worker(last_heartbeat: float | None, now: float) -> HealthFinding:
    """Whether the background worker runs: it gives a sign every minute."""
    return HealthFinding(Topic.WORKER, _verdict(last_heartbeat is not None and now - last_heartbeat < SILENT_WORKER))


def of_numbering(*, imported: bool, at: float, weekly: bool, now: float) -> HealthFinding:
    """How old the data of Russian number ranges is. Only where it should be renewed every week it
    can be too old."""
    state = "imported" if imported else "shipped"
    return HealthFinding(Topic.NUMBERING, _verdict(not weekly or (imported and now - at < OLD_REGISTRY)), state, at=at)


def _installer(state: InstallerState) -> HealthFinding:
    if state is InstallerState.UNKNOWN:
        return HealthFinding(Topic.INSTALLER, HealthVerdict.UNKNOWN, state.value)
    good = state is InstallerState.READY
    return HealthFinding(Topic.INSTALLER, _verdict(good), state.value, repair=not good)


def _layouts(inspection: Inspection) -> list[HealthFinding]:
    """One for each way in which cards do not show the field; a single good one where all do."""
    places: dict[InLayout, list[tuple[str, str]]] = {}
    for field in inspection.fields:
        for layout in field.layouts:
            places.setdefault(layout.in_layout, []).append((field.title or field.entity, layout.variant))
    good = places.pop(InLayout.ALWAYS, [])
    if not places:
        return [HealthFinding(Topic.LAYOUT, HealthVerdict.GOOD)] if good else []
    return [
        HealthFinding(
            Topic.LAYOUT,
            HealthVerdict.UNKNOWN if state is InLayout.UNKNOWN else HealthVerdict.BAD,
            state.value,
            places=tuple(places[state]),
        )
        for state in InLayout
        if state in places
    ]


def _present(topic: Topic, missing: Sequence[str], *, unless: bool = False) -> HealthFinding:
    if unless:
        return HealthFinding(topic, HealthVerdict.UNKNOWN, "left_out")
    return HealthFinding(topic, _verdict(not missing), names=tuple(missing), repair=bool(missing))


def _kinds(codes: Sequence[str]) -> list[str]:
    """CRM_DEAL_DETAIL_TAB -> DEAL."""
    return [code.removeprefix("CRM_").removesuffix("_DETAIL_TAB") for code in codes]


def _verdict_of(status: LineStatusText) -> HealthVerdict:
    return HealthVerdict.UNKNOWN if status.value == LineState.NOT_YET.value else _verdict(status.ready)


def _verdict(good: bool) -> HealthVerdict:
    return HealthVerdict.GOOD if good else HealthVerdict.BAD
