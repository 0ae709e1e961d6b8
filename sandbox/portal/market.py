"""Two pages of an administrator: /market/ with the application, and /types/ with the smart
processes."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from . import lifecycle
from .choices import Choices
from .openings import OpeningPlace
from .portals import SandboxPortals
from .state import SmartType
from .template_context import around, uri
from .users import User

MAX_TITLE = 100


def market_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("market", __name__)

    @pages.get("/market/")
    def market() -> str:
        """The application and, while it is there, its frame: the install page until that is
        finished."""
        state = portals.state_here()
        place = OpeningPlace(uri=uri()) if state.present else None
        return render_template("market.html", **around(portals, place), state=state)

    @pages.post("/market/<any(install, update, uninstall, pay):what>")
    def act(what: str) -> ResponseReturnValue:
        user, state = _admin(), portals.state_here()
        if what == "install":
            lifecycle.start_install(portals, state, user)
        elif what == "update" and state.present:
            lifecycle.update(portals, state, user, state.version + 1)
        elif what == "uninstall":
            lifecycle.uninstall(portals, state, clean=request.form.get("clean") == "1")
        elif what == "pay":
            expired = request.form.get("expired") == "1"
            lifecycle.pay(portals, state, "P", -1 if expired else 30, expired=expired)
        return redirect(f"/market/{Choices.read(request.args).query()}", 303)

    @pages.post("/market/grant")
    def grant() -> ResponseReturnValue:
        """An administrator gives the application the permissions for open lines."""
        _admin()
        state = portals.state_here()
        state.scopes = ",".join(sorted({*state.scopes.split(","), "im", "imconnector", "imopenlines"}))
        return redirect(f"/market/{Choices.read(request.args).query()}", 303)

    @pages.get("/types/")
    def types() -> str:
        return render_template("types.html", **around(portals), state=portals.state_here())

    @pages.post("/types/")
    def add_type() -> ResponseReturnValue:
        has_clients = request.form.get("clients") == "1"
        lifecycle.add_smart_type(portals, portals.state_here(), _admin(), _title(), has_clients=has_clients)
        return _back_to_types()

    @pages.post("/types/<int:entity_type_id>/<any(rename, delete):what>")
    def change_type(entity_type_id: int, what: str) -> ResponseReturnValue:
        smart_type: SmartType = portals.state_here().smart_type(entity_type_id) or abort(404)
        if what == "rename":
            lifecycle.rename_smart_type(portals, portals.state_here(), _admin(), smart_type, _title())
        else:
            lifecycle.delete_smart_type(portals, portals.state_here(), _admin(), smart_type)
        return _back_to_types()

    return pages


def _admin() -> User:
    user = Choices.read(request.args).user
    if not user.is_admin:
        abort(403)
    return user


def _title() -> str:
    return request.form.get("title", "").strip()[:MAX_TITLE] or abort(400)


def _back_to_types() -> ResponseReturnValue:
    return redirect(f"/types/{Choices.read(request.args).query()}", 303)
