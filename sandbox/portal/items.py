"""CRM items in the form that crm.item.get gives them (bitrix24/b24restdocs:
crm/universal/crm-item-get.md)."""

from collections.abc import Sequence
from typing import Any

LEAD, DEAL, CONTACT, COMPANY, QUOTE, SMART_INVOICE, SMART_PROCESS = 1, 2, 3, 4, 7, 31, 183
WITH_PHONES = (LEAD, CONTACT, COMPANY)  # only these have numbers of their own
WITH_ORIGIN = (LEAD, DEAL, CONTACT, COMPANY)  # and these say from which program they come

Item = dict[str, Any]
Phones = Sequence[tuple[str, str]]  # (value type, what was typed)
MADE = "2026-01-12T10:15:00+03:00"


def item(entity_type_id: int, item_id: int, **fields: Any) -> Item:
    """An item with the fields that all types share. What is not given is not there: types differ in
    that too."""
    return {
        "id": item_id,
        "createdTime": MADE,
        "updatedTime": MADE,
        "createdBy": 1,
        "updatedBy": 1,
        "assignedById": 2,
        "opened": "Y",
        "stageId": "NEW",
        "opportunity": 0,
        "currencyId": "RUB",
        "sourceId": None,
        "webformId": 0,
        "utmSource": None,
        **(dict.fromkeys(("originatorId", "originId")) if entity_type_id in WITH_ORIGIN else {}),
        **fields,
        "observers": [],
        "entityTypeId": entity_type_id,
    }


def contact(item_id: int, full_name: str, phones: Phones, *, company_ids: Sequence[int] = (), email: str = "") -> Item:
    name, _, last_name = full_name.partition(" ")
    company_id = company_ids[0] if company_ids else 0
    links = {"companyId": company_id, "companyIds": list(company_ids)}
    return item(CONTACT, item_id, name=name, lastName=last_name, **_multifields(item_id, phones, email), **links)


def company(item_id: int, title: str, phones: Phones, *, contact_ids: Sequence[int] = ()) -> Item:
    fields = _multifields(item_id + 5000, phones, "")
    return item(COMPANY, item_id, title=title, isMyCompany="N", **fields, contactIds=list(contact_ids))


def lead(item_id: int, title: str, phones: Phones, **links: Any) -> Item:
    return item(LEAD, item_id, title=title, **_multifields(item_id + 9000, phones, ""), **links)


def clients(*contact_ids: int) -> Item:
    """The links to contacts: the first is the primary one. None at all is 0 and an empty list."""
    return {"contactId": contact_ids[0] if contact_ids else 0, "contactIds": list(contact_ids)}


def _multifields(base: int, phones: Phones, email: str) -> Item:
    """`fm` holds everything; the flat fields beside it hold one value each."""
    written = [*(("PHONE", *phone) for phone in phones), *([("EMAIL", "WORK", email)] if email else [])]
    fm = [
        {"id": base * 10 + place, "valueType": value_type, "value": value, "typeId": type_id}
        for place, (type_id, value_type, value) in enumerate(written)
    ]
    first = dict(reversed([(value_type, value) for value_type, value in phones]))
    return {
        "hasPhone": "Y" if phones else "N",
        "hasEmail": "Y" if email else "N",
        "hasImol": "N",
        "phone": phones[0][1] if phones else "",
        "phoneMobile": first.get("MOBILE", ""),
        "phoneWork": first.get("WORK", ""),
        "email": email,
        "imol": "",
        "fm": fm,
    }
