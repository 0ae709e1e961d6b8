"""A yes or a no, in the list of those who wait, for a message that was to go out later."""

from flask.typing import ResponseReturnValue

from widget.admin import sections, waiting_views
from widget.admin.current_user import CurrentUser, current_user
from widget.admin.pages import pages
from widget.context import CardContext
from widget.errors import ErrorCode, Refused
from widget.forms import json_body, text_field
from widget.later.views import change, take_back
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.lines import Line
from widget.storage.scheduled import Scheduled


@pages.post("/later/<int:later_id>")
def change_asking(later_id: int) -> ResponseReturnValue:
    """What `do` says with a message of this user's, or of any author for an administrator: «now»,
    «remove», «change» (as in its chat). Who may not read the chat any more can only take it
    back."""
    body, wanted = json_body(), waiting_views.read_wanted()
    do = text_field(body, "do", longest=10)
    user, here = current_user(), services()
    message = here.storage.scheduled.get(user.portal.id, later_id) if later_id < 2**53 else None
    if message is None or not (user.viewer.admin or message.user_id == user.viewer.user_id):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "scheduled message")
    chat = here.storage.chats.get(message.portal_id, message.chat_id)
    line = here.storage.lines.get(message.portal_id, message.line_id)
    if do == "remove":
        take_back(message)
    elif chat is None or line is None:
        raise Refused(ErrorCode.LINE_OFF, reason="scheduled message")
    else:
        asked = change(_context(user, line, chat, message), line, chat, message, body)
        if asked:
            return asked
    return sections.drawn(waiting_views.waiting(user, wanted))


def _context(user: CurrentUser, line: Line, chat: Chat, message: Scheduled) -> CardContext:
    """What this user knows in that chat, if they may still write in it. Outside calls as
    `Authors.check` makes. Raises Refused."""
    here = services()
    user.context.line(line.id)
    if not user.viewer.admin:
        here.prepared.later.authors.check(user.portal, line, chat, message)
    session = user.session.for_number(chat.client, line.id, granted=True)
    return here.card.door.enter(session, user.portal)
