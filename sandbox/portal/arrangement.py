"""The sections of a card, as crm.item.details.configuration.get tells and .set takes them.

An element's optionFlags is "1" where the field is always shown; without it a field that has no
value is drawn only while the card is edited (b24restdocs:
crm/universal/item-details-configuration/crm-item-details-configuration-set.md).
"""

from collections.abc import Iterator, Mapping
from typing import Any

Section = dict[str, Any]

_USUAL = {
    "main": ("О карточке", ("TITLE", "STAGE_ID", "OPPORTUNITY_WITH_CURRENCY", "CLIENT")),
    "additional": ("Дополнительно", ("SOURCE_ID", "OPENED", "ASSIGNED_BY_ID", "COMMENTS")),
}


# What is written of an element; a title that an administrator gave to a field is not (server module
# crm, lib/entity/entityeditorconfig.php, sanitize).
_KEPT = ("name", "options")


def arranged_with(fields: Mapping[str, bool]) -> list[Section]:
    """The usual sections, as an arranged card has them, with custom fields in the first: name ->
    always shown."""
    sections = [
        {"name": name, "title": title, "type": "section", "elements": [_element(each) for each in elements]}
        for name, (title, elements) in _USUAL.items()
    ]
    sections[0]["elements"] += [_element(name, always=always) for name, always in fields.items()]  # type: ignore[operator]
    return sections


def names_in(sections: list[Section]) -> list[str]:
    return [str(element["name"]) for element in _elements(sections)]


def is_always_shown(sections: list[Section], name: str) -> bool:
    return any(each["name"] == name and str(each.get("optionFlags")) == "1" for each in _elements(sections))


def with_field(sections: list[Section], name: str, *, always: bool) -> list[Section]:
    """The same with the field in its place, or else at the end of the first section."""
    placed = {"name": name, "optionFlags": "1" if always else "0"}
    if name not in names_in(sections):
        return [{**sections[0], "elements": [*sections[0]["elements"], placed]}, *sections[1:]]
    return [
        {**section, "elements": [placed if each["name"] == name else each for each in section["elements"]]}
        for section in sections
    ]


def without(sections: list[Section], name: str) -> list[Section]:
    return [
        {**section, "elements": [each for each in section["elements"] if each["name"] != name]} for section in sections
    ]


def saved(data: Any) -> list[Section]:
    """The sections of a request to keep them. Raises ValueError for malformed ones."""
    given = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(given, list) or not given:
        raise ValueError("Parameter 'data' must be array.")
    return [_saved_section(section) for section in given]


def _saved_section(section: Any) -> Section:
    if not isinstance(section, dict) or not section.get("name") or section.get("type") != "section":
        raise ValueError("There are no data to write.")
    elements = section.get("elements") or []
    rows = list(elements.values()) if isinstance(elements, dict) else elements
    kept = [
        {name: each[name] for name in _KEPT if name in each} | {"optionFlags": str(each.get("optionFlags") or "0")}
        for each in rows
        if each.get("name")
    ]
    return {"name": section["name"], "title": str(section.get("title") or ""), "type": "section", "elements": kept}


def _elements(sections: list[Section]) -> Iterator[dict[str, Any]]:
    for section in sections:
        yield from section["elements"]


def _element(name: str, *, always: bool = False) -> dict[str, Any]:
    options = {"options": {"defaultCountry": "RU"}} if name == "CLIENT" else {}
    return {"name": name, "optionFlags": "1" if always or name == "CLIENT" else "0", **options}
