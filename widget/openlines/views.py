"""What a portal fetches from us: the files of clients' messages."""

from flask import Blueprint, Response, make_response

from widget.errors import Refusal, Refused
from widget.services import services

pages = Blueprint("openlines", __name__, url_prefix="/openlines")


@pages.get("/files/<token>/<name>")
def file(token: str, name: str) -> Response:
    """The file of a message, for who has its address and as long as that lives. Two calls to the gateway. The name is
    for the portal, which takes the kind of the file from it."""
    here = services()
    ref = here.open_lines.addresses.read(token)
    chat = here.conversations.chats.get(ref.portal_id, ref.chat_id)
    line = here.lines.get(ref.portal_id, chat.line_id) if chat else None
    if chat is None or line is None or not line.active:
        raise Refused(Refusal.NOT_FOUND, reason="file of a line that is off")
    found = here.chat_service.media(line, chat, ref.ref)
    response = make_response(found.body)
    response.headers["Content-Type"] = "application/octet-stream"  # a browser draws nothing of it under our name
    response.headers["Content-Disposition"] = "attachment"
    return response
