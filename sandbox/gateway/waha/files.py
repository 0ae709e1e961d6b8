"""Files of messages. The address is in the message, the key is needed here too."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox.gateway.files import find, served
from sandbox.gateway.waha.guards import counted, waha_line
from sandbox.gateway.waha.refusals import not_found

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
    """A bucket's own address: the signature in it opens the file, without a key."""
    media = find(session, name) if request.args.get("X-Amz-Signature") else None
    return Response(status=403) if media is None else served(media)
