"""`flask portal check`: whether a portal's token, application and lines work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from widget.bitrix24.oauth import Home
from widget.errors import Refused
from widget.gateways.base import GatewayError, LineState
from widget.storage.portals import Portal, PortalState
from widget.untrusted import as_dict

if TYPE_CHECKING:
    from widget.services import Services


@dataclass(frozen=True)
class CheckFinding:
    fine: bool
    what: str
    detail: str


def check_portal(here: "Services", portal: Portal) -> Iterator[CheckFinding]:
    """One finding for each thing that can be wrong. Never raises for trouble outside; names no
    token, no key."""
    active = portal.state is PortalState.ACTIVE
    yield CheckFinding(active, "state", f"{portal.state.value} {portal.closed_reason}".strip())
    user_id = _whose_token(here, portal)
    if user_id is None:
        yield CheckFinding(
            False, "token", "none is stored; the next opening of a card or of the application brings one"
        )
    elif active:
        yield from _token_findings(here, portal, user_id)
    yield from _line_findings(here, portal)


def _token_findings(here: "Services", portal: Portal, user_id: int) -> Iterator[CheckFinding]:
    try:
        app = as_dict(here.bitrix24.rest.call(portal, user_id, "app.info", {}))
        me = as_dict(here.bitrix24.rest.call(portal, user_id, "profile", {}))
        token = here.storage.tokens.find(portal.id, user_id)
        proof = here.bitrix24.oauth.prove(
            token.access if token else "",
            member_id=portal.member_id,
            refresh=True,
            home=Home(portal.domain, portal.auth_server),
        )
    except Refused as error:
        yield CheckFinding(False, "token", f"of user {user_id}: {error.code.value} ({error.reason})")
        return
    yield CheckFinding(True, "token", f"of user {user_id} works; proved at {proof.auth_server}")
    installer = user_id == portal.installer_id
    admin = me.get("ADMIN") is True
    yield CheckFinding(admin or not installer, "user", "an administrator" if admin else "no administrator")
    yield CheckFinding(proof.endpoint == portal.endpoint, "address", proof.endpoint)
    yield CheckFinding(bool(proof.scopes), "scopes", ", ".join(sorted(proof.scopes)) or "none")
    yield CheckFinding(app.get("PAYMENT_EXPIRED") != "Y", "subscription", _subscription(app))


def _line_findings(here: "Services", portal: Portal) -> Iterator[CheckFinding]:
    lines = here.storage.lines.of(portal.id)
    if not lines:
        yield CheckFinding(False, "lines", "none; add one in the application's settings or with `flask line add`")
    for line in lines:
        try:
            state = here.gateways.status(line, refresh=True).state
        except GatewayError as error:
            yield CheckFinding(False, f"line {line.id} {line.name}", error.gateway_code.value)
        else:
            yield CheckFinding(state is LineState.READY, f"line {line.id} {line.name}", state.value)


def _whose_token(here: "Services", portal: Portal) -> int | None:
    """The user whose token is tried: the installer, whose token works in the background, else the
    last one who opened a page."""
    users = here.storage.tokens.users(portal.id)
    return portal.installer_id if portal.installer_id in users else next(iter(users), None)


def _subscription(app: Mapping[str, Any]) -> str:
    days, expired = app.get("DAYS"), app.get("PAYMENT_EXPIRED") == "Y"
    left = f", {days} days left" if isinstance(days, int) else ""
    return f"status {str(app.get('STATUS'))[:2]}{left}{', expired' if expired else ''}"
