"""What tests and the page's buttons do to the gateway: switch a line, answer as a client, write on
the line's phone."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.gateway.bubbles import arrived
from sandbox.gateway.directory import by_phone, home_id
from sandbox.gateway.guards import here
from sandbox.gateway.lines import STATUSES
from sandbox.gateway.media import plays
from sandbox.gateway.model import SandboxAck, SandboxLine, SandboxMessage
from sandbox.gateway.state import NotOnWhatsApp
from sandbox.people import KnownNumber

pages = Blueprint("manual", __name__, url_prefix="/_sandbox")
INSTALLED = {"version", "engine", "store", "sub_path", "s3", "unpaired"}
SUB_PATH = "/behind"

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
        here().state.switch(session, str(status))
    except KeyError:
        return jsonify(error="no such session"), 404
    except ValueError:
        return jsonify(error="no such status", names=STATUSES), 400
    if request.is_json:
        return jsonify(name=session, status=status)
    return redirect(url_for("home.show"), 303)


@pages.post("/restrict/<session>")
def restrict(session: str) -> ResponseReturnValue:
    """{"until": unix seconds, "capped": true, "yellow": true}: what WhatsApp does to a line; {}
    ends all of it. The page's buttons send one word instead."""
    said: Any = request.get_json(silent=True) if request.is_json else WORDS.get(request.form.get("what", ""))
    if not isinstance(said, dict) or not isinstance(said.get("until", 0), int | float):
        return jsonify(error="send until, capped, yellow"), 400
    until = float(said.get("until", 0)) + (here().state.clock() if not request.is_json and said.get("until") else 0.0)
    try:
        here().state.restrict(
            session, until=until, capped=said.get("capped") is True, yellow=said.get("yellow") is True
        )
    except KeyError:
        return jsonify(error="no such session"), 404
    if request.is_json:
        return jsonify(name=session, until=until)
    return redirect(url_for("home.show"), 303)


@pages.post("/lines/<session>")
def set_up(session: str) -> ResponseReturnValue:
    """{"version": "2026.2.1", "engine": "NOWEB", "store": false, "sub_path": true, "s3": true,
    "unpaired": [LID]}, each if given: which software speaks for a line, how it is installed, and
    behind which LIDs it has not seen the phone yet. Until the reset."""
    said: Any = request.get_json(silent=True)
    line = here().state.lines.get(session)
    if line is None or not isinstance(said, dict) or not said.keys() <= INSTALLED:
        return jsonify(error="no such session" if line is None else f"send {', '.join(sorted(INSTALLED))}"), 400
    with here().state.changed:
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
    state = here().state
    with state.changed:
        sent = [message for chat in state.lines[session].chats.values() for message in chat.messages]
        return jsonify([vcard for message in sent for _name, vcard in message.contacts])


@pages.post("/answer")
def answer() -> ResponseReturnValue:
    """{"session": "sales", "phone": "+79619510000", "text": "…"}: the client writes to the line.
    With "contacts", {name: phone}, they share those, and the text may be missing."""
    said: Any = request.get_json(silent=True)
    shared = said.get("contacts") if isinstance(said, dict) else None
    cards = [(name, vcard_of(name, phone)) for name, phone in shared.items()] if isinstance(shared, dict) else []
    return _written(lambda line, client, text: here().state.answer(line, client, text, cards), wordless=bool(cards))


@pages.get("/arrived")
def show_arrived() -> ResponseReturnValue:
    """?session=sales&phone=%2B79619510000: what is on the client's phone, oldest first, without
    reading it."""
    state, line = here().state, here().state.lines.get(request.args.get("session", ""))
    client = by_phone(request.args.get("phone", ""))
    if line is None or client is None:
        return jsonify(error="no such session" if line is None else "no such client"), 404
    with state.changed:
        messages = [message for message in arrived(line.chats.get(home_id(client)), state.clock()) if message.from_me]
        return jsonify([_on_phone(message) for message in messages])


def _on_phone(message: SandboxMessage) -> dict[str, Any]:
    media = message.media
    found: dict[str, Any] = {"text": message.text, "answers": message.quoted.text if message.quoted else None}
    if media is None:
        return found
    heard = {"voice": media.voice, "plays": plays(media), "seconds": media.seconds}
    return {**found, "mimetype": media.mimetype, "name": media.filename, "size": len(media.content), **heard}


@pages.post("/write")
def write() -> ResponseReturnValue:
    """The company writes to the client on the line's own phone, with the fields of `answer`;
    "failed": true: it fails."""
    said: Any = request.get_json(silent=True)
    stuck = SandboxAck.ERROR if isinstance(said, dict) and said.get("failed") is True else None
    return _written(
        lambda line, client, text: here().state.send(line, home_id(client), text, stuck=stuck, by_api=False)
    )


def vcard_of(name: str, phone: str) -> str:
    """As WhatsApp's programs write one for a number that has an account."""
    account = "".join(filter(str.isdigit, phone))
    phones = f"item1.TEL;waid={account}:{phone}\nitem1.X-ABLabel:Mobile"
    return f"BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\n{phones}\nEND:VCARD"


def _written(
    by_whom: Callable[[SandboxLine, KnownNumber, str], SandboxMessage], *, wordless: bool = False
) -> ResponseReturnValue:
    said: Any = request.get_json(silent=True)
    if not isinstance(said, dict) or not (wordless or str(said.get("text") or "").strip()):
        return jsonify(error="send session, phone and text"), 400
    line = here().state.lines.get(str(said.get("session")))
    client = by_phone(str(said.get("phone")))
    if line is None or client is None:
        return jsonify(error="no such session" if line is None else "no such client"), 404
    try:
        message = by_whom(line, client, str(said.get("text") or ""))
    except NotOnWhatsApp:
        return jsonify(error="this client has no WhatsApp"), 400
    return jsonify(id=message.full_id)
