"""Whether a card draws our field: the layouts that a portal shares among all users.

A field without a value, as ours is, is drawn in a card that is only looked at where its place in
the layout says «show always», and nowhere else. A card that was never arranged has it in its
default section without that. Each funnel of deals and of smart processes is arranged for itself,
simple and repeat leads too, and each user may arrange a view of their own, which REST tells only to
them and to administrators. bitrix24/b24restdocs: crm/universal/item-details-configuration/*.md,
crm/universal/category/crm-category-list.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.commands import Command
from widget.bitrix24.crm import DEAL, LEAD
from widget.bitrix24.installer.desired import FIRST_PROCESS, DesiredField
from widget.bitrix24.installer.report import InLayout
from widget.untrusted import as_positive_int, as_rows, as_str

GET, SET = "crm.item.details.configuration.get", "crm.item.details.configuration.set"
FUNNELS = 50  # on a page
SHOW_ALWAYS = 1  # a bit of an element's optionFlags


@dataclass(frozen=True)
class Layout:
    """One shared layout of a kind of card. `variant` is a funnel's name, "simple" or "repeat" of
    leads, or ""."""

    entity: str
    entity_type_id: int
    variant: str = ""
    extra: tuple[str, int] | None = None

    @property
    def key(self) -> str:
        """Which of its kind of card it is; a funnel may have been renamed meanwhile."""
        return "=".join(map(str, self.extra)) if self.extra else ""

    @property
    def read(self) -> Command:
        return GET, self._which

    def write(self, sections: Any) -> Command:
        """The command that writes the whole layout: what `sections` lack leaves the card."""
        return SET, {**self._which, "data": sections}

    @property
    def _which(self) -> dict[str, Any]:
        chosen = {"extras": dict([self.extra])} if self.extra else {}
        return {"entityTypeId": self.entity_type_id, "scope": "C", **chosen}


@dataclass(frozen=True)
class FieldPlace:
    """Where a field stands in a layout: the innermost part around it, how many elements are before
    it there, and its optionFlags."""

    part: str
    before: int
    flags: int


def has_funnels(field: DesiredField) -> bool:
    """Whether the kind of card may have some."""
    return field.entity_type_id == DEAL or field.entity_type_id >= FIRST_PROCESS


def funnel_question(field: DesiredField, page: int) -> Command:
    """One page of its funnels, by the docs; by the source of the module each answer has them
    all."""
    return "crm.category.list", {"entityTypeId": field.entity_type_id, "start": page * FUNNELS}


def layouts_of(field: DesiredField, funnels: Mapping[int, str]) -> list[Layout]:
    """All layouts of a kind of card; `funnels` are its funnels' names by id, which may be none."""
    if field.entity_type_id == LEAD:
        kinds = {"simple": 1, "repeat": 2}
        return [Layout(field.entity, LEAD, name, ("leadCustomerType", kind)) for name, kind in kinds.items()]
    if len(funnels) < 2:  # the default one is meant where none is named
        return [Layout(field.entity, field.entity_type_id)]
    key = "dealCategoryId" if field.entity_type_id == DEAL else "categoryId"
    return [Layout(field.entity, field.entity_type_id, name, (key, number)) for number, name in funnels.items()]


def in_layout(sections: Any, name: str) -> InLayout:
    """What a layout says of the field `name`. One that was never arranged comes as null."""
    if not isinstance(sections, list) or not sections:
        return InLayout.UNARRANGED
    element = next((one for one in _elements(sections) if one.get("name") == name), None)
    if element is None:
        return InLayout.NO
    return InLayout.ALWAYS if _flags(element) & SHOW_ALWAYS else InLayout.HIDDEN


def showing(sections: Sequence[Any], name: str) -> list[Any]:
    """The same layout, with the field always shown: at its place, or else at the end of the first
    section."""
    if in_layout(list(sections), name) is not InLayout.NO:
        return [_marked(part, name) for part in sections]
    first, *others = sections
    return [_with_new(first, name), *others]


def place_of(sections: Any, name: str) -> FieldPlace | None:
    """The place of the field `name`; None where it is not in the layout, or there is no layout of
    its own."""
    for part in _elements(as_rows(sections)):
        inside = as_rows(part.get("elements"))
        for before, one in enumerate(inside):
            if isinstance(one, Mapping) and one.get("name") == name:
                return FieldPlace(as_str(part.get("name")), before, _flags(one))
    return None


def put_back(sections: Sequence[Any], name: str, place: FieldPlace) -> list[Any]:
    """The same layout with the field at its old place, or else where `showing` puts it."""
    if any(part.get("name") == place.part and "elements" in part for part in _elements(sections)):
        return [_with_again(part, name, place) for part in sections]
    first, *others = sections
    return [_with_new(first, name, place.flags), *others]


def survives_writing(sections: Sequence[Any]) -> bool:
    """Whether Bitrix24 keeps all of a layout that is written back. Titles that fields were given,
    what sections hold besides, and anything but sections is lost (server module crm,
    lib/entity/entityeditorconfig.php)."""
    parts = [part if isinstance(part, Mapping) else {} for part in sections]
    return all(
        part.get("type") == "section" and not part.get("data") and not any(one.get("title") for one in _inside(part))
        for part in parts
    )


def _inside(section: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return _elements(as_rows(section.get("elements")))


def _marked(part: Any, name: str) -> Any:
    if not isinstance(part, Mapping):
        return part
    if part.get("name") == name and "elements" not in part:
        return {**part, "optionFlags": _flags(part) | SHOW_ALWAYS}
    if "elements" not in part:
        return part
    return {**part, "elements": [_marked(one, name) for one in as_rows(part["elements"])]}


def _with_again(part: Any, name: str, place: FieldPlace) -> Any:
    if not isinstance(part, Mapping) or "elements" not in part:
        return part
    elements = as_rows(part["elements"])
    if part.get("name") != place.part:
        return {**part, "elements": [_with_again(one, name, place) for one in elements]}
    element = {"name": name, "optionFlags": place.flags}
    return {**part, "elements": [*elements[: place.before], element, *elements[place.before :]]}


def _with_new(section: Mapping[str, Any], name: str, flags: int = SHOW_ALWAYS) -> dict[str, Any]:
    elements = as_rows(section.get("elements"))
    if elements and isinstance(elements[0], Mapping) and "elements" in elements[0]:  # sections may stand in columns
        return {**section, "elements": [_with_new(elements[0], name, flags), *elements[1:]]}
    return {**section, "elements": [*elements, {"name": name, "optionFlags": flags}]}


def _elements(parts: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for part in parts:
        if isinstance(part, Mapping):
            yield part
            yield from _elements(as_rows(part.get("elements")))


def _flags(element: Mapping[str, Any]) -> int:
    return as_positive_int(element.get("optionFlags"))
