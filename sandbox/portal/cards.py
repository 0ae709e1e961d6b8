"""Which pages there are: the card of every item worth looking at, at the address it has in Bitrix24."""

from dataclasses import dataclass

from .items import COMPANY, CONTACT, DEAL, LEAD, QUOTE, SMART_INVOICE, SMART_PROCESS, Item
from .methods import SMART_PROCESS_ROW
from .seed import SEED

KINDS = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
_NAMES = {LEAD: "LEAD", DEAL: "DEAL", CONTACT: "CONTACT", COMPANY: "COMPANY", QUOTE: "QUOTE"}
_NAMES[SMART_INVOICE] = "SMART_INVOICE"


@dataclass(frozen=True)
class Card:
    """One card; `item_id` 0 is a card that nobody has saved yet."""

    entity_type_id: int
    item_id: int

    @property
    def path(self) -> str:
        kind = next((kind for kind, of_type in KINDS.items() if of_type == self.entity_type_id), None)
        return f"/crm/{kind or f'type/{self.entity_type_id}'}/details/{self.item_id}/"

    @property
    def placement(self) -> str:
        """The code of its tab; the type is said nowhere else (b24restdocs: api-reference/widgets/crm/detail-tab.md)."""
        name = _NAMES.get(self.entity_type_id, f"DYNAMIC_{self.entity_type_id}")
        return f"CRM_{name}_DETAIL_TAB"

    @property
    def field_owner(self) -> str:
        """ENTITY_ID of a custom field; a smart process is named by the row of its type, not by its entityTypeId."""
        name = str(SMART_PROCESS_ROW) if self.entity_type_id == SMART_PROCESS else _NAMES[self.entity_type_id]
        return f"CRM_{name}"

    def item(self, portal: int) -> Item | None:
        return SEED[portal].get((self.entity_type_id, self.item_id))

    def exists(self, portal: int) -> bool:
        known = self.entity_type_id in (*_NAMES, SMART_PROCESS)
        return known and (self.item_id == 0 or self.item(portal) is not None)
