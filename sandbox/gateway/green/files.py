"""Files of messages. The address alone opens a file, without a key, as at GREEN-API's storage."""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from sandbox.gateway.files import served
from sandbox.gateway.green import refusals, wire
from sandbox.gateway.green.guards import body, method, text
from sandbox.gateway.green.journals import origin
from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxLine, SandboxMedia

pages = Blueprint("green_files", __name__)


@pages.post("/waInstance<instance>/downloadFile/<token>")
@method("downloadFile")
def download_file(line: SandboxLine) -> ResponseReturnValue:
    """The address of the file of one message."""
    wanted = body()
    chat_id, message_id = text(wanted, "chatId"), text(wanted, "idMessage")
    message = here().state.find(line, message_id, chat_id)
    if message is None or message.media is None or message.media.lost:
        raise refusals.bad_request(
            f"File message encrypted url not found by chatId {chat_id} and idMessage {message_id}"
        )
    return jsonify(downloadUrl=f"{origin()}/download/{line.name}/{wire.file_name(message, message.media)}")


@pages.get("/download/<instance>/<name>")
def download(instance: str, name: str) -> Response:
    media = _find(instance, name)
    if media is None:
        raise refusals.no_such_method()
    return served(media)


def _find(instance: str, name: str) -> SandboxMedia | None:
    with here().state.changed:
        line = here().state.lines.get(instance)
        for chat in line.chats.values() if line else ():
            for message in chat.messages:
                media = message.media
                if media is not None and not media.lost and wire.file_name(message, media) == name:
                    return media
    return None
