"""What we want in a portal, and what has to be done for it. Pure: values in, commands out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from widget.bitrix24.commands import Command
from widget.bitrix24.events import NEEDS_CRM, OF_OPEN_LINES, WANTED
from widget.bitrix24.installer.actual import ActualField, ActualState, Bound, Placed, Process
from widget.bitrix24.installer.report import Part
from widget.bitrix24.installer.userfield import (
    OLD_TYPE_ID,
    TITLE,
    FieldNames,
    field_parameters,
    full_type,
    type_parameters,
)
from widget.bitrix24.placement import ENTITY_TYPES
from widget.i18n import bitrix24_code, catalogue, languages

# Raise it with every change of what is wanted below: installed portals then get the change by
# themselves (tests/house/test_app_version.py compares a digest of it).
APP_VERSION = 2

SCOPES = frozenset({"crm", "placement", "userfieldconfig"})
OPEN_LINES = frozenset({"im", "imconnector", "imopenlines"})  # asked for where mirroring is wanted, and only there
KINDS = tuple(ENTITY_TYPES)
TITLES = dict.fromkeys(map(bitrix24_code, languages()), TITLE)
FIRST_PROCESS = 128  # below are the system's own types, some of which are listed with the smart processes
FIELD_TYPE_CODE = "USERFIELD_TYPE"  # made by userfieldtype.add, never bound or unbound as a placement

ADD_FIELD, DELETE_FIELD = "userfieldconfig.add", "userfieldconfig.delete"
NONE_KEPT: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class InstallStep:
    """One command and what it is for: a part that is added, or None for something of ours that is
    taken away."""

    part: Part | None
    what: str
    command: Command

    @property
    def is_of_field(self) -> bool:
        return self.command[0] in (ADD_FIELD, DELETE_FIELD)


@dataclass(frozen=True)
class DesiredField:
    entity: str
    entity_type_id: int
    title: str
    row_id: int = 0  # of a smart process


@dataclass(frozen=True)
class DesiredState:
    """What this version puts into this portal. `processes_known` False: tabs of smart processes
    stay as they are."""

    page: str  # the handler of tabs and of the field
    hook: str  # the handler of events
    tabs: tuple[str, ...]
    events: tuple[str, ...]
    fields: tuple[DesiredField, ...]
    names: FieldNames
    user_type: str
    old_user_type: str  # of a version before this one
    processes_known: bool
    left_out: frozenset[Part]
    scopes_missing: frozenset[str]


def wanted_of(found: ActualState, names: FieldNames, public_url: str) -> DesiredState:
    """Everything the granted scopes allow. A part that they do not allow is left out and said
    so."""
    left_out = set()
    if found.available is None or found.placements is None:
        left_out |= {Part.TAB}
    if found.types is None or found.fields is None:
        left_out |= {Part.FIELD_TYPE, Part.FIELD}
    if found.handlers is None:
        left_out |= {Part.HANDLER}
    processes = [process for process in found.processes or () if _is_ours(process)]
    available = found.available or frozenset()
    tabs = [tab(kind) for kind in KINDS] + [tab(f"DYNAMIC_{process.entity_type_id}") for process in processes]
    crm, lines = "crm" in found.scopes, found.scopes >= OPEN_LINES
    return DesiredState(
        page=f"{public_url}/placement",
        hook=f"{public_url}/hooks/bitrix24",
        tabs=tuple(code for code in tabs if code in available),
        events=() if Part.HANDLER in left_out else (*_events(crm=crm), *(OF_OPEN_LINES if lines else ())),
        fields=() if Part.FIELD in left_out else tuple(_fields(processes)),
        names=names,
        user_type=full_type(found.app_id, names.type_id),
        old_user_type=full_type(found.app_id, OLD_TYPE_ID),
        processes_known=found.processes is not None,
        left_out=frozenset(left_out),
        scopes_missing=SCOPES - found.scopes,
    )


def _events(*, crm: bool) -> tuple[str, ...]:
    return tuple(event for event in WANTED if crm or event not in NEEDS_CRM)


def missing(found: ActualState, wanted: DesiredState, kept: Mapping[str, str] = NONE_KEPT) -> tuple[InstallStep, ...]:
    """What has to be done so that exactly what is wanted is there; nothing when it already is.
    Fields come last.

    `kept` are the names of fields, by entity, that were perhaps deleted and have to be made again.
    """
    return (
        *_tab_steps(found.placements or (), wanted),
        *_type_steps(found, wanted),
        *_handler_steps(found.handlers or (), wanted),
        *_field_steps(found, wanted, kept),
    )


def tab(kind: str) -> str:
    return f"CRM_{kind}_DETAIL_TAB"


def tabs_there(found: ActualState, wanted: DesiredState) -> dict[str, bool]:
    """Of each wanted tab whether it is there, at our address and under our title. Another one
    beside it is stale."""
    there = {one.code for one in found.placements or () if _leads_here(one, wanted)}
    return {code: code in there for code in wanted.tabs}


def handlers_missing(found: ActualState, wanted: DesiredState) -> tuple[str, ...]:
    """Wanted events that reach us not at all, or twice."""
    bound = Counter(one.event for one in found.handlers or () if one.handler == wanted.hook)
    return tuple(event for event in wanted.events if bound[event] != 1)


def stale(found: ActualState, wanted: DesiredState) -> int:
    """How many tabs and handlers of ours lead somewhere else than they should."""
    return sum(step.part is None for step in missing(found, wanted))


def field_name(found: ActualState, wanted: DesiredState, entity: str) -> str:
    """The name of our field in a kind of card, whichever version made it; "" where there is
    none."""
    of_entity = (one for one in found.fields or () if one.entity == entity)
    return next((one.name for one in of_entity if one.user_type == wanted.user_type), "")


def moved_fields(found: ActualState, wanted: DesiredState) -> dict[str, str]:
    """Fields that are about to get this version's type, because theirs goes or is gone: name by
    entity.

    A field cannot change its type, so each is deleted and made again under its name.
    """
    dead = {field.entity: _dead_fields(found, wanted, field.entity) for field in wanted.fields}
    return {entity: fields[0].name for entity, fields in dead.items() if fields}


def takes_fields(found: ActualState, wanted: DesiredState) -> bool:
    """Whether the portal makes fields of our type now: before the installation is finished it may
    not."""
    there = wanted.names.type_id in (found.types or {})
    return there and (found.known_types is None or wanted.user_type in found.known_types)


def _is_ours(process: Process) -> bool:
    return process.clients and process.entity_type_id >= FIRST_PROCESS


def _fields(processes: Iterable[Process]) -> Iterator[DesiredField]:
    for kind in KINDS:
        yield DesiredField(f"CRM_{kind}", ENTITY_TYPES[kind], kind)
    for process in processes:
        yield DesiredField(f"CRM_{process.row_id}", process.entity_type_id, process.title, process.row_id)


def _tab_steps(placed: Iterable[Placed], wanted: DesiredState) -> Iterator[InstallStep]:
    if Part.TAB in wanted.left_out:
        return
    of_code: dict[str, list[Placed]] = {code: [] for code in wanted.tabs}
    for one in placed:
        if one.code == FIELD_TYPE_CODE or (not wanted.processes_known and "_DYNAMIC_" in one.code):
            continue
        of_code.setdefault(one.code, []).append(one)
    for code, there in of_code.items():
        if code in wanted.tabs and len(there) == 1 and _leads_here(there[0], wanted):
            continue
        # One unbinding takes away all with the same address.
        for handler in dict.fromkeys(one.handler for one in there):
            yield InstallStep(None, code, ("placement.unbind", {"PLACEMENT": code, "HANDLER": handler}))
        if code in wanted.tabs:
            yield InstallStep(Part.TAB, code, ("placement.bind", _placement(code, wanted.page)))


def _leads_here(one: Placed, wanted: DesiredState) -> bool:
    """A title in a language that the portal does not tell is not wrong."""
    titles = all(one.titles.get(language, title) == title for language, title in TITLES.items())
    return one.handler == wanted.page and titles


def _placement(code: str, handler: str) -> dict[str, Any]:
    texts = {
        bitrix24_code(language): {"TITLE": TITLE, "DESCRIPTION": _description(language)} for language in languages()
    }
    return {"PLACEMENT": code, "HANDLER": handler, "TITLE": TITLE, "LANG_ALL": texts}


def _description(language: str) -> str:
    return catalogue(language).gettext("Clients' numbers, who has WhatsApp, chats and messages")


def _type_steps(found: ActualState, wanted: DesiredState) -> Iterator[InstallStep]:
    if Part.FIELD_TYPE in wanted.left_out:
        return
    types, type_id = found.types or {}, wanted.names.type_id
    if OLD_TYPE_ID in types:  # first, because an address may be bound to one type of an application only
        yield InstallStep(None, OLD_TYPE_ID, ("userfieldtype.delete", {"USER_TYPE_ID": OLD_TYPE_ID}))
    if types.get(type_id) != wanted.page:
        method = "userfieldtype.update" if type_id in types else "userfieldtype.add"
        yield InstallStep(Part.FIELD_TYPE, type_id, (method, type_parameters(type_id, wanted.page)))


def _field_steps(found: ActualState, wanted: DesiredState, kept: Mapping[str, str]) -> Iterator[InstallStep]:
    moved = moved_fields(found, wanted)
    for field in wanted.fields:
        if field_name(found, wanted, field.entity):
            continue
        name = kept.get(field.entity) or moved.get(field.entity) or wanted.names.field_name(field.entity)
        for one in _dead_fields(found, wanted, field.entity):
            yield InstallStep(None, one.name, (DELETE_FIELD, {"moduleId": "crm", "id": one.id}))
        parameters = field_parameters(field.entity, name, wanted.user_type, wanted.names.xml_id)
        yield InstallStep(Part.FIELD, name, (ADD_FIELD, parameters))


def _dead_fields(found: ActualState, wanted: DesiredState, entity: str) -> list[ActualField]:
    """Of a kind of card without a field of ours. They show nothing and hold no value, but a card's
    layout may know the name."""
    if field_name(found, wanted, entity):
        return []
    return [one for one in found.fields or () if one.entity == entity and _is_dead(one, found, wanted)]


def _is_dead(one: ActualField, found: ActualState, wanted: DesiredState) -> bool:
    """A field that nothing draws: of the type that goes, or of one that is gone with an earlier
    installation.

    One of another application's type is alive and none of ours, though it bear our words.
    """
    if one.user_type == wanted.old_user_type:
        return True
    if found.known_types is None:
        return one.name == wanted.names.field_name(one.entity)
    return one.user_type.startswith("rest_") and one.user_type not in found.known_types


def _handler_steps(bound: Iterable[Bound], wanted: DesiredState) -> Iterator[InstallStep]:
    if Part.HANDLER in wanted.left_out:
        return
    times = Counter((one.event, one.handler) for one in bound)
    right = {(event, wanted.hook) for event in wanted.events if times[event, wanted.hook] == 1}
    for event, handler in times:
        if (event, handler) not in right:
            yield InstallStep(None, event, ("event.unbind", {"event": event, "handler": handler}))
    for event in wanted.events:
        if (event, wanted.hook) not in right:
            yield InstallStep(Part.HANDLER, event, ("event.bind", {"event": event, "handler": wanted.hook}))
