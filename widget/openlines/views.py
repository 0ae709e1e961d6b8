"""What a portal fetches from us, the files of clients' messages; and an open chat's other side in
its open line."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from widget.chats.context import chat_of, download
from widget.chats.pages import pages as chat_pages
from widget.errors import ErrorCode, Refused
from widget.forms import id_field, json_body, text_field
from widget.openlines.desk import Desk
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.portals import Portal, PortalState

pages = Blueprint("openlines", __name__, url_prefix="/openlines")


@pages.get("/files/<token>/<name>")
def file(token: str, name: str) -> Response:
    """The file of a message, for who has its address and as long as that lives. Two calls to the
    gateway. The name is for the portal, which takes the kind of the file from it."""
    here = services()
    ref = here.open_lines.addresses.read(token)
    portal = here.storage.portals.get(ref.portal_id)
    chat = here.storage.chats.get(ref.portal_id, ref.chat_id)
    line = here.storage.lines.get(ref.portal_id, chat.line_id) if chat else None
    if chat is None or line is None or not line.active:
        raise Refused(ErrorCode.NOT_FOUND, reason="file of a line that is off")
    if portal is None or portal.state is not PortalState.ACTIVE:
        raise Refused(ErrorCode.NOT_FOUND, reason="file of a portal that is closed")
    return download(here.chats.service.media(line, chat, ref.ref).body)


@chat_pages.post("/<int:chat_id>/open-line")
def open_line(chat_id: int) -> ResponseReturnValue:
    """Who answers the chat in its open line; after `do`: take, give (to `user`), finish, or join,
    which is what has to be done before the messenger opens it. One call to look, four at most."""
    body = json_body()
    deed, to = text_field(body, "do", longest=10), id_field(body, "user") or 0
    context, line, chat = chat_of(chat_id)
    here, desks = services(), services().open_lines.desks
    colleagues = {
        user_id: employee.name
        for user_id, employee in here.storage.staff.of(context.portal.id).items()
        if employee.active and employee.name and user_id != context.session.user_id
    }
    if deed == "give" and to not in colleagues:
        raise Refused(ErrorCode.BAD_FORM, reason="user")
    give = partial(desks.hand_over, to=to)
    if deed != "look" and context.is_typed:  # who answers it there reads what colleagues write, here and there
        raise Refused(ErrorCode.NOT_ALLOWED, reason="open line of a typed number")
    deeds: dict[str, Callable[[Portal, int, Chat], Desk]] = {
        "look": desks.look,
        "take": desks.take,
        "give": give,
        "finish": desks.finish,
        "join": desks.join,
    }
    if deed not in deeds:
        raise Refused(ErrorCode.BAD_FORM, reason="do")
    desk, refused = None, False
    if line.mirrored:
        try:
            desk = deeds[deed](context.portal, context.session.user_id, chat)
        except Refused as error:
            if deed != "look":
                raise
            refused = error.code is ErrorCode.PORTAL_DENIED
    return render_template(
        "chats/_open_line.html", desk=desk, refused=refused, opened=deed == "join", colleagues=colleagues
    )
