"""Files of messages, for all protocols."""

from flask import Response, request

from sandbox.gateway.guards import here
from sandbox.gateway.model import SandboxMedia, SandboxMessage


def file_name(message: SandboxMessage, media: SandboxMedia) -> str:
    return f"{message.full_id}.{media.extension}"


def served(media: SandboxMedia) -> Response:
    """The whole file or the asked-for range of it, without which a browser cannot tell how long a
    voice is."""
    answer = Response(media.content, content_type=media.mimetype)
    answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(media.content))
    return answer


def find(session: str, name: str) -> SandboxMedia | None:
    """The file that goes by this name; a lost one is not there."""
    state = here().state
    with state.changed:
        line = state.lines.get(session)
        for chat in line.chats.values() if line else ():
            for message in chat.messages:
                media = message.media
                if media is not None and not media.lost and file_name(message, media) == name:
                    return media
    return None
