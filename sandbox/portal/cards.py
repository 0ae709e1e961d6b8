"""Which pages there are: the card of every item worth looking at, at the address it has in
Bitrix24."""

from dataclasses import dataclass

from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE

KINDS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
NAMES = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY", QUOTE: "QUOTE"}
NAMES[SMART_INVOICE] = "SMART_INVOICE"


@dataclass(frozen=True)
class PortalCard:
    """One card; `item_id` 0 is a card that was never saved."""

    entity_type_id: int
    item_id: int

    @classmethod
    def at(cls, path: str) -> "PortalCard | None":
        match path.strip("/").split("/"):
            case ["crm", "type", entity_type_id, "details", item_id] if entity_type_id.isdigit() and item_id.isdigit():
                return cls(int(entity_type_id), int(item_id))
            case ["crm", kind, "details", item_id] if kind in KINDS and item_id.isdigit():
                return cls(KINDS[kind], int(item_id))
        return None

    @property
    def path(self) -> str:
        kind = next((kind for kind, of_type in KINDS.items() if of_type == self.entity_type_id), None)
        return f"/crm/{kind or f'type/{self.entity_type_id}'}/details/{self.item_id}/"

    @property
    def placement(self) -> str:
        """The code of its tab; the type is said nowhere else (b24restdocs:
        api-reference/widgets/crm/detail-tab.md)."""
        return f"CRM_{kind_name(self.entity_type_id)}_DETAIL_TAB"


def kind_name(entity_type_id: int) -> str:
    return NAMES.get(entity_type_id, f"DYNAMIC_{entity_type_id}")
