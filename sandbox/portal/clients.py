"""The clients of a card as its left column shows them to one user."""

from dataclasses import dataclass

from .crm import may_read
from .items import COMPANY, CONTACT, Item
from .state import SandboxPortalState
from .users import User


@dataclass(frozen=True)
class ShownPerson:
    """A contact or company; one the user may not read has no name and no phones here."""

    name: str
    phones: tuple[tuple[str, str], ...]
    path: str
    is_hidden: bool = False


HIDDEN = ShownPerson("", (), "", is_hidden=True)


def people_of(state: SandboxPortalState, user: User, item: Item) -> list[ShownPerson]:
    if not may_read(user, item):
        return [HIDDEN]
    own = [_person(item)] if "fm" in item else []
    linked = [(CONTACT, each) for each in item.get("contactIds") or []]
    companies = item.get("companyIds") or [item.get("companyId")]
    linked += [(COMPANY, each) for each in companies if each]
    found = [state.crm[key] for key in linked if key in state.crm]
    return own + [_person(each) if may_read(user, each) else HIDDEN for each in found]


def name_of(item: Item) -> str:
    return item.get("title") or f"{item.get('name', '')} {item.get('lastName', '')}".strip()


def _person(item: Item) -> ShownPerson:
    phones = tuple((each["valueType"], each["value"]) for each in item["fm"] if each["typeId"] == "PHONE")
    kind = {CONTACT: "contact", COMPANY: "company"}.get(item["entityTypeId"], "lead")
    return ShownPerson(name_of(item), phones, f"/crm/{kind}/details/{item['id']}/")
