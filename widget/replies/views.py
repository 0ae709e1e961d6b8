"""Quick replies in an open chat: the list, one of them filled with the card's facts, and one saved
from a bubble."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from widget.chats.context import chat_of, chat_to_change, download, open_typed_number
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import json_body, maybe_text_field, text_field
from widget.gateways.kinds import capabilities_of
from widget.i18n import current_language
from widget.replies.rules import error_of, tidy
from widget.replies.values import values_of
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.kept_files import KeptFile
from widget.storage.lines import Line
from widget.storage.replies import QuickReply
from widget.variables import Variable, fill, unfilled, variables_in

pages = Blueprint("replies", __name__, url_prefix="/chats")
RECENT = 5


@dataclass(frozen=True)
class FilledReply:
    """`missing` are the variables that the employee has to complete, as they stand in the text;
    `files` those that the line's gateway can send."""

    reply: QuickReply
    text: str
    missing: tuple[str, ...]
    files: Sequence[KeptFile]

    @property
    def pieces(self) -> list[str]:
        """The text cut so that every second piece is a variable without a value."""
        return re.split(f"({'|'.join(map(re.escape, self.missing))})", self.text) if self.missing else [self.text]


@pages.before_request
def keep_typed_numbers_apart() -> None:
    """As for every other view of a chat."""
    open_typed_number(current_session(), shows=False)


@pages.get("/<int:chat_id>/replies")
def list_replies(chat_id: int) -> ResponseReturnValue:
    """All that this user may use in the chat: the five they used last, then the others by name.
    Three queries; one outside call where who may use one is not remembered."""
    context, line, _chat = chat_of(chat_id)
    here = services()
    found = here.storage.replies.of(context.portal.id, context.viewer.user_id)
    found = here.prepared.replies.access.usable(context.portal, context.viewer, [r for r in found if r.serves(line.id)])
    files = here.storage.kept_files.of_replies(context.portal.id, [reply.id for reply in found])
    return render_template("replies/_list.html", replies=last_used_first(found), files=files)


@pages.get("/<int:chat_id>/replies/<int:reply_id>")
def show_reply(chat_id: int, reply_id: int) -> ResponseReturnValue:
    """The text with its values, before it goes into the box. One outside call where it names the
    stage or the responsible employee and they are not remembered."""
    context, line, chat = chat_of(chat_id)
    return render_template("replies/_filled.html", filled=_filled(context, line, chat, reply_id))


@pages.post("/<int:chat_id>/replies/<int:reply_id>/use")
def use_reply(chat_id: int, reply_id: int) -> ResponseReturnValue:
    """The same, for the box: the use is counted."""
    context, line, chat = chat_to_change(chat_id)
    filled = _filled(context, line, chat, reply_id)
    services().storage.replies.used(context.portal.id, context.viewer.user_id, reply_id)
    return render_template("replies/_filled.html", filled=filled)


@pages.get("/<int:chat_id>/replies/<int:reply_id>/files/<int:file_id>")
def reply_file(chat_id: int, reply_id: int, file_id: int) -> ResponseReturnValue:
    """A file of a quick reply, for the composer: it goes out as any other that is attached."""
    context, line, _chat = chat_of(chat_id)
    reply, here = _usable(context, line, reply_id), services()
    known = here.storage.kept_files.of_replies(context.portal.id, [reply.id]).get(reply.id, [])
    file = here.storage.kept_files.open(context.portal.id, file_id) if file_id in {one.id for one in known} else None
    if file is None:
        raise Refused(ErrorCode.FILE_GONE, reason="file of a quick reply")
    return download(file.body)


@pages.post("/<int:chat_id>/replies")
def save_reply(chat_id: int) -> ResponseReturnValue:
    """Keep a text as a quick reply of this user's own. 422 with what is wrong with it."""
    body = json_body()
    name, text = text_field(body, "name", longest=400), maybe_text_field(body, "text", longest=8000)
    context, _line, _chat = chat_of(chat_id)
    reply = tidy(QuickReply(name, text, user_id=context.viewer.user_id))
    error = error_of(reply)
    if error is None and not services().storage.replies.add(context.portal.id, [reply]):
        raise Refused(ErrorCode.TOO_LARGE, 422, "quick replies")
    return render_template("replies/_saved.html", error=error), 422 if error else 201


def last_used_first(found: Sequence[QuickReply]) -> list[QuickReply]:
    """Before the others those that the reader used last (pure)."""
    recent = list(islice(sorted((r for r in found if r.used_at), key=lambda r: -r.used_at), RECENT))
    return [*recent, *(reply for reply in found if reply not in recent)]


def _usable(context: CardContext, line: Line, reply_id: int) -> QuickReply:
    """Raises Refused where this user may not use it here."""
    here = services()
    reply = here.storage.replies.get(context.portal.id, context.viewer.user_id, reply_id)
    if reply and reply.serves(line.id) and here.prepared.replies.access.usable(context.portal, context.viewer, [reply]):
        return reply
    raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")


def _filled(context: CardContext, line: Line, chat: Chat, reply_id: int) -> FilledReply:
    reply, here = _usable(context, line, reply_id), services()
    wanted = variables_in(reply.text)
    names = here.prepared.replies.names.of(
        context, stage=Variable.STAGE in wanted, responsible=Variable.RESPONSIBLE in wanted
    )
    language = reply.language or current_language()
    text = fill(reply.text, values_of(context, line, context.phone_of(chat.client), language, names))
    kept = here.storage.kept_files.of_replies(context.portal.id, [reply.id]).get(reply.id, [])
    files = kept if capabilities_of(line.gateway).files else []
    return FilledReply(reply, text, tuple(unfilled(text)), files)
