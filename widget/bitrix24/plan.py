"""The application's term on a portal, from app.info: shown to administrators alone.

Source: bitrix24/b24restdocs, api-reference/common/system/app-info.md. DAYS may be null: no term.
"""

from dataclasses import dataclass
from typing import Any

from widget.bitrix24.installer.actual import left_of
from widget.bitrix24.rest import Rest
from widget.storage.portals import Portal


@dataclass(frozen=True)
class Plan:
    """`days_left` None: no term; at 0 or below it has ended. `status` is F, D, T, P, L or S."""

    status: str
    days_left: int | None


def read_plan(rest: Rest, portal: Portal, user_id: int) -> Plan:
    """The application's term. One outside call. Raises Refused."""
    return plan_of(rest.call(portal, user_id, "app.info", {}))


def plan_of(info: Any) -> Plan:
    """The facts in the answer (pure); what cannot be read is not a term."""
    if not isinstance(info, dict):
        return Plan("", None)
    return Plan(str(info.get("STATUS") or "")[:2], left_of(info))
