"""What this service relies on of Bitrix24, by name: docs/bitrix24.md says for each what, and where
that was read."""

import re
from collections.abc import Iterable

from widget.bitrix24.events import OF_OPEN_LINES, WANTED
from widget.bitrix24.installer.desired import FIELD_TYPE_CODE, KINDS, tab
from widget.bitrix24.placement import SETTING_CONNECTOR

METHODS = (
    *("app.info", "batch", "profile", "scope", "user.access", "user.admin", "user.get"),
    *("crm.activity.badge.add", "crm.activity.configurable.add", "crm.activity.configurable.update"),
    "crm.activity.list",
    *("crm.duplicate.findbycomm", "crm.timeline.bindings.bind", "crm.timeline.comment.add"),
    *("crm.timeline.comment.list", "crm.timeline.comment.update"),
    *("crm.category.list", "crm.item.details.configuration.get", "crm.item.details.configuration.set"),
    *("crm.item.add", "crm.item.fields", "crm.item.get", "crm.item.list", "crm.item.update"),
    *("crm.status.list", "crm.type.list"),
    *("disk.file.get", "disk.folder.getchildren", "disk.storage.getlist"),
    *("event.bind", "event.get", "event.unbind"),
    *(
        "im.chat.get",
        "im.message.add",
        "im.message.delete",
        "im.message.update",
        "im.notify.delete",
        "im.notify.system.add",
    ),
    *("imconnector.activate", "imconnector.connector.data.set", "imconnector.delete.messages", "imconnector.register"),
    *("imconnector.send.messages", "imconnector.send.status.delivery", "imconnector.status"),
    *("imconnector.unregister", "imconnector.update.messages"),
    *("imopenlines.config.get", "imopenlines.config.list.get", "imopenlines.crm.chat.get"),
    "imopenlines.dialog.get",
    *("imopenlines.operator.answer", "imopenlines.operator.finish", "imopenlines.operator.transfer"),
    *("imopenlines.session.history.get", "imopenlines.session.intercept", "imopenlines.session.join"),
    "imopenlines.session.start",
    *("placement.bind", "placement.get", "placement.list", "placement.unbind"),
    *("userfieldconfig.add", "userfieldconfig.delete", "userfieldconfig.getTypes", "userfieldconfig.list"),
    *("userfieldtype.add", "userfieldtype.delete", "userfieldtype.list", "userfieldtype.update"),
)
EVENTS = (*WANTED, *OF_OPEN_LINES)
DYNAMIC_TAB = tab("DYNAMIC_<entityTypeId>")
TABS = (*map(tab, KINDS), DYNAMIC_TAB)
PLACEMENTS = (*TABS, FIELD_TYPE_CODE, "DEFAULT", SETTING_CONNECTOR)
FORM_FIELDS = (
    *("DOMAIN", "PROTOCOL", "LANG", "AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID", "SERVER_ENDPOINT", "APPLICATION_TOKEN"),
    *("member_id", "PLACEMENT", "PLACEMENT_OPTIONS"),
)
# What an answer can confirm. Methods that undo or change something are called where that is needed,
# often never.
CONFIRMABLE = (*METHODS, *EVENTS, *TABS)
_DYNAMIC = re.compile(DYNAMIC_TAB.replace("<entityTypeId>", r"\d+"))


def not_confirmed(confirmed: Iterable[str]) -> list[str]:
    """Of what answers can confirm, what none of this portal has (pure). The tabs of smart processes
    count as one."""
    seen = {DYNAMIC_TAB if _DYNAMIC.fullmatch(name) else name for name in confirmed}
    return [name for name in CONFIRMABLE if name not in seen]
