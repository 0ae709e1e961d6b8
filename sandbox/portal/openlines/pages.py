"""Two pages of the contact centre: /openlines/ as an operator sees it, and /timeline/<kind>/<id>/
of one card."""

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ..choices import Choices
from ..clients import name_of
from ..portals import SandboxPortals
from ..template_context import around
from ..timelines import of_card
from ..users import FORMER, USERS
from .model import LineChat
from .sessions import Centre

NAMES = {0: "Система", **{user.id: user.full_name for user in (*USERS.values(), FORMER)}}


def centre_pages(portals: SandboxPortals) -> Blueprint:
    pages = Blueprint("openlines", __name__)

    @pages.get("/openlines/")
    def lines() -> str:
        state = portals.state_here()
        chosen = state.centre.chats.get(request.args.get("chat", 0, int))
        return render_template(
            "openlines.html", **around(portals), centre=state.centre, chosen=chosen, author=author_in, waiting=_waiting
        )

    @pages.post("/openlines/<int:chat_id>/<any(say, edit, delete, take, close):what>")
    def act(chat_id: int, what: str) -> ResponseReturnValue:
        """What the operator does who is chosen in the address."""
        state, user = portals.state_here(), Choices.read(request.args).user
        chat = state.centre.chats.get(chat_id) or abort(404)
        text = request.form.get("text", "").strip()
        message = chat.message(request.form.get("message", 0, int))
        centre = Centre(portals, state)
        with state.lock:
            if what == "say" and text:
                centre.say(chat, user, text, files=_files(portals))
            elif what == "edit" and message:
                centre.change(chat, message, text)
            elif what == "delete" and message:
                centre.delete(chat, message)
            elif what == "take" and not centre.answer(chat, user):
                centre.intercept(chat, user)
            elif what == "close":
                centre.finish(chat)
        query = Choices.read(request.args).query()
        return redirect(f"/openlines/{query}{'&' if query else '?'}chat={chat_id}", 303)

    @pages.get("/openlines/files/<name>")
    def file(name: str) -> ResponseReturnValue:
        """What an operator attached: the address alone opens it."""
        return f"a file of the portal: {name}".encode(), 200, {"Content-Type": "text/plain"}

    @pages.get("/timeline/<int:kind>/<int:item_id>/")
    def timeline(kind: int, item_id: int) -> str:
        state = portals.state_here()
        item = state.crm.get((kind, item_id)) or abort(404)
        entries = of_card(state, kind, item_id)
        return render_template("timeline.html", **around(portals), title=name_of(item), entries=entries, names=NAMES)

    return pages


def author_in(chat: LineChat, author: int) -> str:
    return chat.client.name if author == chat.client.id else NAMES.get(author, str(author))


def _waiting(chat: LineChat) -> bool:
    return chat.is_waiting


def _files(portals: SandboxPortals) -> list[dict[str, object]]:
    """By the name of a file in the form: a text of that name lies at the portal."""
    name = request.form.get("file", "").strip()
    if not name:
        return []
    link = f"{portals.portal_here().origin(portals.port)}/openlines/files/{name}"
    number = portals.state_here().next_id()
    about = {"id": number, "name": name, "type": "file", "mime": "text/plain", "size": 24}
    return [{**about, "link": link, "downloadLink": link}]
