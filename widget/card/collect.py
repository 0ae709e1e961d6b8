"""People to phones (pure): normalise, merge, order, cut. No I/O; the same number on two people is
one phone."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from widget.bitrix24.crm import Person, TypedPhone
from widget.context import CardPhone, Owner
from widget.phones.facts import NOTHING, Facts
from widget.phones.numbers import LineKind, Phone, Problem

SHOWN = 10  # a card never shows, and so never asks about, more
# Phones that are read of one card: a contact may have any number, and one takes up to 10 ms of
# processor.
MAX_FIELDS = 200
NEVER = frozenset({"FAX", "PAGER"})
COUNTRIES = 4  # of a card's numbers, the most frequent, that a number without one is held against
_KIND_ORDER = {"MOBILE": 0, "WORK": 1, "HOME": 2}


def phones_of(
    people: Collection[Person],
    parse: Callable[[str, frozenset[str]], Iterable[Phone]],
    facts_of: Callable[[Phone], Facts],
    key_of: Callable[[str], str],
) -> tuple[CardPhone, ...]:
    """The phones of these people, in the order: own, primary contact, other contacts, companies;
    and within one person mobile before work before home. `parse` is asked once without and once
    with the countries of the card's numbers."""
    merged: dict[str, CardPhone] = {}
    written = list(islice(((person, field) for person in people for field in _usable(person)), MAX_FIELDS))
    beside = _countries_of((field for _person, field in written), parse)
    for person, field in written:
        owner = Owner(
            *(person.kind, person.id, person.name, person.in_whatsapp),
            first_name=person.first_name,
            full_name=person.full_name,
        )
        for phone in parse(field.typed, beside):
            if phone.problem is Problem.EMPTY:
                continue
            name = phone.e164 or f"typed {phone.typed}"
            found = merged.get(name)
            merged[name] = CardPhone(
                key=key_of(name),
                phone=_with_extension(found.phone, phone) if found else phone,
                facts=found.facts if found else facts_of(phone),
                owners=_joined(found.owners if found else (), (owner,)),
                typed=tuple(dict.fromkeys((*(found.typed if found else ()), phone.typed))),
                in_dialog=phone.e164 in person.dialogs or bool(found and found.in_dialog),
            )
    offered = {
        e164: CardPhone(key_of(e164), phone, facts_of(phone), owners=(), typed=())
        for item in merged.values()
        for e164 in item.phone.suggestions
        for phone in parse(e164, frozenset())
    }
    return tuple(_with_offers(item, offered) for item in merged.values())


def hidden_phone(lid: str, name: str, key: str) -> CardPhone:
    """A client whose phone is not known, as a row of the card."""
    phone = Phone(lid, None, "", name, "", LineKind.UNKNOWN, None)
    return CardPhone(key, phone, NOTHING, owners=(), typed=(), lid=lid)


def _countries_of(
    fields: Iterable[TypedPhone], parse: Callable[[str, frozenset[str]], Iterable[Phone]]
) -> frozenset[str]:
    read = (parse(field.typed, frozenset()) for field in fields)
    found = Counter(phone.region_code for phones in read for phone in phones if phone.region_code)
    return frozenset(country for country, _ in found.most_common(COUNTRIES))


def _usable(person: Person) -> Iterator[TypedPhone]:
    usable = [phone for phone in person.phones if phone.kind not in NEVER]
    yield from sorted(usable, key=lambda phone: _KIND_ORDER.get(phone.kind, 3))


def chosen(phones: Iterable[CardPhone], keys: Collection[str]) -> tuple[CardPhone, ...]:
    """The phones with the offers of these keys in place of the rows that offered them, or after a
    row that has a number of its own."""
    merged: dict[str, CardPhone] = {}
    for item in phones:
        pressed = [offer for offer in item.offers if offer.key in keys]
        left = tuple(offer for offer in item.offers if offer not in pressed)
        shown = [replace(item, offers=left), *pressed] if item.phone.e164 else pressed[:1] or [item]
        for each in shown:
            found = merged.get(each.key)
            merged[each.key] = replace(found, owners=_joined(found.owners, each.owners)) if found else each
    return tuple(merged.values())


def arrange(phones: Collection[CardPhone], with_chat: Collection[str]) -> list[CardPhone]:
    """Numbers with a chat first, numbers that cannot be dialled last, otherwise as collected."""
    return sorted(phones, key=lambda p: 0 if p.client in with_chat else 1 if p.client else 2)


def _with_extension(first: Phone, other: Phone) -> Phone:
    return first if first.extension or not other.extension else other


def _with_offers(item: CardPhone, offered: Mapping[str, CardPhone]) -> CardPhone:
    offers = [offered[e164] for e164 in item.phone.suggestions if e164 in offered]
    return replace(item, offers=tuple(replace(offer, owners=item.owners, typed=item.typed) for offer in offers))


def _joined(owners: tuple[Owner, ...], more: tuple[Owner, ...]) -> tuple[Owner, ...]:
    return tuple(dict.fromkeys((*owners, *more)))
