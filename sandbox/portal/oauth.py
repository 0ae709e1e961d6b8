"""The authorisation servers: whose token this is, and a new token for an old one.

In the cloud each is a host of its own with /rest/ and /oauth/token/; here they share the portal's
port, where /rest/ is taken, and have the prefixes /oauth and /oauth2. Neither knows a token of a
portal that belongs to the other. bitrix24/b24restdocs: settings/oauth/simple-way.md,
auto-renewal.md.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from .credentials import AUTH_PREFIXES, AUTH_SERVER, CLIENT_ID, CLIENT_SECRET, server_endpoint
from .errors import RestError, known
from .faults import MISMATCHES, misbehave
from .portals import SandboxPortals
from .rest import time_block
from .tokens import TokenPair

ELSEWHERE = "another-portal.example"


def oauth_pages(portals: SandboxPortals, number: int) -> Blueprint:
    """One of the two; its calls and faults are named oauth:… and oauth2:…"""
    prefix = AUTH_PREFIXES[number]
    name = prefix.strip("/")
    pages = Blueprint(name, __name__, url_prefix=prefix)

    @pages.get("/rest/app.info/")
    @pages.get("/rest/app.info")
    def app_info() -> ResponseReturnValue:
        fault = portals.control.called(f"{name}:app.info")
        if fault and fault.fault not in MISMATCHES:
            return misbehave(fault, portals.port, lambda: _told(lambda: _info(portals, number)))
        return _told(lambda: _info(portals, number, fault.fault if fault else ""))

    # Under /oauth/oauth/ too: an application that knows only the auth server's root appends
    # /oauth/token/ to it.
    @pages.route("/oauth/token/", methods=["GET", "POST"])
    @pages.route("/token/", methods=["GET", "POST"])
    def token() -> ResponseReturnValue:
        fault = portals.control.called(f"{name}:token")
        if fault:
            return misbehave(fault, portals.port, lambda: _told(lambda: _refresh(portals, number)))
        return _told(lambda: _refresh(portals, number))

    return pages


def _info(portals: SandboxPortals, number: int, mismatch: str = "") -> dict[str, Any]:
    started = time.time()
    grant = portals.tokens.find(request.args.get("auth", ""))
    if grant is None or portals.state_of(grant.portal).quirks.server != number:
        raise known("invalid_token" if request.args.get("auth") else "NO_AUTH_FOUND")
    if not portals.state_of(grant.portal).present:
        raise known("NOT_INSTALLED")
    if grant.is_expired:
        raise known("expired_token")
    result = {
        "client_id": "local.another.application" if mismatch == "wrong_client" else CLIENT_ID,
        "scope": portals.state_of(grant.portal).scopes,
        "expires": datetime.fromtimestamp(grant.expires, UTC).isoformat(),
        "install": _install(portals, grant, mismatch),
        "user_id": str(grant.user.id),
    }
    return {"result": result, "time": time_block(started)}


def _install(portals: SandboxPortals, grant: TokenPair, mismatch: str) -> dict[str, Any]:
    portal, state = grant.portal, portals.state_of(grant.portal)
    domain = ELSEWHERE if mismatch == "wrong_domain" else portal.domain(portals.port)
    return {
        "installed": state.installed,
        "version": str(state.version),
        "status": state.status,
        "scope": state.scopes,
        "domain": domain,
        "uri": f"http://{domain}",
        "client_endpoint": f"http://{domain}/rest/",
        "member_id": "f" * 32 if mismatch == "wrong_member" else portal.member_id,
        "member_type": "user",
    }


def _refresh(portals: SandboxPortals, number: int) -> dict[str, Any]:
    """A refresh token works once: the answer brings the next one."""
    asked = request.values
    if asked.get("grant_type") != "refresh_token" or not asked.get("refresh_token"):
        raise known("invalid_request")
    if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        raise known("invalid_client")
    known_here = portals.tokens.owner(asked["refresh_token"])
    if known_here is None or portals.state_of(known_here).quirks.server != number:
        raise known("invalid_grant")
    grant = portals.tokens.rotate(asked["refresh_token"])
    if grant is None:
        raise known("invalid_grant")
    state = portals.state_of(grant.portal)
    if not state.present:
        raise known("NOT_INSTALLED")
    return {
        "access_token": grant.access,
        "client_endpoint": grant.portal.client_endpoint(portals.port),
        "domain": AUTH_SERVER,
        "expires": grant.expires,
        "expires_in": portals.tokens.lifetime,
        "member_id": grant.portal.member_id,
        "refresh_token": grant.refresh,
        "scope": state.scopes,
        "server_endpoint": server_endpoint(portals.port, number),
        "status": state.status,
        "user_id": grant.user.id,
    }


def _told(tell: Callable[[], dict[str, Any]]) -> Response:
    try:
        return jsonify(tell())
    except RestError as error:
        refused = jsonify(error.body())
        refused.status_code = error.status
        return refused
