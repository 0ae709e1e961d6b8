"""Names that a card holds only as ids: its stage, and the employee who is responsible for it."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cachetools import TTLCache

from widget.bitrix24.commands import Command, Commands
from widget.bitrix24.crm import DEAL, LEAD, QUOTE, SMART_INVOICE
from widget.bitrix24.employees import name_of
from widget.bitrix24.rest import Rest
from widget.context import CardContext
from widget.errors import Refused
from widget.storage.staff import Staff
from widget.timing import timer_of
from widget.untrusted import as_dict, as_rows

log = logging.getLogger(__name__)

REMEMBERED_SECONDS = 600
MAX_REMEMBERED = 5000

NameKey = tuple[int, int, str, str]  # portal, user who asked, kind of name, id


@dataclass(frozen=True)
class CardNames:
    """ "" is not known."""

    stage: str = ""
    responsible: str = ""


class NameReader:
    def __init__(self, rest: Rest, staff: Staff, clock: Callable[[], float]) -> None:
        self._rest = rest
        self._staff = staff
        self._remembered: TTLCache[NameKey, str] = TTLCache(MAX_REMEMBERED, REMEMBERED_SECONDS, timer=timer_of(clock))
        self._lock = threading.Lock()

    def of(self, context: CardContext, *, stage: bool, responsible: bool) -> CardNames:
        """The names that are wanted, "" where Bitrix24 does not say. One outside call where one is
        not remembered. Never raises."""
        entity, item = stages_of(context.session.entity_type_id, context.card.item.category), context.card.item
        employee = self._staff.of(context.portal.id).get(context.card.responsible)
        found = {"responsible": employee.name if employee else ""}
        asked: dict[str, Command] = {}
        if stage and item.stage and entity:
            chosen = {"ENTITY_ID": entity, "STATUS_ID": item.stage}
            asked["stage"] = ("crm.status.list", {"filter": chosen})
        if responsible and context.card.responsible and not found["responsible"]:
            asked["responsible"] = ("user.get", {"FILTER": {"ID": [context.card.responsible]}})
        ids = {"stage": f"{entity}:{item.stage}", "responsible": str(context.card.responsible)}
        for kind in [*asked]:
            known = self._known(context, kind, ids[kind])
            if known:
                found[kind] = known
                del asked[kind]
        return CardNames(**{**found, **self._read(context, asked, ids)})

    def _read(self, context: CardContext, asked: Commands, ids: Mapping[str, str]) -> dict[str, str]:
        if not asked:
            return {}
        try:
            answer = self._rest.batch(context.portal, context.session.user_id, asked)
        except Refused as refusal:
            log.warning("reply.names_failed portal=%s reason=%s", context.portal.id, refusal.reason)
            return {}
        found = {kind: _name(answer.results.get(kind)) for kind in asked}
        with self._lock:
            for kind, name in found.items():
                if name:
                    self._remembered[_key(context, kind, ids[kind])] = name
        return found

    def _known(self, context: CardContext, kind: str, name_id: str) -> str:
        with self._lock:
            return self._remembered.get(_key(context, kind, name_id), "")


def stages_of(entity_type_id: int, category: int) -> str:
    """What crm.status.list calls the stages of a card of this kind and funnel; "" for a card
    without stages (pure)."""
    if entity_type_id == DEAL:
        return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"
    if entity_type_id == SMART_INVOICE:
        return f"SMART_INVOICE_STAGE_{category}"
    if entity_type_id > SMART_INVOICE:
        return f"DYNAMIC_{entity_type_id}_STAGE_{category}"
    return {LEAD: "STATUS", QUOTE: "QUOTE_STATUS"}.get(entity_type_id, "")


def _key(context: CardContext, kind: str, name_id: str) -> NameKey:
    return context.portal.id, context.session.user_id, kind, name_id


def _name(value: object) -> str:
    """Of the one row that was asked for: a stage has a NAME, an employee a LAST_NAME besides."""
    rows = as_rows(value)
    return name_of(as_dict(rows[0])) if len(rows) == 1 else ""
