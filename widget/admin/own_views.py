"""What each user has on the app's page: their lines and defaults, and «write to a new number».

A number typed here is on no card, so nothing in the CRM says whether this user may see its chat.
Therefore such a chat opens only where it holds nothing of others (chats/typed.py), or for an
administrator. What is opened is a signed session for that number on that line, and nothing else:
`Session.number` stands in for the card. Others may talk later, so the same is asked again at every
use of that session (chats/views.py) and when it is renewed (card/views.py).
"""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, current_user
from widget.admin.forms import FieldFault, Wrong, typed
from widget.admin.lines.line_status import ask_all
from widget.admin.pages import pages
from widget.chats.context import usual_line
from widget.chats.typed import MAX_UNWRITTEN, NotTheirs
from widget.context import CardPhone, hours_csv
from widget.current import current_opening
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body
from widget.gateways.base import GatewayError
from widget.phones.numbers import Problem, shown
from widget.services import services
from widget.session import SESSION_HEADER
from widget.storage.changes import ChangeKind
from widget.storage.lines import Line
from widget.storage.settings import Defaults


@pages.post("/mine")
def save_mine() -> ResponseReturnValue:
    """This user's usual line, and how they like to write."""
    body = json_body()
    line_id, show_name = id_field(body, "line"), flag_field(body, "show_name")
    habits = {name: flag_field(body, name) for name in ("enter_sends", "opens_chat", "sound")}
    user = current_user()
    here = services()
    line = user.context.line(line_id) if line_id else None
    old = here.storage.settings.of(user.portal.id, user.viewer.user_id)
    here.storage.settings.put(user.portal.id, user.viewer.user_id, Defaults(line_id, show_name, **habits))
    names = {each.id: each.name for each in here.storage.lines.all_of(user.portal.id)}
    user.note(
        ChangeKind.OWN_LINE,
        old=names.get(old.line_id or 0, "") or "any",
        new=line.name if line else "any",
    )
    user.note(ChangeKind.OWN_NAME, old="on" if old.show_name else "off", new="on" if show_name else "off")
    return sections.drawn(sections.mine(user, said="saved"))


@pages.post("/mine/states")
def show_my_states() -> ResponseReturnValue:
    """The states of the lines this user may use, as far as they are known. No call."""
    user = current_user()
    return sections.drawn(sections.my_lines(user, states=ask_all(services().gateways, user.context.lines)))


@pages.post("/number/look")
def look_at_number() -> ResponseReturnValue:
    """Where a typed number is and what time it is there. No outside call."""
    text = typed(json_body(), "number")["number"]
    user = current_user()
    item = services().card.door.typed(user.context, text)
    if item.phone.e164 is None:
        readings = item.phone.suggestions if item.phone.problem is Problem.AMBIGUOUS else ()
        return _answer(user, wrong=Wrong(FieldFault.NOT_A_PHONE, more=", ".join(map(shown, readings))))
    return _answer(user, item=item)


@pages.post("/number")
def write_to_number() -> ResponseReturnValue:
    """A session that opens the chat of this number on this line. The chat is read for that
    (chats/typed.py), which costs the line nothing."""
    body = json_body()
    text, line_id = typed(body, "number")["number"], id_field(body, "line")
    user = current_user()
    here = services()
    item = here.card.door.typed(user.context, text)
    line = user.context.line(line_id) if line_id else usual_line(user.context)
    if item.phone.e164 is None or line is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 422, "number or line")
    wrong = _closed(user, line, item.phone.e164)
    if wrong:
        return _answer(user, item=item, wrong=wrong, line=line)
    opening = current_opening()
    if opening.member_id != user.portal.member_id:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="opening of another portal")
    session_tokens = here.entrance.session_tokens
    response = _answer(
        user,
        item=item,
        line=line,
        opening=session_tokens.encrypt_launch(opening.for_number(item.phone.e164, line.id)),
    )
    session = user.session.for_number(item.phone.e164, line.id)
    response.headers[SESSION_HEADER] = session_tokens.sign_session(session)
    return response


def _closed(user: CurrentUser, line: Line, phone: str) -> Wrong | None:
    """Why the chat of this number cannot be opened from here."""
    here = services()
    if user.viewer.admin:
        return None
    typed_numbers = here.chats.service.typed
    if not typed_numbers.may_begin(line.portal_id, line.id, phone, user.viewer.user_id):
        return Wrong(FieldFault.TOO_MANY_UNWRITTEN, high=MAX_UNWRITTEN)
    try:
        typed_numbers.read(line, phone, user.viewer.user_id)
    except GatewayError:
        return Wrong(FieldFault.CANNOT_TELL)
    except NotTheirs:
        return Wrong(FieldFault.HAS_CHAT)
    return None


def _answer(
    user: CurrentUser,
    *,
    item: CardPhone | None = None,
    wrong: Wrong | None = None,
    line: Line | None = None,
    opening: str = "",
) -> Response:
    context = user.context
    return sections.drawn(
        render_template(
            "admin/_number_found.html",
            item=item,
            wrong=wrong,
            line=line or usual_line(user.context),
            lines=context.lines,
            local=context.local(item) if item and item.phone.e164 else None,
            hours=hours_csv(context.hours),
            opening=opening,
        ),
        status=422 if wrong else 200,
    )
