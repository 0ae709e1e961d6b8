"""What this service relies on of Bitrix24, by name: docs/bitrix24.md says for each what, and where that was read."""

import re
from collections.abc import Iterable

from widget.bitrix24.events import WANTED
from widget.bitrix24.parts import FIELD_TYPE_CODE, KINDS, tab

METHODS = (
    *("app.info", "batch", "profile", "scope", "user.access", "user.admin"),
    *("crm.category.list", "crm.item.details.configuration.get", "crm.item.details.configuration.set"),
    *("crm.item.get", "crm.item.list", "crm.type.list"),
    *("event.bind", "event.get", "event.unbind"),
    *("placement.bind", "placement.get", "placement.list", "placement.unbind"),
    *("userfieldconfig.add", "userfieldconfig.delete", "userfieldconfig.getTypes", "userfieldconfig.list"),
    *("userfieldtype.add", "userfieldtype.delete", "userfieldtype.list", "userfieldtype.update"),
)
EVENTS = WANTED
DYNAMIC_TAB = tab("DYNAMIC_<entityTypeId>")
TABS = (*map(tab, KINDS), DYNAMIC_TAB)
PLACEMENTS = (*TABS, FIELD_TYPE_CODE, "DEFAULT")
FORM_FIELDS = (
    *("DOMAIN", "PROTOCOL", "LANG", "AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN"),
    *("member_id", "PLACEMENT", "PLACEMENT_OPTIONS"),
)
# What an answer can confirm. Methods that undo or change something are called where that is needed, often never.
CONFIRMABLE = (*METHODS, *EVENTS, *TABS)
_DYNAMIC = re.compile(DYNAMIC_TAB.replace("<entityTypeId>", r"\d+"))


def not_confirmed(confirmed: Iterable[str]) -> list[str]:
    """Of what answers can confirm, what none of this portal has (pure). The tabs of smart processes count as one."""
    seen = {DYNAMIC_TAB if _DYNAMIC.fullmatch(name) else name for name in confirmed}
    return [name for name in CONFIRMABLE if name not in seen]
