"""Quick replies on the app's page: each user's own ones, and for administrators the shared ones with their use."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator, current_user
from widget.admin.pages import pages
from widget.chats.context import ask_back
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, maybe_text_field
from widget.i18n import current_language
from widget.replies.portable import MAX_FILE, ImportRefused, read_file, to_json
from widget.replies.rules import ReplyError, ReplyFault, error_of, tidy
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.replies import SHARED, QuickReply
from widget.variables import Variable, name_of

FIELDS = ("name", "text", "category", "language")


@pages.post("/replies")
def save_reply() -> ResponseReturnValue:
    """Add a quick reply, or change the one of this `id`. 422 with the form as it was typed where something is wrong."""
    body = json_body()
    name, text, category, language = (maybe_text_field(body, each, longest=10_000) for each in FIELDS)
    reply_id, line_id = id_field(body, "id"), id_field(body, "line")
    user, owner = _owner(flag_field(body, "shared"))
    lines = {line.id for line in services().storage.lines.all_of(user.portal.id)}
    if line_id and (owner or line_id not in lines):
        raise Refused(ErrorCode.NOT_ALLOWED, 422, "line of a quick reply")
    reply = tidy(QuickReply(name, text, category, language, line_id or 0, owner, reply_id or 0))
    error = error_of(reply)
    if error is None:
        error = _stored(user, reply)
    if error:
        return sections.drawn(replies(user, typed=reply, errors=[error]), status=422)
    _note(user, owner, old="" if not reply_id else reply.name, new=reply.name)
    return sections.drawn(replies(user, said="saved"))


@pages.post("/replies/<int:reply_id>/remove")
def remove_reply(reply_id: int) -> ResponseReturnValue:
    """Take a quick reply away, once that is confirmed."""
    body = json_body()
    shared, confirmed = flag_field(body, "shared"), flag_field(body, "confirmed")
    user, owner = _owner(shared)
    stored = services().storage.replies
    found = stored.get(user.portal.id, user.viewer.user_id, reply_id)
    if found is None or found.user_id != owner:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")
    if not confirmed:
        return ask_back(render_template("replies/_remove.html", reply=found))
    stored.remove(user.portal.id, owner, reply_id)
    _note(user, owner, old=found.name, new="")
    return sections.drawn(replies(user))


@pages.post("/replies/export")
def export_replies() -> Response:
    """The quick replies of one owner as a JSON file."""
    user, owner = _owner(flag_field(json_body(), "shared"))
    found = services().storage.replies.of(user.portal.id, user.viewer.user_id)
    response = make_response(to_json(reply for reply in found if reply.user_id == owner))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response


@pages.post("/replies/import")
def import_replies() -> ResponseReturnValue:
    """Add those of a file (a form with `file` and perhaps `shared`), all or none. 422 with what is wrong where."""
    request.max_content_length = MAX_FILE + 64 * 1024
    uploaded = request.files.get("file")
    user, owner = _owner(request.form.get("shared") == "true")
    if uploaded is None:
        raise Refused(ErrorCode.BAD_FORM, 422, "file")
    try:
        found = read_file(uploaded.read(), owner)
    except ImportRefused as refused:
        return sections.drawn(replies(user, errors=refused.errors), status=422)
    if not services().storage.replies.add(user.portal.id, found):
        return sections.drawn(replies(user, errors=[ReplyError(ReplyFault.TOO_MANY)]), status=422)
    _note(user, owner, old="", new=str(len(found)))
    return sections.drawn(replies(user, said="saved"))


def replies(
    user: CurrentUser, *, typed: QuickReply | None = None, errors: list[ReplyError] | None = None, said: str = ""
) -> str:
    """The section. `typed` is a form that could not be saved. Two queries, and one for the lines."""
    here = services()
    found = here.storage.replies.of(user.portal.id, user.viewer.user_id)
    language = current_language()
    return render_template(
        "replies/_settings.html",
        own=[reply for reply in found if reply.user_id],
        shared=[reply for reply in found if not reply.user_id],
        admin=user.viewer.admin,
        lines=here.storage.lines.all_of(user.portal.id),
        languages=sections.own_names(),
        variables=[name_of(variable, language) for variable in Variable],
        typed=typed,
        errors=errors or [],
        said=said,
    )


def _owner(shared: bool) -> tuple[CurrentUser, int]:
    """The user, and the owner of the quick replies that are meant (0: shared, for administrators). Raises Refused."""
    enter: Callable[[], CurrentUser] = administrator if shared else current_user
    user = enter()
    return user, SHARED if shared else user.viewer.user_id


def _stored(user: CurrentUser, reply: QuickReply) -> ReplyError | None:
    stored = services().storage.replies
    if not reply.id:
        return None if stored.add(user.portal.id, [reply]) else ReplyError(ReplyFault.TOO_MANY)
    if not stored.change(user.portal.id, reply):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")
    return None


def _note(user: CurrentUser, owner: int, **names: Any) -> None:
    """Write a change of shared quick replies into the log; a user's own ones are their own affair."""
    if owner == SHARED:
        services().storage.changes.add(
            user.portal.id,
            ChangeKind.REPLIES,
            user_id=user.viewer.user_id,
            user_name=user.viewer.name,
            line="",
            **names,
        )
