"""Quick replies in an open chat: the list, one of them filled with the card's facts, and one saved from a bubble."""

import re
from dataclasses import dataclass
from itertools import islice

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from widget.chats.context import chat_of, chat_to_change, open_typed_number
from widget.context import CardContext
from widget.current import current_session
from widget.errors import ErrorCode, Refused
from widget.forms import json_body, maybe_text_field, text_field
from widget.i18n import current_language
from widget.replies.rules import error_of, tidy
from widget.replies.values import values_of
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.replies import QuickReply
from widget.variables import Variable, fill, unfilled, variables_in

pages = Blueprint("replies", __name__, url_prefix="/chats")
RECENT = 5


@dataclass(frozen=True)
class FilledReply:
    """`missing` are the variables that the employee has to complete, as they stand in the text."""

    reply: QuickReply
    text: str
    missing: tuple[str, ...]

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
    """All that this user may use in the chat: the five they used last, then the others by name. Two queries."""
    context, line, _chat = chat_of(chat_id)
    found = usable(services().storage.replies.of(context.portal.id, context.viewer.user_id), line)
    return render_template("replies/_list.html", replies=found)


@pages.get("/<int:chat_id>/replies/<int:reply_id>")
def show_reply(chat_id: int, reply_id: int) -> ResponseReturnValue:
    """The text with its values, before it goes into the box. One outside call where it names the stage or the
    responsible employee and they are not remembered."""
    context, line, chat = chat_of(chat_id)
    return render_template("replies/_filled.html", filled=_filled(context, line, chat, reply_id))


@pages.post("/<int:chat_id>/replies/<int:reply_id>/use")
def use_reply(chat_id: int, reply_id: int) -> ResponseReturnValue:
    """The same, for the box: the use is counted."""
    context, line, chat = chat_to_change(chat_id)
    filled = _filled(context, line, chat, reply_id)
    services().storage.replies.used(context.portal.id, context.viewer.user_id, reply_id)
    return render_template("replies/_filled.html", filled=filled)


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


def usable(found: list[QuickReply], line: Line) -> list[QuickReply]:
    """Those for this line, the ones used last first."""
    here = [reply for reply in found if reply.line_id in (0, line.id)]
    recent = list(islice(sorted((r for r in here if r.used_at), key=lambda r: -r.used_at), RECENT))
    return [*recent, *(reply for reply in here if reply not in recent)]


def _filled(context: CardContext, line: Line, chat: Chat, reply_id: int) -> FilledReply:
    here = services()
    reply = here.storage.replies.get(context.portal.id, context.viewer.user_id, reply_id)
    if reply is None or reply.line_id not in (0, line.id):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")
    wanted = variables_in(reply.text)
    names = here.reply_names.of(context, stage=Variable.STAGE in wanted, responsible=Variable.RESPONSIBLE in wanted)
    language = reply.language or current_language()
    text = fill(reply.text, values_of(context, line, context.phone_of(chat.client), language, names))
    return FilledReply(reply, text, tuple(unfilled(text)))
