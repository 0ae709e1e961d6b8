"""The application comes, is updated, is paid for, and goes; smart processes come and go too.

bitrix24/b24restdocs: settings/app-installation/installation-finish.md,
settings/app-uninstallation.md, api-reference/events/event-bind.md; an update starts the
installation anew: server module rest, application.php.
"""

import secrets

from .cards import PortalCard
from .events import fire, payment, send, type_changed, usual_data
from .events import listeners as listeners_of
from .portals import SandboxPortals
from .state import SandboxPortalState, SmartType
from .users import User

FIRST_SMART_TYPE = 1030


def start_install(portals: SandboxPortals, state: SandboxPortalState, user: User) -> None:
    """Put the application in, its installer to be finished. Tokens of an earlier installation are
    worth nothing."""
    if state.present:
        return
    portals.tokens.revoke(state.portal)
    state.remove_application()
    state.present, state.finished_once, state.previous_version = True, False, None
    state.installer_id, state.application_token = user.id, secrets.token_hex(16)


def finish_install(portals: SandboxPortals, state: SandboxPortalState, user: User) -> bool:
    """What installFinish does; nothing where the application is installed already or not there at
    all."""
    if state.installed or not state.present:
        return False
    by_docs = state.quirks.update == "docs" and state.finished_once
    state.installed = state.finished_once = True
    fire(portals, state, "ONAPPINSTALL", usual_data(state, "ONAPPINSTALL"), user)
    if by_docs:
        fire(portals, state, "ONAPPUPDATE", usual_data(state, "ONAPPUPDATE"), user)
    return True


def update(portals: SandboxPortals, state: SandboxPortalState, user: User, version: int) -> None:
    """A new version is there: INSTALLED is N again until installFinish.

    By the source of the modules the update itself fires ONAPPUPDATE and takes only the handlers of
    ONAPPINSTALL; by the docs it takes all of them, and ONAPPUPDATE comes at the finish.
    """
    state.previous_version, state.version = state.version, version
    if state.quirks.update == "docs":
        state.handlers = []
    else:
        fire(portals, state, "ONAPPUPDATE", usual_data(state, "ONAPPUPDATE"), user)
        state.handlers = [each for each in state.handlers if each.event != "ONAPPINSTALL"]
    state.installed = False


def uninstall(portals: SandboxPortals, state: SandboxPortalState, *, clean: bool) -> None:
    """The last thing an application hears of a portal; no token comes with it."""
    if not state.present:
        return
    handlers = listeners_of(state, "ONAPPUNINSTALL") if state.installed else []
    told = {**usual_data(state, "ONAPPUNINSTALL"), "CLEAN": int(clean)}
    send(portals, state, "ONAPPUNINSTALL", told, None, handlers)
    state.remove_application()


def pay(portals: SandboxPortals, state: SandboxPortalState, status: str, days: int | None, *, expired: bool) -> None:
    state.status, state.days, state.payment_expired = status, days, "Y" if expired else "N"
    fire(portals, state, "ONAPPPAYMENT", payment(state))


def add_smart_type(
    portals: SandboxPortals,
    state: SandboxPortalState,
    user: User,
    title: str,
    *,
    has_clients: bool = True,
    entity_type_id: int = 0,
) -> SmartType:
    """A smart process with one item, and one contact on it if it has clients."""
    rows = [7, *(each.row_id for each in state.types)]
    taken = [FIRST_SMART_TYPE - 2, *(each.entity_type_id for each in state.types)]
    smart_type = SmartType(max(rows) + 1, entity_type_id or max(taken) + 2, title, has_clients)
    state.types.append(smart_type)
    state.add_item_of(smart_type)
    type_changed(portals, state, "ADD", smart_type, user)
    return smart_type


def rename_smart_type(
    portals: SandboxPortals, state: SandboxPortalState, user: User, smart_type: SmartType, title: str
) -> None:
    smart_type.title = title
    type_changed(portals, state, "UPDATE", smart_type, user)


def delete_smart_type(portals: SandboxPortals, state: SandboxPortalState, user: User, smart_type: SmartType) -> None:
    """Its items, its tab and its fields go with it."""
    entity_type_id, owner = smart_type.entity_type_id, state.owners()[smart_type.entity_type_id]
    code = PortalCard(entity_type_id, 0).placement
    state.types.remove(smart_type)
    state.crm = {key: each for key, each in state.crm.items() if key[0] != entity_type_id}
    state.placements = [each for each in state.placements if each.code != code]
    state.fields = [each for each in state.fields if each.owner != owner]
    state.layouts = {key: layout for key, layout in state.layouts.items() if key[0] != owner}
    state.funnels.pop(entity_type_id, None)
    type_changed(portals, state, "DELETE", smart_type, user)
