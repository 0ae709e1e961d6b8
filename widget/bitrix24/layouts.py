"""Whether a card draws our field: the layouts that a portal shares among all users.

A field without a value, as ours is, is drawn in a card that is only looked at where its place in the layout says «show
always», and nowhere else. A card that was never arranged has it in its default section without that. Each funnel of
deals and of smart processes is arranged for itself, simple and repeat leads too, and each user may arrange a view of
their own, which REST tells only to them and to administrators. bitrix24/b24restdocs:
crm/universal/item-details-configuration/*.md, crm/universal/category/crm-category-list.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.findings import InLayout
from widget.bitrix24.parts import FIRST_PROCESS, WantedField
from widget.untrusted import rows_of, text_of, whole_of

GET, SET = "crm.item.details.configuration.get", "crm.item.details.configuration.set"
LEAD, DEAL = 1, 2
SHOW_ALWAYS = 1  # a bit of an element's optionFlags

Command = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Layout:
    """One shared layout of a kind of card. `variant` is a funnel's name, "simple" or "repeat" of leads, or ""."""

    entity: str
    entity_type_id: int
    variant: str = ""
    extra: tuple[str, int] | None = None

    @property
    def read(self) -> Command:
        return GET, self._which

    def write(self, sections: Any) -> Command:
        """The whole of it: what `sections` lack goes out of the card."""
        return SET, {**self._which, "data": sections}

    @property
    def _which(self) -> dict[str, Any]:
        chosen = {"extras": dict([self.extra])} if self.extra else {}
        return {"entityTypeId": self.entity_type_id, "scope": "C", **chosen}


def funnel_questions(fields: Iterable[WantedField]) -> dict[str, Command]:
    """Which funnels there are, of the kinds of cards that may have some."""
    kinds = [field for field in fields if field.entity_type_id == DEAL or field.entity_type_id >= FIRST_PROCESS]
    return {field.entity: ("crm.category.list", {"entityTypeId": field.entity_type_id}) for field in kinds}


def layouts_of(field: WantedField, funnels: Any) -> list[Layout]:
    """All layouts of a kind of card; `funnels` is the portal's answer, if there is one."""
    if field.entity_type_id == LEAD:
        kinds = {"simple": 1, "repeat": 2}
        return [Layout(field.entity, LEAD, name, ("leadCustomerType", kind)) for name, kind in kinds.items()]
    found = [row for row in rows_of(funnels.get("categories")) if isinstance(row, dict)] if funnels else []
    if len(found) < 2:  # the default one is meant where none is named
        return [Layout(field.entity, field.entity_type_id)]
    key = "dealCategoryId" if field.entity_type_id == DEAL else "categoryId"
    return [
        Layout(field.entity, field.entity_type_id, text_of(row.get("name"), 100), (key, whole_of(row.get("id"))))
        for row in found
    ]


def in_layout(sections: Any, name: str) -> InLayout:
    """What a layout says of the field `name`. One that was never arranged comes as null."""
    if not isinstance(sections, list) or not sections:
        return InLayout.UNARRANGED
    element = next((one for one in _elements(sections) if one.get("name") == name), None)
    if element is None:
        return InLayout.NO
    return InLayout.ALWAYS if _flags(element) & SHOW_ALWAYS else InLayout.HIDDEN


def showing(sections: Sequence[Any], name: str) -> list[Any]:
    """The same layout, with the field always shown: at its place, or else at the end of the first section."""
    if in_layout(list(sections), name) is not InLayout.NO:
        return [_marked(part, name) for part in sections]
    first, *others = sections
    return [_with_new(first, name), *others]


def survives_writing(sections: Sequence[Any]) -> bool:
    """Whether Bitrix24 keeps all of a layout that is written back. Titles that somebody gave to fields, what sections
    hold besides, and anything but sections is lost (server module crm, lib/entity/entityeditorconfig.php)."""
    parts = [part if isinstance(part, Mapping) else {} for part in sections]
    return all(
        part.get("type") == "section" and not part.get("data") and not any(one.get("title") for one in _inside(part))
        for part in parts
    )


def _inside(section: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return _elements(rows_of(section.get("elements")))


def _marked(part: Any, name: str) -> Any:
    if not isinstance(part, Mapping):
        return part
    if part.get("name") == name and "elements" not in part:
        return {**part, "optionFlags": _flags(part) | SHOW_ALWAYS}
    if "elements" not in part:
        return part
    return {**part, "elements": [_marked(one, name) for one in rows_of(part["elements"])]}


def _with_new(section: Mapping[str, Any], name: str) -> dict[str, Any]:
    elements = rows_of(section.get("elements"))
    if elements and isinstance(elements[0], Mapping) and "elements" in elements[0]:  # sections may stand in columns
        return {**section, "elements": [_with_new(elements[0], name), *elements[1:]]}
    return {**section, "elements": [*elements, {"name": name, "optionFlags": SHOW_ALWAYS}]}


def _elements(parts: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    for part in parts:
        if isinstance(part, Mapping):
            yield part
            yield from _elements(rows_of(part.get("elements")))


def _flags(element: Mapping[str, Any]) -> int:
    return whole_of(element.get("optionFlags"))
