"""Files of messages. The address is in the message, the key is needed here too."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.door import counted, here, waha_line
from sandbox.gateway.model import Media
from sandbox.gateway.refusals import not_found
from sandbox.gateway.wire import file_name

pages = Blueprint("files", __name__, url_prefix="/api/files")


@pages.get("/<session>/<name>")
@counted("files")
def show_file(session: str, name: str) -> ResponseReturnValue:
    media = find(session, name) if waha_line(session) else None
    if media is None:
        raise not_found(f"ENOENT: no such file or directory, stat '/tmp/whatsapp-files/{session}/{name}'")
    return served(media)


@pages.get("/bucket/<session>/<name>", endpoint="presigned")
@counted("bucket", with_key=False)
def show_presigned(session: str, name: str) -> ResponseReturnValue:
    """A bucket's own address: who has the signature gets the file, and nobody needs a key."""
    media = find(session, name) if request.args.get("X-Amz-Signature") else None
    return Response(status=403) if media is None else served(media)


def served(media: Media) -> Response:
    """The whole file or the asked-for range of it, without which a browser cannot tell how long a voice is."""
    answer = Response(media.content, content_type=media.mimetype)
    answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(media.content))
    return answer


def find(session: str, name: str) -> Media | None:
    """The file that goes by this name; a lost one is not there."""
    world = here().world
    with world.changed:
        line = world.lines.get(session)
        for chat in line.chats.values() if line else ():
            for message in chat.messages:
                media = message.media
                if media is not None and not media.lost and file_name(message, media) == name:
                    return media
    return None
