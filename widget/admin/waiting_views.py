"""«Waiting» on the app's page: all clients who wait for an answer and whose chats this user may
read, longest first.

A chat opens from here by a signed session for its number on its line, as a typed number does
(own_views.py); that this user may read it was asked for that, and is asked again while it is open
(chats/rights.py).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flask import make_response, render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.asking import asking
from widget.admin.current_user import CurrentUser, administrator, current_user
from widget.admin.forms import FieldFault, Typed, Wrong, is_within, typed
from widget.admin.pages import pages
from widget.bitrix24.adding import AddedPhone
from widget.bitrix24.claims import Claims, only_asking
from widget.bitrix24.clients import CrmLink, add_client, readable
from widget.bitrix24.crm import COMPANY, CONTACT, LEAD
from widget.bitrix24.employees import NOTIFIES
from widget.chats import beside_views
from widget.chats.beside import Wait
from widget.chats.context import refuse_empty
from widget.chats.ignoring import refuse_everywhere
from widget.chats.rights import MAX_ASKED, ClientCards
from widget.current import current_opening
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, maybe_text_field
from widget.phones.numbers import shown
from widget.services import services
from widget.session import SESSION_HEADER
from widget.storage.changes import ChangeKind
from widget.storage.chats import Chat
from widget.storage.staff import Employee
from widget.storage.waits import MAX_LISTED, Filter

NO_NUMBER = Wrong(FieldFault.NOT_A_PHONE)
NOBODYS = "nobody"
MINE = "mine"
LIMIT = (1, 1440)  # minutes that a portal may choose
NEW_CARDS = {"lead": LEAD, "contact": CONTACT}
CARDS = {**NEW_CARDS, "company": COMPANY}


@dataclass(frozen=True)
class Waiter:
    """One of the list: the chat, how long its client waits, and their cards."""

    wait: Wait
    client: ClientCards
    title: str  # their number, else the name that they gave


@dataclass(frozen=True)
class Wanted:
    """The filter as the page sends it. `owner` is "" for any, MINE, NOBODYS, or a colleague's
    id."""

    line: int | None = None
    owner: str = ""

    def owner_id(self, user_id: int) -> int | None:
        """The owner who is wanted by this user, None for any."""
        own: Mapping[str, int | None] = {"": None, MINE: user_id, NOBODYS: 0}
        return own[self.owner] if self.owner in own else int(self.owner)


def read_wanted() -> Wanted:
    """Raises Refused(BAD_FORM)."""
    body = json_body()
    owner = maybe_text_field(body, "owner", longest=10)
    if owner not in ("", MINE, NOBODYS) and not (owner.isascii() and owner.isdigit()):
        raise Refused(ErrorCode.BAD_FORM, reason="owner")
    return Wanted(id_field(body, "line"), owner)


@pages.post("/waiting")
def show_waiting() -> ResponseReturnValue:
    """The list, of one line or owner where the page says so. Two queries, and two outside calls a
    minute at most."""
    wanted = read_wanted()
    return sections.drawn(waiting(current_user(), wanted))


@pages.post("/waiting/<int:chat_id>/open")
def open_waiting(chat_id: int) -> ResponseReturnValue:
    """A session that opens this chat. Nothing is asked of the gateway."""
    user, chat, client = _readable(chat_id)
    here, line = services(), user.context.line(chat.line_id)
    item = here.card.door.typed(user.context, chat.client)
    opening = current_opening()
    if opening.member_id != user.portal.member_id:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="opening of another portal")
    sealed = here.entrance.session_tokens.encrypt_launch(
        opening.for_number(chat.client, line.id, granted=not client.typed)
    )
    session = user.session.for_number(chat.client, line.id, granted=not client.typed)
    response = make_response(render_template("waiting/_opened.html", opening=sealed, key=item.key, line=line))
    response.headers[SESSION_HEADER] = here.entrance.session_tokens.sign_session(session)
    return response


@pages.post("/waiting/<int:chat_id>/take")
def take_waiting(chat_id: int) -> ResponseReturnValue:
    """Make this user the owner of the chat."""
    wanted = read_wanted()
    user, chat, client = _claimable(chat_id)
    here, who = services(), user.viewer
    here.saw(user.portal.id, who)
    here.own(user.context.line(chat.line_id), chat, who.user_id, by=who.user_id, typed=client.typed)
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/<int:chat_id>/told")
def told_of_taking(chat_id: int) -> ResponseReturnValue:
    """This user has read that a colleague took the chat; they may not be able to open it any
    more."""
    wanted, user, chat = read_wanted(), current_user(), _chat(chat_id)
    user.context.line(chat.line_id)
    services().storage.conversations.waits.seen_by_loser(chat.portal_id, chat.id, user.viewer.user_id)
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/<int:chat_id>/waive")
def waive_waiting(chat_id: int) -> ResponseReturnValue:
    """What the client wrote `until` now, as the list shows it, needs no reply."""
    wanted, until = read_wanted(), id_field(json_body(), "until")
    user, chat, _client = _claimable(chat_id)
    beside_views.waived(user.context, chat, until)
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/<int:chat_id>/ignore")
def ignore_waiting(chat_id: int) -> ResponseReturnValue:
    """Store and count nothing of this client any more, on this line; `everywhere` by an
    administrator's word. Asks back first. The list offers to take it back."""
    body = json_body()
    wanted, confirmed, everywhere = read_wanted(), flag_field(body, "confirmed"), flag_field(body, "everywhere")
    user, chat, _client = _claimable(chat_id)
    line = user.context.line(chat.line_id)
    refuse_everywhere(user.context, everywhere=everywhere)
    if not confirmed:
        return beside_views.ask_to_ignore(line, everywhere=everywhere)
    services().chats.ignoring.begin(user.context, None if everywhere else line, chat.client)
    return sections.drawn(waiting(user, wanted, ignored=chat))


@pages.post("/waiting/<int:chat_id>/unignore")
def heed_waiting(chat_id: int) -> ResponseReturnValue:
    """Stop ignoring this client, by the user who began it or an administrator. Their next message
    waits again."""
    wanted = read_wanted()
    user, chat, _client = _claimable(chat_id)
    services().chats.ignoring.end(user.context, chat.client, [chat.line_id])
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/<int:chat_id>/card")
def make_card(chat_id: int) -> ResponseReturnValue:
    """A new lead or contact for a client whom no card has, by this user; one press at a time makes
    one. Two outside calls besides the list's, one where an earlier press made the card."""
    wanted, kind = read_wanted(), maybe_text_field(json_body(), "kind", longest=10)
    if kind not in NEW_CARDS:
        raise Refused(ErrorCode.BAD_FORM, reason="kind")
    with _cardless(chat_id) as (user, chat):
        rest, who, titles = services().bitrix24.rest, user.viewer.user_id, sections.client_titles([chat])
        made = add_client(rest, user.portal, who, NEW_CARDS[kind], chat, titles[chat.id])
        if not chat.phone:
            services().storage.conversations.hidden.link(chat, made.entity_type_id, made.id, user_id=who)
    services().chats.rights.forget(chat, who)
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/<int:chat_id>/attach")
def attach_to_card(chat_id: int) -> ResponseReturnValue:
    """Put the client's number into a card that this user may read: `kind` and `id`; the chat of a
    client without one is attached to it here. Four outside calls besides the list's, one without a
    number."""
    wanted, body = read_wanted(), json_body()
    kind, card_id = maybe_text_field(body, "kind", longest=10), id_field(body, "id")
    if kind not in CARDS or card_id is None:
        raise Refused(ErrorCode.BAD_FORM, reason="kind or id")
    with _cardless(chat_id) as (user, chat):
        rest, who = services().bitrix24.rest, user.viewer.user_id
        with only_asking():
            found = readable(rest, user.portal, who, {CrmLink(CARDS[kind], card_id)})
        if not found:
            raise Refused(ErrorCode.CARD_GONE, reason="card to attach to")
        card = found.pop()
        if chat.phone:
            _attach(user, card, chat.phone)
        else:
            services().storage.conversations.hidden.link(chat, card.entity_type_id, card.id, user_id=who)
            services().card.memory.drop(user.portal.id, card.entity_type_id, card.id)
    services().chats.rights.forget(chat, who)
    return sections.drawn(waiting(user, wanted))


@pages.post("/waiting/limit")
def save_limit() -> ResponseReturnValue:
    """After how many minutes a waiting client is shown in red."""
    values = typed(json_body(), "minutes")
    user = administrator()
    if not is_within(values["minutes"], LIMIT):
        form = Typed(values, {"minutes": Wrong(FieldFault.OUT_OF_RANGE, *LIMIT)})
        return sections.drawn(waiting_settings(user, form=form), status=422)
    minutes = int(values["minutes"])
    services().storage.portals.set_waiting_minutes(user.portal.id, minutes)
    user.note(ChangeKind.WAITING, old=str(user.portal.waiting_minutes), new=str(minutes))
    user = user.again()
    return sections.drawn(waiting_settings(user, said="saved"), sections.log(user))


@pages.post("/notices")
def switch_notices() -> ResponseReturnValue:
    """Whether employees are told in Bitrix24."""
    wanted = flag_field(json_body(), "on")
    user = administrator()
    services().storage.portals.set_notices(user.portal.id, on=wanted)
    user.note(ChangeKind.NOTICES, old=_on(user.portal.notices), new=_on(wanted))
    user = user.again()
    return sections.drawn(waiting_settings(user, said="saved"), sections.log(user))


@pages.post("/ignored")
def ignore_number() -> ResponseReturnValue:
    """Ignore a number on all lines, or on `line`: an own employee's, for one."""
    body = json_body()
    number, line_id = maybe_text_field(body, "number", longest=64), maybe_text_field(body, "line", longest=20)
    user = administrator()
    lines = {str(line.id): line for line in services().storage.lines.of(user.portal.id)}
    if line_id and line_id not in lines:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "line")
    phone = services().card.door.typed(user.context, number).phone.e164
    if phone is None:
        return sections.drawn(
            waiting_settings(user, number=Typed({"number": number}, {"number": NO_NUMBER})), status=422
        )
    services().chats.ignoring.begin(user.context, lines.get(line_id), phone)
    return sections.drawn(waiting_settings(user), sections.log(user))


@pages.post("/ignored/<int:ignored_id>/undo")
def end_ignoring(ignored_id: int) -> ResponseReturnValue:
    """Messages of this client are stored and counted again."""
    user = administrator()
    if services().storage.ignores.remove(user.portal.id, ignored_id) is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "ignored")
    user.note(ChangeKind.IGNORED_ENDED)
    return sections.drawn(waiting_settings(user), sections.log(user))


def waiting_place() -> str:
    """Where the list will be: the page asks for it."""
    return render_template("waiting/_place.html")


def waiting(user: CurrentUser, wanted: Wanted, *, ignored: Chat | None = None) -> str:
    """The list as this user may see it. `more`: some were not looked at; how many would tell of
    chats of others. `ignored` has just been."""
    here, context = services(), user.context
    usable = {line.id: line for line in context.lines}
    lines = {line_id: line for line_id, line in usable.items() if wanted.line in (None, line_id)}
    waits = here.storage.conversations.waits
    found = waits.waiting(user.portal.id, Filter(tuple(lines), wanted.owner_id(user.viewer.user_id)))
    if len(found) == MAX_LISTED and not wanted.owner:  # one's own are not lost among very many
        own = waits.waiting(user.portal.id, Filter(tuple(lines), user.viewer.user_id))
        found = sorted({chat.id: chat for chat in [*found, *own]}.values(), key=lambda chat: chat.waiting_since)
    taken = waits.lost(user.portal.id, user.viewer.user_id)
    lost = [chat for chat in taken if chat.owner_id and chat.line_id in usable]
    clients = here.chats.rights.readable(user.portal, user.viewer, [*found, *lost])
    mine = [chat for chat in found if chat.id in clients]
    limit, named = user.portal.waiting_minutes, sections.client_titles([*mine, *lost])
    rows = [
        Waiter(here.chats.beside.wait(chat, lines[chat.line_id], limit_minutes=limit), clients[chat.id], named[chat.id])
        for chat in mine
    ]
    return render_template(
        "waiting/_list.html",
        rows=rows,
        asks=asking(user),
        more=len(found) > (MAX_LISTED - 1 if user.viewer.admin else MAX_ASKED),
        lines=context.lines,
        wanted=wanted,
        staff=_colleagues(user),
        lost=[(chat.id, named[chat.id] if chat.id in clients else "", here.chats.beside.owner(chat)) for chat in lost],
        user_id=user.viewer.user_id,
        admin=user.viewer.admin,
        ignored=(ignored.id, sections.client_titles([ignored])[ignored.id]) if ignored else None,
        when=user.when,
    )


def waiting_settings(
    user: CurrentUser, *, form: Typed | None = None, number: Typed | None = None, said: str = ""
) -> str:
    """The limit, and who is ignored. For administrators."""
    here = services()
    lines = {line.id: line.name for line in here.storage.lines.kept(user.portal.id)}
    return render_template(
        "waiting/_settings.html",
        form=form or Typed({"minutes": str(user.portal.waiting_minutes)}),
        typed=number or Typed({"number": ""}),
        active=here.storage.lines.of(user.portal.id),
        notices=user.portal.notices,
        may_notify=NOTIFIES in user.portal.scopes,
        ignored=here.storage.ignores.of(user.portal.id),
        lines=lines,
        names=here.staff_names(user.portal.id),
        number=shown,
        when=user.when,
        said=said,
    )


def _readable(chat_id: int, *, anew: bool = False) -> tuple[CurrentUser, Chat, ClientCards]:
    """The chat, if this user may read and change it. Refused otherwise. `anew`: a colleague may
    have made a card for its client in this minute."""
    user, here, chat = current_user(), services(), _chat(chat_id)
    user.context.line(chat.line_id)
    if anew:
        here.chats.rights.forget(chat, user.viewer.user_id)
    client = here.chats.rights.readable(user.portal, user.viewer, [chat]).get(chat.id)
    if client is None:
        raise Refused(ErrorCode.NOT_ALLOWED, reason="chat")
    return user, chat, client


def _chat(chat_id: int) -> Chat:
    """The portal's chat of this id. One query. Refused where it has none."""
    chat = services().storage.chats.get(current_user().portal.id, chat_id) if chat_id < 2**53 else None
    if chat is None:
        raise Refused(ErrorCode.NOT_ALLOWED, 404, "chat")
    return chat


@contextmanager
def _cardless(chat_id: int) -> Iterator[tuple[CurrentUser, Chat]]:
    """Someone who may say so, and the chat of a client who is in no card, while no other press
    gives them one: asked anew, for one may just have. Refused otherwise."""
    chat = _chat(chat_id)
    infra = services().infra
    with Claims(infra.cache).alone(f"card-of:{infra.keys.key(chat.portal_id, chat.client)}"):
        user, chat, client = _claimable(chat_id, anew=True)
        if client.unknown is not True:
            raise Refused(ErrorCode.BAD_FORM, 409, "the client has a card")
        yield user, chat


def _attach(user: CurrentUser, card: CrmLink, phone: str) -> None:
    """Raises Refused where the user may not change the card, or another press adds to it."""
    here = services()
    came = here.bitrix24.phones.add(
        user.portal,
        user.viewer.user_id,
        card,
        phone,
        holds=lambda typed: phone in here.card.door.numbers_in(user.context, typed),
    )
    if came is AddedPhone.DENIED:
        raise Refused(ErrorCode.PORTAL_DENIED, reason="card to attach to")
    if came is AddedPhone.UNDERWAY:
        raise Refused(ErrorCode.PORTAL_BUSY, reason="card to attach to")


def _claimable(chat_id: int, *, anew: bool = False) -> tuple[CurrentUser, Chat, ClientCards]:
    """The same to do something that says whose the client is. Refused also where the user came by a
    typed number, and others talked in its chat, or none did: at most one reading of that."""
    user, chat, client = _readable(chat_id, anew=anew)
    if client.typed:
        typed_numbers, line = services().chats.service.typed, user.context.line(chat.line_id)
        refuse_empty(typed_numbers.require(line, chat.client, user.viewer.user_id))
    return user, chat, client


def _colleagues(user: CurrentUser) -> list[Employee]:
    """By name, also those who left: their clients are looked for too."""
    known = services().storage.staff.of(user.portal.id).values()
    return sorted((each for each in known if each.user_id != user.viewer.user_id), key=lambda each: each.name)


def _on(on: bool) -> str:
    return "on" if on else "off"
