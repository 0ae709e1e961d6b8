"""What is done to one message of an open chat, or besides a text: files, edits, deletions,
reactions, receipts."""

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from widget.bitrix24.employees import read_colleague
from widget.chats.cards import MAX_NAME, point_in
from widget.chats.context import (
    ask_back,
    chat_of,
    chat_to_change,
    current_context,
    draft_of,
    drawn_send,
    named,
)
from widget.chats.files import MAX_FILE_SIZE
from widget.chats.pages import pages
from widget.chats.sending import MAX_CAPTION, MAX_TEXT
from widget.chats.service import key_again
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, maybe_text_field, one_line, text_field, texts_field
from widget.gateways.base import ContactCard, File, Location
from widget.services import services

MAX_EMOJI = 32  # families are long: 👨‍👩‍👧‍👦 is 7, flags of regions 14
MAX_READ = 50


@pages.post("/<int:chat_id>/files")
def send_file(chat_id: int) -> ResponseReturnValue:
    """Send a file, as a form with file, key, caption, reply_to and confirmed («true»); with voice
    («true») it is a recording, and goes out as a voice message without words. 409 as for a text."""
    chat_of(chat_id)  # before so much is read
    request.max_content_length = MAX_FILE_SIZE + 64 * 1024
    form = request.form.to_dict()
    uploaded = request.files.get("file")
    if uploaded is None:
        raise Refused(ErrorCode.BAD_FORM, reason="file")
    caption = maybe_text_field(form, "caption", longest=MAX_CAPTION + 200)
    draft = draft_of(chat_id, form, confirmed=form.get("confirmed") == "true", text=caption)
    if isinstance(draft, Response):
        return draft
    if form.get("voice") == "true":
        return drawn_send(draft.chat, services().chats.service.send_voice(draft, uploaded.read()))
    file = File(uploaded.mimetype or "", uploaded.filename or "", uploaded.read())
    return drawn_send(draft.chat, services().chats.service.send_file(draft, file, caption=caption))


@pages.post("/<int:chat_id>/location")
def send_location(chat_id: int) -> ResponseReturnValue:
    """Send a `place` (two numbers, or a link to a map that holds them), perhaps with a `name`. 409
    as for a text."""
    body = json_body()
    point = point_in(text_field(body, "place", longest=2000))
    name = one_line(maybe_text_field(body, "name", longest=MAX_NAME))
    if point is None:
        raise Refused(ErrorCode.NOT_A_PLACE)
    location = Location(*point, name)
    draft = draft_of(chat_id, body, confirmed=flag_field(body, "confirmed"))
    if isinstance(draft, Response):
        return draft
    return drawn_send(draft.chat, services().chats.service.send_location(draft, location))


@pages.post("/<int:chat_id>/contact")
def send_contact(chat_id: int) -> ResponseReturnValue:
    """Send a contact card: a `name`, a `number` as it was typed, perhaps a `company`. 409 as for a
    text."""
    body = json_body()
    name, company = (one_line(maybe_text_field(body, field, longest=MAX_NAME)) for field in ("name", "company"))
    typed = text_field(body, "number", longest=64)
    phone = services().card.door.typed(current_context(), typed).phone.e164
    if not name or phone is None:
        raise Refused(ErrorCode.NOT_A_PHONE)
    draft = draft_of(chat_id, body, confirmed=flag_field(body, "confirmed"))
    if isinstance(draft, Response):
        return draft
    return drawn_send(draft.chat, services().chats.service.send_contact(draft, ContactCard(name, (phone,), company)))


@pages.post("/<int:chat_id>/colleague")
def look_colleague(chat_id: int) -> ResponseReturnValue:
    """What Bitrix24 lets this user know of a colleague, for the form of a contact card. One outside
    call."""
    user_id = id_field(json_body(), "user") or 0
    context, _line, _chat = chat_of(chat_id)
    here = services()
    if user_id not in here.storage.staff.of(context.portal.id):
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "colleague")
    name, phones = read_colleague(here.bitrix24.rest, context.portal, context.viewer.user_id, user_id)
    found = (here.card.door.typed(context, phone).phone for phone in phones)
    phone = next((phone.display for phone in found if phone.e164), "")
    return render_template("chats/_colleague.html", name=name, phone=phone)


@pages.post("/<int:chat_id>/messages/<ref>/edit")
def edit(chat_id: int, ref: str) -> ResponseReturnValue:
    """Change a text of ours; the next look at the chat shows it."""
    _context, line, chat = chat_to_change(chat_id)
    message = named(chat, ref)
    text = text_field(json_body(), "text", longest=MAX_TEXT + 2000)
    services().chats.service.edit(line, chat, message, text)
    return "", 204


@pages.post("/<int:chat_id>/messages/<ref>/delete")
def delete(chat_id: int, ref: str) -> ResponseReturnValue:
    """Take a message of ours back, for the client too. 409 with a question until it is confirmed:
    it cannot be undone."""
    _context, line, chat = chat_to_change(chat_id)
    message = named(chat, ref)
    if not flag_field(json_body(), "confirmed"):
        return ask_back(render_template("chats/_confirm_delete.html"))
    services().chats.service.delete(line, chat, message)
    return "", 204


@pages.post("/<int:chat_id>/messages/<ref>/react")
def react(chat_id: int, ref: str) -> ResponseReturnValue:
    """React to a message; an empty emoji takes the reaction back."""
    _context, line, chat = chat_to_change(chat_id)
    message = named(chat, ref)
    emoji = maybe_text_field(json_body(), "emoji", longest=MAX_EMOJI)
    services().chats.service.react(line, chat, message, emoji)
    return "", 204


@pages.post("/<int:chat_id>/messages/<ref>/again")
def send_again(chat_id: int, ref: str) -> ResponseReturnValue:
    """Send the text of a missing send anew. 409 as for a text."""
    _session, _line, chat = chat_to_change(chat_id)
    missing = services().chats.service.missing(chat, named(chat, ref).id)
    draft = draft_of(chat_id, {"key": key_again(missing)}, confirmed=flag_field(json_body(), "confirmed"))
    if isinstance(draft, Response):
        return draft
    return drawn_send(chat, services().chats.service.send_again(draft, missing))


@pages.post("/<int:chat_id>/messages/<ref>/seen")
def mark_seen(chat_id: int, ref: str) -> ResponseReturnValue:
    """Say of a missing send that it is in the chat; the next look at the chat shows it as sent."""
    context, line, chat = chat_to_change(chat_id)
    service = services().chats.service
    service.mark_seen(line, service.missing(chat, named(chat, ref).id), user_id=context.viewer.user_id)
    return "", 204


@pages.post("/<int:chat_id>/read")
def mark_read(chat_id: int) -> ResponseReturnValue:
    """Give read receipts for these messages. Nothing else ever does: a look at a chat is not a
    promise to answer."""
    _context, line, chat = chat_to_change(chat_id)
    refs = texts_field(json_body(), "refs", most=MAX_READ, longest=4096)
    services().chats.service.mark_read(line, chat, [named(chat, ref) for ref in refs])
    return "", 204


@pages.post("/<int:chat_id>/typing")
def typing(chat_id: int) -> ResponseReturnValue:
    """Show the client «typing…», or end it."""
    _context, line, chat = chat_to_change(chat_id)
    services().chats.service.typing(line, chat, on=flag_field(json_body(), "on"))
    return "", 204
