"""Which fields of which kinds of cards can hold which fact.

b24restdocs: api-reference/crm/universal/crm-item-fields.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from widget.bitrix24.commands import Command
from widget.bitrix24.crm import COMPANY, CONTACT, DEAL, LEAD
from widget.bitrix24.installer.desired import FIRST_PROCESS
from widget.bitrix24.rest import Rest
from widget.storage.card_fields import TalkFact
from widget.storage.portals import Portal
from widget.untrusted import as_dict, as_positive_int, as_rows, as_str

KINDS = (LEAD, DEAL, CONTACT, COMPANY)
MAX_PROCESSES = 20
MAX_NAME = 60
# The types of Bitrix24's fields that hold a fact so that it can be filtered by.
TYPES: Mapping[TalkFact, str] = {
    TalkFact.LAST: "datetime",
    TalkFact.WAITING: "datetime",
    TalkFact.WHATSAPP: "boolean",
    TalkFact.OWNER: "employee",
}


@dataclass(frozen=True)
class FieldChoice:
    """A custom field that a fact may be written into."""

    name: str
    title: str
    type: str


@dataclass(frozen=True)
class KindChoice:
    """A kind of card with its fields; `title` is a smart process's own, "" for the others."""

    entity_type_id: int
    title: str
    fields: tuple[FieldChoice, ...]

    def of(self, fact: TalkFact) -> tuple[FieldChoice, ...]:
        return tuple(each for each in self.fields if each.type == TYPES[fact])


def read_choices(rest: Rest, portal: Portal, user_id: int) -> list[KindChoice]:
    """The kinds of cards with the fields that may be chosen. Two outside calls. Raises Refused."""
    listed = as_dict(rest.call(portal, user_id, "crm.type.list", {}))
    rows = [as_dict(row) for row in as_rows(listed.get("types"))]
    processes = {
        as_positive_int(row.get("entityTypeId")): as_str(row.get("title"), 100)
        for row in rows
        if as_positive_int(row.get("entityTypeId")) >= FIRST_PROCESS and row.get("isClientEnabled") == "Y"
    }
    titles = {**dict.fromkeys(KINDS, ""), **dict(list(processes.items())[:MAX_PROCESSES])}
    asked: dict[str, Command] = {f"k{kind}": ("crm.item.fields", {"entityTypeId": kind}) for kind in titles}
    answer = rest.batch(portal, user_id, asked)
    if answer.busy:
        raise answer.refused(answer.busy)
    return [
        KindChoice(kind, title, tuple(_fields(answer.results.get(f"k{kind}"))))
        for kind, title in titles.items()
        if f"k{kind}" in answer.results
    ]


def _fields(answer: Any) -> Iterator[FieldChoice]:
    """The custom fields that hold one value and can be written; Bitrix24's own fields are never
    changed."""
    for name, said in as_dict(as_dict(answer).get("fields")).items():
        about = as_dict(said)
        ours = name.startswith("ufCrm") and len(name) <= MAX_NAME
        if ours and about.get("isReadOnly") is not True and about.get("isMultiple") is not True:
            yield FieldChoice(name, as_str(about.get("title"), 100) or name, as_str(about.get("type"), 20))
