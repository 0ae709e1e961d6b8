"""A portal's state as JSON, for tests that count what an installation made."""

from dataclasses import asdict
from typing import Any

from .openlines.state_json import centre_json
from .state import Field, SandboxPortalState


def told(state: SandboxPortalState, port: int) -> dict[str, Any]:
    kinds = {owner: kind for kind, owner in state.owners().items()}
    lists: dict[str, list[Any]] = {
        "placements": [{"placement": e.code, "handler": e.handler, "title": e.title} for e in state.placements],
        "field_types": [
            {"user_type_id": e.type_id, "code": e.code, "handler": e.handler, "title": e.title, "height": e.height}
            for e in state.field_types
        ],
        "fields": [
            {
                "id": e.id,
                "entityId": e.owner,
                "entityTypeId": kinds.get(e.owner),
                "fieldName": e.name,
                "userTypeId": e.user_type,
                # What each layout of its card says of it, by the variant.
                "layouts": {str(v): _place(state, e, v) for v in state.variants(kinds[e.owner])},
            }
            for e in state.fields
            if e.owner in kinds
        ],
        "handlers": [
            {"event": e.event, "handler": e.address, "auth_type": e.auth_type, "offline": e.offline}
            for e in state.handlers
        ],
        "smart_types": [
            {
                "id": e.row_id,
                "entityTypeId": e.entity_type_id,
                "title": e.title,
                "isClientEnabled": "Y" if e.has_clients else "N",
            }
            for e in state.types
        ],
    }
    return {
        "number": state.portal.number,
        "title": state.portal.title,
        "member_id": state.portal.member_id,
        "origin": state.portal.origin(port),
        "present": state.present,
        "installed": "Y" if state.installed else "N",
        "version": state.version,
        "previous_version": state.previous_version,
        "installer": {"id": state.installer_id, "active": state.installer_id not in state.dismissed},
        "dismissed": sorted(state.dismissed),
        "scopes": state.scopes,
        "application_token": state.application_token,
        "status": state.status,
        "days": state.days,
        "payment_expired": state.payment_expired,
        "quirks": asdict(state.quirks),
        "centre": centre_json(state.centre),
        "timeline": [asdict(entry) for entry in state.timeline],
        "notices": state.notices,
        **lists,
        "counts": {name: len(rows) for name, rows in lists.items()},
    }


def _place(state: SandboxPortalState, found: Field, variant: int) -> str:
    if (found.owner, variant) not in state.layouts:
        return "never_arranged"
    if not state.in_layout(found, variant):
        return "absent"
    return "always" if state.always_shown(found, variant) else "filled"
