"""Quick replies on the app's page: each user's own ones, and the shared ones, which an
administrator changes and who an administrator has named for that."""

from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator, current_user
from widget.admin.forms import Invalid, grantees_of
from widget.admin.pages import pages
from widget.chats.context import ask_back
from widget.chats.files import kept
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, maybe_text_field
from widget.i18n import current_language
from widget.replies.access import MAX_LISTS, lists_of
from widget.replies.portable import MAX_FILE, ImportRefused, read_file, to_json
from widget.replies.rules import ReplyError, ReplyFault, error_of, tidy
from widget.services import services
from widget.storage import kept_files
from widget.storage.changes import ChangeKind
from widget.storage.replies import SHARED, QuickReply
from widget.variables import Variable, name_of

FIELDS = ("name", "text", "category", "language")
LINE = "line-"  # begins the name of the box of a line


@pages.post("/replies")
def save_reply() -> ResponseReturnValue:
    """Add a quick reply, or change the one of this `id`. 422 with the form as it was typed where
    something is wrong."""
    body = json_body()
    name, text, category, language = (maybe_text_field(body, each, longest=10_000) for each in FIELDS)
    reply_id = id_field(body, "id")
    user, owner, known = _who(reply_id, shared=flag_field(body, "shared"))
    line_ids = known.line_ids if known and not user.viewer.admin else _lines(user, body, owner)
    reply = tidy(QuickReply(name, text, category, language, owner, reply_id or 0, line_ids))
    error = error_of(reply)
    if error is None:
        error = _stored(user, reply)
    if error:
        return sections.drawn(replies(user, typed=reply, errors=[error]), status=422)
    _note(user, owner, old=known.name if known else "", new=reply.name)
    return sections.drawn(replies(user, said="saved"))


@pages.post("/replies/<int:reply_id>/remove")
def remove_reply(reply_id: int) -> ResponseReturnValue:
    """Take a quick reply away with its files, once that is confirmed."""
    body = json_body()
    shared, confirmed = flag_field(body, "shared"), flag_field(body, "confirmed")
    user, owner = _owner(shared=shared)
    found = _require(_known(user, reply_id), owner)
    if not confirmed:
        return ask_back(render_template("replies/_remove.html", reply=found))
    services().storage.replies.remove(user.portal.id, owner, reply_id)
    _note(user, owner, old=found.name, new="")
    return sections.drawn(replies(user))


@pages.post("/replies/<int:reply_id>/access")
def save_reply_access(reply_id: int) -> ResponseReturnValue:
    """Say who may use a shared one; an empty list is every employee."""
    return _save_grantees(reply_id, "access")


@pages.post("/replies/<int:reply_id>/editors")
def save_reply_editors(reply_id: int) -> ResponseReturnValue:
    """Say who may change a shared one beside administrators."""
    return _save_grantees(reply_id, "editors")


@pages.post("/replies/<int:reply_id>/files")
def add_reply_file(reply_id: int) -> ResponseReturnValue:
    """Attach a file (a form with `file` and perhaps `shared`). 422 with the reason where it cannot
    be."""
    request.max_content_length = kept_files.MAX_FILE + 64 * 1024
    uploaded = request.files.get("file")
    user, owner, known = _who(reply_id, shared=request.form.get("shared") == "true")
    _require(known, owner)
    if uploaded is None:
        raise Refused(ErrorCode.BAD_FORM, reason="file")
    if not services().storage.kept_files.keep(user.portal.id, kept(uploaded), reply_id=reply_id):
        errors = [ReplyError(ReplyFault.TOO_MANY_FILES)]
        return sections.drawn(replies(user, errors=errors, shown=reply_id), status=422)
    return sections.drawn(replies(user, shown=reply_id))


@pages.post("/replies/<int:reply_id>/files/<int:file_id>/remove")
def remove_reply_file(reply_id: int, file_id: int) -> ResponseReturnValue:
    """Take a file away; nothing brings it back."""
    user, owner, known = _who(reply_id, shared=flag_field(json_body(), "shared"))
    _require(known, owner)
    services().storage.kept_files.remove(user.portal.id, reply_id, file_id)
    return sections.drawn(replies(user, shown=reply_id))


@pages.post("/replies/export")
def export_replies() -> Response:
    """The quick replies of one owner as a JSON file, without files."""
    user, owner = _owner(shared=flag_field(json_body(), "shared"))
    found = services().storage.replies.of(user.portal.id, user.viewer.user_id)
    response = make_response(to_json(reply for reply in found if reply.user_id == owner))
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response


@pages.post("/replies/import")
def import_replies() -> ResponseReturnValue:
    """Add those of a file (a form with `file` and perhaps `shared`), all or none. 422 with what is
    wrong where."""
    request.max_content_length = MAX_FILE + 64 * 1024
    uploaded = request.files.get("file")
    user, owner = _owner(shared=request.form.get("shared") == "true")
    if uploaded is None:
        raise Refused(ErrorCode.BAD_FORM, reason="file")
    try:
        found = read_file(uploaded.read(), owner)
    except ImportRefused as refused:
        return sections.drawn(replies(user, errors=refused.errors), status=422)
    if not services().storage.replies.add(user.portal.id, found):
        return sections.drawn(replies(user, errors=[ReplyError(ReplyFault.TOO_MANY)]), status=422)
    _note(user, owner, old="", new=str(len(found)))
    return sections.drawn(replies(user, said="saved"))


def replies(
    user: CurrentUser,
    *,
    typed: QuickReply | None = None,
    errors: list[ReplyError] | None = None,
    said: str = "",
    shown: int = 0,
) -> str:
    """The section. `typed` is a form that could not be saved, `shown` the reply that stands open.
    Four queries; one outside call where some are not for everybody and that is not remembered."""
    here, language = services(), current_language()
    stored = here.storage.replies.of(user.portal.id, user.viewer.user_id)
    found = here.prepared.replies.access.usable(user.portal, user.viewer, stored)
    shared = [reply for reply in found if reply.user_id == SHARED]
    return render_template(
        "replies/_settings.html",
        own=[reply for reply in found if reply.user_id != SHARED],
        shared=shared,
        editable={reply.id for reply in here.prepared.replies.access.editable(user.portal, user.viewer, shared)},
        files=here.storage.kept_files.of_replies(user.portal.id, [reply.id for reply in found]),
        used=sorted(shared, key=lambda reply: -reply.use.times),
        when=user.when,
        admin=user.viewer.admin,
        lines=here.storage.lines.all_of(user.portal.id),
        languages=sections.own_names(),
        variables=[name_of(variable, language) for variable in Variable],
        typed=typed,
        errors=errors or [],
        said=said,
        shown_id=shown,
    )


def _owner(*, shared: bool) -> tuple[CurrentUser, int]:
    """The user, and the owner of the quick replies that are meant (0: shared, for administrators).
    Raises Refused."""
    user = administrator() if shared else current_user()
    return user, SHARED if shared else user.viewer.user_id


def _who(reply_id: int | None, *, shared: bool) -> tuple[CurrentUser, int, QuickReply | None]:
    """The same for what an editor of a shared one may do too, with the reply as it is stored.
    Raises Refused."""
    user = current_user()
    access = services().prepared.replies.access
    known = _known(user, reply_id) if reply_id else None
    if not shared:
        return user, user.viewer.user_id, known
    if known is None or user.viewer.admin or not access.editable(user.portal, user.viewer, [known]):
        user = administrator()
    return user, SHARED, known


def _known(user: CurrentUser, reply_id: int) -> QuickReply | None:
    return services().storage.replies.get(user.portal.id, user.viewer.user_id, reply_id) if reply_id < 2**53 else None


def _require(found: QuickReply | None, owner: int) -> QuickReply:
    if found is None or found.user_id != owner:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")
    return found


def _lines(user: CurrentUser, body: dict[str, Any], owner: int) -> tuple[int, ...]:
    """The lines whose boxes are ticked; none for an own reply. Raises Refused(BAD_FORM)."""
    lines = services().storage.lines.all_of(user.portal.id) if owner == SHARED else ()
    return tuple(line.id for line in lines if flag_field(body, f"{LINE}{line.id}"))


def _save_grantees(reply_id: int, what: str) -> ResponseReturnValue:
    chosen = json_body().get("access")
    user, here = administrator(), services()
    reply = _require(_known(user, reply_id), SHARED)
    try:
        grantees = grantees_of(chosen)
    except Invalid:
        return _too_many_lists(user, reply_id)
    stored = here.storage.replies
    with here.storage.conversations.transaction():
        save = stored.set_access if what == "access" else stored.set_editors
        save(user.portal.id, reply_id, grantees)
        if len(lists_of(stored.of(user.portal.id, user.viewer.user_id))) > MAX_LISTS:
            save(user.portal.id, reply_id, getattr(reply, what))
            return _too_many_lists(user, reply_id)
    _note(user, SHARED, old=reply.name, new=f"{reply.name}: {', '.join(grantee.name for grantee in grantees)}")
    return sections.drawn(replies(user, said="saved", shown=reply_id))


def _too_many_lists(user: CurrentUser, reply_id: int) -> Response:
    return sections.drawn(replies(user, errors=[ReplyError(ReplyFault.TOO_MANY_LISTS)], shown=reply_id), status=422)


def _stored(user: CurrentUser, reply: QuickReply) -> ReplyError | None:
    stored = services().storage.replies
    if not reply.id:
        return None if stored.add(user.portal.id, [reply]) else ReplyError(ReplyFault.TOO_MANY)
    if not stored.change(user.portal.id, reply):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "quick reply")
    return None


def _note(user: CurrentUser, owner: int, *, old: str, new: str) -> None:
    """Write a change of shared quick replies into the log, of the text alone too; a user's own ones
    are their own affair."""
    if owner == SHARED:
        services().storage.changes.add(
            user.portal.id,
            ChangeKind.REPLIES,
            user_id=user.viewer.user_id,
            user_name=user.viewer.name,
            old=old,
            new=new,
        )
