"""The client's phone: the other end of every chat, to see what arrived and to answer by hand.

Opening a chat here reads it, as on a real phone: what the line sent gets its blue ticks (ack 3).
"""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.gateway.bubbles import PhoneDay, arrived, days_of, words_of
from sandbox.gateway.directory import by_phone, digits, home_id
from sandbox.gateway.files import find, served
from sandbox.gateway.guards import here
from sandbox.gateway.kinds import TITLES
from sandbox.gateway.model import SandboxLine, SandboxReaction
from sandbox.gateway.state import NotOnWhatsApp
from sandbox.people import CLIENTS, IVAN, KnownNumber

pages = Blueprint("phone", __name__, url_prefix="/phone")

THUMB = "👍"
SHOWN = 80  # messages at first; the rest with ?all=1


def key_of(client: KnownNumber) -> str:
    """How the client is named in addresses: by the phone, or by the LID if they hide it."""
    return digits(client.phone or client.lid)


@pages.get("")
def show() -> ResponseReturnValue:
    line, client = _line(), _client()
    everything = "all" in request.args
    days, hidden = _read(line, client, everything=everything)
    return render_template(
        "phone.html",
        line=line,
        client=client,
        lines=list(here().state.lines.values()),
        protocols=TITLES,
        people=_people(line, request.args.get("q", "")),
        query=request.args.get("q", ""),
        key_of=key_of,
        days=days,
        hidden=hidden,
        everything=everything,
    )


@pages.get("/chat")
def show_chat() -> ResponseReturnValue:
    """The messages alone, for the refresh."""
    days, hidden = _read(_line(), _client(), everything="all" in request.args)
    return render_template("_chat.html", days=days, hidden=hidden, line=_line(), client=_client(), key_of=key_of)


@pages.post("")
def answer() -> ResponseReturnValue:
    line, client = _line(), _client()
    text = request.form.get("text", "").replace("\r\n", "\n").strip()
    if text:
        try:
            here().state.answer(line, client, text)
        except NotOnWhatsApp:
            abort(400, "У этого клиента нет WhatsApp")
    return redirect(url_for("phone.show", client=key_of(client), line=line.name), 303)


@pages.post("/messages/<message_id>")
def change(message_id: str) -> ResponseReturnValue:
    """The client reacts to a message of the line, or takes back one of their own."""
    line, client, state = _line(), _client(), here().state
    message = state.find(line, message_id, home_id(client))
    if message is None:
        abort(404)
    match request.form.get("do"):
        case "delete" if not message.from_me:
            state.revoke(line, message)
        case "react":
            state.react(line, message, SandboxReaction(False, THUMB))
        case "unreact":
            state.react(line, message, SandboxReaction(False, ""))
        case _:
            abort(400)
    return redirect(url_for("phone.show", client=key_of(client), line=line.name), 303)


@pages.get("/files/<session>/<name>")
def show_file(session: str, name: str) -> ResponseReturnValue:
    """A file without the key: the client has it on the phone."""
    media = find(session, name)
    if media is None:
        abort(404)
    answer = served(media)
    answer.cache_control.max_age = 3600
    return answer


def _line() -> SandboxLine:
    return here().state.lines.get(request.args.get("line", "")) or here().state.lines["sales"]


def _client() -> KnownNumber:
    wanted = request.args.get("client")
    client = by_phone(wanted) if wanted else IVAN
    if client is None:
        abort(404, "Такого клиента нет")
    return client


def _read(line: SandboxLine, client: KnownNumber, *, everything: bool) -> tuple[list[PhoneDay], int]:
    """Open the chat: its days of messages, and how many older ones are not shown."""
    state = here().state
    with state.changed:
        state.read_by_client(line, client)
        now = state.clock()
        messages = arrived(line.chats.get(home_id(client)), now)
        shown = messages if everything else messages[-SHOWN:]
        return days_of(shown, now), len(messages) - len(shown)


def _people(line: SandboxLine, query: str) -> list[tuple[KnownNumber, str]]:
    """The clients to pick from, with the last words said; those with a chat first, newest on
    top."""
    state = here().state
    with state.changed:
        now = state.clock()
        last = {client: arrived(line.chats.get(home_id(client)), now)[-1:] for client in CLIENTS}
    people = sorted(CLIENTS, key=lambda client: -last[client][0].at if last[client] else 0.0)
    wanted = query.casefold().strip()
    return [
        (client, words_of(last[client][0]) if last[client] else "")
        for client in people
        if wanted in client.name.casefold() or (digits(wanted) and digits(wanted) in client.phone)
    ]
