"""What tests and the page's buttons do to the gateway: switch a line, answer as a client, write on the line's phone."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.gateway.directory import by_phone, home_id
from sandbox.gateway.guards import here
from sandbox.gateway.lines import STATUSES
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage
from sandbox.gateway.world import NotOnWhatsApp
from sandbox.people import KnownNumber

pages = Blueprint("by_hand", __name__, url_prefix="/_sandbox")
INSTALLED = {"version", "engine", "store", "sub_path", "s3", "unpaired"}
SUB_PATH = "/waha"

# What a button of the page says, and what it does; `until` is counted from now there.
WORDS: dict[str, dict[str, Any]] = {
    "until": {"until": 86_400},
    "capped": {"capped": True},
    "yellow": {"yellow": True},
    "over": {},
}


@pages.post("/sessions/<session>")
def switch(session: str) -> ResponseReturnValue:
    """{"status": "STOPPED"}, or the same as a form, which leads back to the page."""
    said: Any = request.get_json(silent=True) if request.is_json else request.form
    status = said.get("status") if hasattr(said, "get") else None
    try:
        here().world.switch(session, str(status))
    except KeyError:
        return jsonify(error="no such session"), 404
    except ValueError:
        return jsonify(error="no such status", names=STATUSES), 400
    if request.is_json:
        return jsonify(name=session, status=status)
    return redirect(url_for("home.show"), 303)


@pages.post("/restrict/<session>")
def restrict(session: str) -> ResponseReturnValue:
    """{"until": unix seconds, "capped": true, "yellow": true}: what WhatsApp does to a line; {} ends all of it. The
    page's buttons send one word instead."""
    said: Any = request.get_json(silent=True) if request.is_json else WORDS.get(request.form.get("what", ""))
    if not isinstance(said, dict) or not isinstance(said.get("until", 0), int | float):
        return jsonify(error="send until, capped, yellow"), 400
    until = float(said.get("until", 0)) + (here().world.clock() if not request.is_json and said.get("until") else 0.0)
    try:
        here().world.restrict(
            session, until=until, capped=said.get("capped") is True, yellow=said.get("yellow") is True
        )
    except KeyError:
        return jsonify(error="no such session"), 404
    if request.is_json:
        return jsonify(name=session, until=until)
    return redirect(url_for("home.show"), 303)


@pages.post("/lines/<session>")
def set_up(session: str) -> ResponseReturnValue:
    """{"version": "2026.2.1", "engine": "NOWEB", "store": false, "sub_path": true, "s3": true, "unpaired": [LID]}, each
    if given: which software speaks for a line, how it is installed, and behind which LIDs it has not seen the
    phone yet. Until the reset."""
    said: Any = request.get_json(silent=True)
    line = here().world.lines.get(session)
    if line is None or not isinstance(said, dict) or not said.keys() <= INSTALLED:
        return jsonify(error="no such session" if line is None else f"send {', '.join(sorted(INSTALLED))}"), 400
    with here().world.changed:
        line.version, line.engine = str(said.get("version", line.version)), str(said.get("engine", line.engine))
        if "store" in said:
            line.config = {**line.config, "noweb": {"store": {"enabled": said["store"] is True, "fullSync": False}}}
        line.sub_path = SUB_PATH if said.get("sub_path") else ""
        line.s3 = said.get("s3") is True
        line.unpaired = set(said.get("unpaired", line.unpaired))
        line.config = {**line.config, "bucket": request.host_url.rstrip("/")}
    return jsonify(name=session, version=line.version, engine=line.engine)


@pages.get("/cards/<session>")
def cards(session: str) -> ResponseReturnValue:
    """The contact cards that the line has sent, as the clients' phones got them."""
    world = here().world
    with world.changed:
        sent = [message for chat in world.lines[session].chats.values() for message in chat.messages]
        return jsonify([message.card.vcard for message in sent if message.card.vcard])


@pages.post("/answer")
def answer() -> ResponseReturnValue:
    """{"session": "sales", "phone": "+79619510000", "text": "…"}: the client writes to the line."""
    return _written(here().world.answer)


@pages.post("/write")
def write() -> ResponseReturnValue:
    """The same the other way: the company writes to the client on the line's own phone; with "failed": true in vain."""
    said: Any = request.get_json(silent=True)
    stuck = SandboxAck.ERROR if isinstance(said, dict) and said.get("failed") is True else None
    return _written(
        lambda line, client, text: here().world.send(line, home_id(client), text, stuck=stuck, by_api=False)
    )


def _written(by_whom: Callable[[SandboxLine, KnownNumber, str], SandboxMessage]) -> ResponseReturnValue:
    said: Any = request.get_json(silent=True)
    if not isinstance(said, dict) or not str(said.get("text") or "").strip():
        return jsonify(error="send session, phone and text"), 400
    line = here().world.lines.get(str(said.get("session")))
    client = by_phone(str(said.get("phone")))
    if line is None or client is None:
        return jsonify(error="no such session" if line is None else "no such client"), 404
    try:
        message = by_whom(line, client, str(said["text"]))
    except NotOnWhatsApp:
        return jsonify(error="this client has no WhatsApp"), 400
    return jsonify(id=message.full_id)
