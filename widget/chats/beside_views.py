"""The owner of an open chat and its waiting client: looked at every few seconds, and changed by a
press."""

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.chats.context import ask_back, chat_of, named
from widget.chats.ignoring import refuse_everywhere
from widget.chats.pages import pages
from widget.chats.trail import steps_of
from widget.context import CardContext
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.lines import Line


@pages.get("/<int:chat_id>/beside")
def look_beside(chat_id: int) -> ResponseReturnValue:
    """Owner, waiting, who writes. 304 while nothing of it has changed. No outside call for a
    card."""
    context, line, chat = chat_of(chat_id)
    response = make_response(drawn(context, line, chat))
    response.add_etag()
    return response.make_conditional(request)


@pages.post("/<int:chat_id>/take")
def take(chat_id: int) -> ResponseReturnValue:
    """Make this user the owner of the chat; the former owner is told."""
    context, line, chat = chat_of(chat_id)
    here, who = services(), context.viewer
    here.saw(chat.portal_id, who)
    owned = here.own(line, chat, who.user_id, by=who.user_id, typed=context.is_typed)
    return drawn(context, line, owned or chat)


@pages.post("/<int:chat_id>/owner")
def choose_owner(chat_id: int) -> ResponseReturnValue:
    """An administrator's choice of the chat's owner: `user`, or none if it is left out."""
    user_id = id_field(json_body(), "user") or 0
    context, line, chat = chat_of(chat_id)
    here = services()
    if not context.viewer.admin:
        raise Refused(ErrorCode.NOT_ADMIN, reason="owner")
    known = here.storage.staff.of(chat.portal_id).get(user_id)
    if user_id and (known is None or not known.active):
        raise Refused(ErrorCode.BAD_FORM, reason="user")
    owned = here.own(line, chat, user_id, by=context.viewer.user_id)
    return drawn(context, line, owned or chat)


@pages.post("/<int:chat_id>/waive")
def waive(chat_id: int) -> ResponseReturnValue:
    """What the client wrote `until` now, as the page shows it, needs no reply."""
    until = id_field(json_body(), "until")
    context, line, chat = chat_of(chat_id)
    return drawn(context, line, waived(context, chat, until))


@pages.post("/<int:chat_id>/writing")
def say_writing(chat_id: int) -> ResponseReturnValue:
    """This user writes in the chat, or no longer does: others who have it open see that. No outside
    call."""
    on = flag_field(json_body(), "on")
    context, _line, chat = chat_of(chat_id)
    services().saw(chat.portal_id, context.viewer)
    services().chats.colleagues.writes(chat, context.viewer.user_id, on=on)
    return "", 204


@pages.post("/<int:chat_id>/told")
def told_of_loss(chat_id: int) -> ResponseReturnValue:
    """The former owner has read that another employee took the chat."""
    context, line, chat = chat_of(chat_id)
    waits = services().storage.conversations.waits
    waits.seen_by_loser(chat.portal_id, chat.id, context.viewer.user_id)
    return drawn(context, line, waits.get(chat) or chat)


@pages.post("/<int:chat_id>/ignore")
def ignore(chat_id: int) -> ResponseReturnValue:
    """Store and count nothing of this client any more, on this line; `everywhere` by an
    administrator's word. Asks back first. It can be taken back in the settings."""
    body = json_body()
    confirmed, everywhere = flag_field(body, "confirmed"), flag_field(body, "everywhere")
    context, line, chat = chat_of(chat_id)
    refuse_everywhere(context, everywhere=everywhere)
    if not confirmed:
        return ask_to_ignore(line, everywhere=everywhere)
    services().chats.ignoring.begin(context, None if everywhere else line, chat.client)
    return drawn(context, line, services().storage.conversations.waits.get(chat) or chat)


@pages.post("/<int:chat_id>/unignore")
def heed(chat_id: int) -> ResponseReturnValue:
    """Stop ignoring this client, by the user who began it or an administrator."""
    context, line, chat = chat_of(chat_id)
    services().chats.ignoring.end(context, chat.client, [line.id])
    return drawn(context, line, chat)


@pages.get("/<int:chat_id>/messages/<ref>/trail")
def show_trail(chat_id: int, ref: str) -> ResponseReturnValue:
    """What happened to a message of ours, step by step; to an administrator with its ids. Three
    queries."""
    context, line, chat = chat_of(chat_id)
    found = next(iter(services().storage.sends.named(chat.portal_id, chat.id, [named(chat, ref).id])), None)
    if found is None:
        raise Refused(ErrorCode.MESSAGE_GONE, reason="not sent from here")
    here = services()
    return render_template(
        "chats/_trail.html",
        send=found,
        steps=steps_of(found, here.storage.sends.trail.of(found)),
        names=here.staff_names(chat.portal_id),
        line=line,
        zone=context.zone,
        admin=context.viewer.admin,
    )


def drawn(context: CardContext, line: Line, chat: Chat) -> str:
    beside = services().chats.beside.of(context, line, chat)
    return render_template("chats/_owner.html", beside=beside, zone=context.zone)


def waived(context: CardContext, chat: Chat, until: int | None) -> Chat:
    """The chat once this user has said that no reply is needed. A message that came since the page
    was drawn waits."""
    return services().chats.ignoring.waive_until(context, chat, float(until + 1) if until else chat.theirs_at)


def ask_to_ignore(line: Line, *, everywhere: bool) -> Response:
    return ask_back(render_template("chats/_confirm_ignore.html", line=line, everywhere=everywhere))
