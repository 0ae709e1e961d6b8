"""Read one card: the item, its contacts and companies, and the user, in one batch.

What the batch may rely on (array substitution, the parent trap, `=id` with an empty list) is read
in the server's rest module, rest_util.php; field names: bitrix24/b24restdocs,
api-reference/crm/universal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from widget.bitrix24.commands import Command
from widget.bitrix24.dialogs import is_whatsapp, number_of, numbers_in
from widget.bitrix24.rest import Batch, Rest
from widget.errors import ErrorCode, Refused
from widget.storage.portals import Portal
from widget.untrusted import as_positive_int, as_rows, as_zone

LEAD, DEAL, CONTACT, COMPANY, QUOTE, SMART_INVOICE = 1, 2, 3, 4, 7, 31
MAX_AMOUNT = 1e15  # larger ones are not money
PAGE = 50  # a list answers at most this many; far more than a card shows


class PersonKind(Enum):
    OWN = "own"  # the card itself: a lead, a contact or a company
    CONTACT = "contact"
    COMPANY = "company"


@dataclass(frozen=True)
class TypedPhone:
    """A phone as it was typed. `kind` is Bitrix24's VALUE_TYPE: MOBILE, WORK, HOME…"""

    typed: str
    kind: str


@dataclass(frozen=True)
class Person:
    kind: PersonKind
    id: int
    name: str
    phones: tuple[TypedPhone, ...]
    primary: bool = False
    in_whatsapp: bool = False  # an open line of WhatsApp has a dialog with them
    dialogs: tuple[str, ...] = ()  # the numbers of such dialogs (E.164), where they say one
    first_name: str = ""
    full_name: str = ""  # "" for a company, and where the card has a title and no name


@dataclass(frozen=True)
class Viewer:
    """The user who is asking, as Bitrix24 knows them. `zone` is an IANA name or empty."""

    user_id: int
    admin: bool
    name: str
    zone: str


@dataclass(frozen=True)
class ItemFacts:
    """What the item itself says, for quick replies; "" and 0 are not known. A contact and a company
    have no title."""

    title: str = ""
    amount: float = 0.0
    currency: str = ""
    stage: str = ""  # its id
    category: int = 0
    company: str = ""


NO_FACTS = ItemFacts()


@dataclass(frozen=True)
class CrmCard:
    """`hidden` counts linked people that this user may not see; their numbers were never read."""

    people: tuple[Person, ...]
    hidden: int
    viewer: Viewer
    responsible: int = 0  # the user whom the item is assigned to
    item: ItemFacts = NO_FACTS


def read_viewer(rest: Rest, portal: Portal, user_id: int) -> Viewer:
    """The token's user. One outside call. Raises Refused."""
    return _viewer(rest.call(portal, user_id, "profile", {}), user_id)


def viewer_of(answer: Batch, user_id: int) -> Viewer:
    """The token's user, from a batch that holds no card (pure). Raises Refused where the portal did
    not say."""
    failed = answer.busy or ("me" if "me" in answer.errors else None)
    if failed:
        raise answer.refused(failed)
    return _viewer(answer.results.get("me"), user_id)


def batch_of(entity_type_id: int, entity_id: int) -> dict[str, Command]:
    """The commands for one card. `select=*` is the only way to get phones out of a list."""

    def people(type_id: int, ids: str) -> Command:
        chosen = {"=id": f"$result[item][item][{ids}]"}
        return "crm.item.list", {"entityTypeId": type_id, "filter": chosen, "select": ["*"], "start": -1}

    commands: dict[str, Command] = {"item": ("crm.item.get", {"entityTypeId": entity_type_id, "id": entity_id})}
    if entity_type_id != CONTACT:
        commands["contacts"] = people(CONTACT, "contactIds")
    if entity_type_id != COMPANY:
        commands["companies"] = people(COMPANY, "companyIds" if entity_type_id == CONTACT else "companyId")
    commands["me"] = ("profile", {})
    return commands


def card_of(answer: Batch, entity_type_id: int, user_id: int) -> CrmCard:
    """The card in a batch's answer (pure). People who are not linked to the item are dropped."""
    item = _item(answer)
    contact_ids = _ids(item.get("contactIds")) or _ids([item.get("contactId")])
    # A contact of several companies has companyIds; some answers fill only companyId.
    company_ids = _ids(item.get("companyIds")) or _ids([item.get("companyId")])
    contacts = _people(answer, "contacts", contact_ids, PersonKind.CONTACT, primary=_ids([item.get("contactId")]))
    companies = _people(answer, "companies", company_ids, PersonKind.COMPANY)
    own = (_person(item, PersonKind.OWN, entity_type_id),) if entity_type_id in (LEAD, CONTACT, COMPANY) else ()
    talking = numbers_in(answer.results)  # by number: the person under whom it is written does not matter
    asked = (contact_ids[:PAGE] if entity_type_id != CONTACT else []) + (
        company_ids[:PAGE] if entity_type_id != COMPANY else []
    )
    return CrmCard(
        people=tuple(replace(each, dialogs=(*each.dialogs, *talking)) for each in (*own, *contacts, *companies)),
        hidden=len(asked) - len(contacts) - len(companies),
        viewer=_viewer(answer.results.get("me"), user_id),
        responsible=as_positive_int(item.get("assignedById")),
        item=_facts_of(item, entity_type_id, companies),
    )


def _facts_of(item: Mapping[str, Any], entity_type_id: int, companies: tuple[Person, ...]) -> ItemFacts:
    """One company or none: which of several is meant, the card does not say."""
    titled = entity_type_id not in (CONTACT, COMPANY)
    amount = item.get("opportunity")
    own = "companyTitle" if entity_type_id == LEAD else "title" if entity_type_id == COMPANY else ""
    return ItemFacts(
        title=_line_of(item.get("title")) if titled else "",
        amount=float(amount) if isinstance(amount, int | float) and 0 < amount < MAX_AMOUNT else 0.0,
        currency=_line_of(item.get("currencyId"))[:3],
        stage=_line_of(item.get("stageId")) if titled else "",
        category=as_positive_int(item.get("categoryId")),
        company=companies[0].name if len(companies) == 1 else _line_of(item.get(own)),
    )


def _line_of(value: Any) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def _item(answer: Batch) -> Mapping[str, Any]:
    error = answer.errors.get("item", "")
    if error.upper() in ("ACCESS_DENIED", "NOT_FOUND"):
        raise Refused(ErrorCode.CARD_GONE, reason=error)
    failed = answer.busy or ("item" if "item" in answer.errors else None)
    if failed:
        raise answer.refused(failed)
    found = answer.results.get("item")
    item = found.get("item") if isinstance(found, dict) else None
    if not isinstance(item, dict):
        raise Refused(ErrorCode.PORTAL_FAILED, reason="no item in the batch")
    return item


def _people(
    answer: Batch, key: str, wanted: list[int], kind: PersonKind, primary: Iterable[int] = ()
) -> tuple[Person, ...]:
    """The wanted people in the order of their links. A list that failed is an empty one where no
    person is wanted: a null or missing id makes the portal refuse its filter."""
    if wanted and answer.errors.get(key, "ACCESS_DENIED").upper() != "ACCESS_DENIED":
        raise answer.refused(key)  # not a question of rights: «not available to you» would be untrue
    listed = answer.results.get(key)
    items = as_rows(listed.get("items")) if isinstance(listed, dict) else []
    given = [item for item in items if isinstance(item, dict)]
    found = {as_positive_int(item.get("id")): item for item in given}
    entity = CONTACT if kind is PersonKind.CONTACT else COMPANY
    people = [_person(found[i], kind, entity, primary=i in primary) for i in wanted if i in found]
    return tuple(sorted(people, key=lambda person: not person.primary))


def _person(item: Mapping[str, Any], kind: PersonKind, entity_type_id: int, *, primary: bool = False) -> Person:
    names = [item.get(part) for part in ("name", "lastName")]
    name = " ".join(str(part).strip() for part in names if part) if entity_type_id != COMPANY else ""
    name = name[:200]
    dialogs = [_dialog(field) for field in as_rows(item.get("fm"))]
    return Person(
        kind=kind,
        id=as_positive_int(item.get("id")),
        name=(name or str(item.get("title") or "").strip())[:200],
        phones=tuple(_phones(item.get("fm"))),
        primary=primary,
        in_whatsapp=any(is_whatsapp(dialog[:1]) for dialog in dialogs),
        dialogs=tuple(dict.fromkeys(filter(None, (number_of(dialog[:1], dialog[2:3]) for dialog in dialogs)))),
        first_name=_line_of(item.get("name")) if name else "",
        full_name=name,
    )


def phones_in(fields: Any) -> Sequence[TypedPhone]:
    """The phones among an item's `fm`."""
    return tuple(_phones(fields))


def _phones(fields: Any) -> Iterable[TypedPhone]:
    for value in as_rows(fields):
        if isinstance(value, dict) and value.get("typeId") == "PHONE" and value.get("value"):
            yield TypedPhone(str(value["value"])[:200], str(value.get("valueType") or "OTHER")[:20].upper())


def _dialog(field: Any) -> list[str]:
    """The parts of a messenger's value that is an open line's dialog:
    `<connector>|<line>|<chat>|<user>` after `imol|`; none of another value."""
    if not isinstance(field, dict) or field.get("typeId") != "IM" or field.get("valueType") != "IMOL":
        return []
    first, *parts = str(field.get("value") or "").lower().split("|")
    return parts if first == "imol" and len(parts) > 1 else []


def _viewer(profile: Any, user_id: int) -> Viewer:
    """The token's owner. A profile that is not theirs means tokens got mixed up: refuse, never
    show."""
    if not isinstance(profile, dict) or as_positive_int(profile.get("ID")) != user_id:
        raise Refused(ErrorCode.NO_AUTH, 403, "profile of another user")
    names = (profile.get("NAME"), profile.get("LAST_NAME"))
    return Viewer(
        user_id=user_id,
        admin=profile.get("ADMIN") is True,
        name=" ".join(str(part) for part in names if part)[:200],
        zone=as_zone(profile.get("TIME_ZONE")),
    )


def _ids(values: Any) -> list[int]:
    """0, null and missing all mean «none»."""
    numbers = [as_positive_int(value) for value in values] if isinstance(values, list) else []
    return list(dict.fromkeys(number for number in numbers if number))
