"""What a card's page asks for: the page itself, the revealed card, checks, refresh, the lines'
states."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.assets import PackedPage
from widget.bitrix24.placement import Placement, posted_origin, proved_origin, read_placement
from widget.cache import StoreGone
from widget.card import phone_views
from widget.card.cache import Drawn
from widget.card.collect import SHOWN
from widget.card.drawing import Drawing, Occasion, drawing_of
from widget.card.labels import DAY, Press
from widget.card.loading import CardSnapshot, e164s
from widget.card.pages import current_card, pages
from widget.card.reading import Ahead
from widget.card.view import CardView, ShownSettings, settings_of, with_left
from widget.chats.beside_views import ask_to_ignore
from widget.chats.context import chat_of, drawn_with, usual_line
from widget.chats.ignoring import refuse_everywhere
from widget.chats.typed import NotTheirs
from widget.context import CardContext, ReadMode, found, hours_of
from widget.current import current_opening
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, id_field, json_body, maybe_text_field, text_field, texts_field
from widget.gateways.base import GatewayError
from widget.i18n import language_of, set_language
from widget.presence.budget import AskedBy
from widget.services import services
from widget.session import LAUNCH_HEADER, SESSION_HEADER, ZONE_HEADER, Launch, Session
from widget.storage.lines import Line
from widget.storage.portals import Portal, Visibility
from widget.untrusted import as_zone

__all__ = ["pages", "phone_views"]

MAX_KEYS = 10
MAX_ROWS = 100
MAX_MARKS = 2000
SHOWN_READINGS = 10  # of suggested numbers that one session may choose
WORTH_TELLING = 60.0  # seconds: a shorter wait is over before it is read


@pages.post("/placement")
def open_page() -> ResponseReturnValue:
    """The page Bitrix24 opens in a card. No outside call for a portal at its stored address; one in
    five minutes for each user of one that is opened by another of its names."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    placement = read_placement(request.args, request.form)
    if not placement.access_token:
        raise Refused(ErrorCode.NO_AUTH, reason="empty AUTH_ID")
    opening = _opening(placement)
    portal = services().bitrix24.authenticator.portal_of(opening)
    g.frame_origin = proved_origin(request.args, domain=portal.domain, origin=portal.origin)
    set_language(portal.language or language_of(placement.language))
    if placement.entity_id == 0:
        raise Refused(ErrorCode.CARD_NOT_SAVED)
    services().presence.reveal_stats.opened(portal.id)
    return render_template(
        "card/page.html",
        opening=services().entrance.session_tokens.encrypt_launch(opening),
        start=portal.visibility.value,
        edit_mode=placement.edit_mode,
        portal_origin=g.frame_origin,
    )


@pages.get("/placement")
def explain_page() -> ResponseReturnValue:
    """The address was opened by hand."""
    raise Refused(ErrorCode.NOT_FOUND)


@pages.post("/session")
def renew_session() -> ResponseReturnValue:
    """A session for a page whose old one ended: the opening, with the fresh token its portal gave.

    A typed number in it is left out if others have talked with it since. Suggestions that were
    pressed in the old session, which comes along, stay pressed.
    """
    opening = current_opening()
    set_language(opening.language)
    # The opening's refresh token may have been used since: the stored one stays.
    fresh = replace(opening, access_token=text_field(json_body(), "auth", longest=512), refresh_token="")
    response = make_response("", 204)
    session_tokens = services().entrance.session_tokens
    session = session_tokens.with_readings(_prove(fresh)[0], request.headers.get(SESSION_HEADER, ""))
    response.headers[SESSION_HEADER] = session_tokens.sign_session(session)
    return response


@pages.post("/card")
def reveal() -> ResponseReturnValue:
    """The card from what is known. The token is proved here, not before: a hidden card costs
    nothing.

    For a page's first reveal the token's proof and the card's batch go out side by side; nothing is
    shown before both are good. A card that is remembered costs one round trip.
    """
    pressed = flag_field(json_body(), "pressed")
    here, who = services(), _who_opens()
    ask = pressed or who.portal.visibility is Visibility.ALWAYS
    seen = here.card.loader.see(who.session, who.portal, ahead=who.ahead)
    if who.ahead:
        who.ahead.abandon()  # where another request has read the card meanwhile
    drawn = _drawn(seen, Occasion(asking=ask))
    here.infra.metrics.revealed(pressed=pressed)
    response = drawn.page.response()
    if who.ticket:
        response.headers[SESSION_HEADER] = who.ticket
        here.presence.reveal_stats.revealed(
            who.portal.id, who.session.user_id, drawn.line_id, drawn.phones, new=drawn.new, pressed=pressed
        )
    return response


@pages.post("/card/check")
def check() -> ResponseReturnValue:
    """Ask about some phones of this card, one request for all of them: by itself, after a press, or
    after a refresh."""
    body = json_body()
    keys = texts_field(body, "keys", most=MAX_KEYS, longest=64)
    by = _asked_by(pressed=flag_field(body, "pressed"), again=flag_field(body, "again"))
    seen = services().card.loader.see(*current_card())
    done = services().card.checks.check(seen, _settings(seen.context.portal), keys, id_field(body, "line"), by)
    other = done.line if done.line != done.view.line else None
    cost = done.checked if by is AskedBy.REFRESH else None
    return _html(done.view, Occasion(pressed=by is not AskedBy.PAGE, cost=cost, checked_by=other))


@pages.post("/card/refresh")
def refresh() -> ResponseReturnValue:
    """Throw the remembered answers away and read everything again, within the limits."""
    asked = id_field(json_body(), "line")
    session, portal = current_card()
    checks = services().card.checks
    checks.throw_away(session)
    seen = services().card.loader.see(session, portal, ReadMode.ANEW)
    line_id, gone = _still(seen.context, asked)
    view = _view(seen, line_id, gone)
    view = with_left(view, checks.left(view.line))
    return _html(view, Occasion(asking=True, refreshed=True, next_check=_next_check(view.line)), seen.marks)


@pages.post("/card/suggestion")
def use_suggestion() -> ResponseReturnValue:
    """The card with a suggested number in place of the row that offers it, until this session
    ends."""
    body = json_body()
    key, line_id = text_field(body, "key", longest=64), id_field(body, "line")
    session, portal = current_card()
    context = services().card.door.enter(session, portal)
    found([offer for item in context.card.phones for offer in item.offers], key)
    g.session = replace(session, readings=(*session.readings, key)[-SHOWN_READINGS:])
    response = make_response(_html(_view(services().card.loader.see(g.session, portal), line_id), Occasion()))
    response.headers[SESSION_HEADER] = services().entrance.session_tokens.sign_session(g.session)
    return response


@pages.post("/card/again")
def look_again() -> ResponseReturnValue:
    """The card read anew, or 204 when it is what the page already shows.

    `remembered` is what every open page asks once a minute: whether the portal's settings changed.
    Where they did not, nothing is read; where they did, the card is drawn from what is remembered,
    and asks by itself only where everything is to be seen at once.
    """
    body = json_body()
    version = text_field(body, "version", longest=64)
    remembered = flag_field(body, "remembered")
    session, portal = current_card()
    asked = id_field(body, "line")
    if remembered and version.endswith(_settings(portal).fingerprint):
        return "", 204
    seen = services().card.loader.see(session, portal, ReadMode.CURRENT if remembered else ReadMode.ANEW)
    if remembered and all(line.id != asked for line in seen.context.readable):
        asked = None  # it is not for this user any more
    view = _view(seen, *_still(seen.context, asked))
    ask = portal.visibility is Visibility.ALWAYS or (portal.visibility is Visibility.BUTTON and not remembered)
    return ("", 204) if view.fingerprint == version else _html(view, Occasion(asking=ask), seen.marks)


@pages.post("/card/more")
def show_more() -> ResponseReturnValue:
    """The rows of the numbers beyond those that a card shows. None of them is checked, but each can
    be written to."""
    json_body()
    session, portal = current_card()
    drawing = _every_row(services().card.loader.see(session, portal))
    return render_template("card/_rows.html", **_drawn_rows(replace(drawing, rows=drawing.rows[SHOWN:])))


@pages.post("/card/ignore")
def ignore() -> ResponseReturnValue:
    """Store and count nothing of a row's client any more on `line`; `everywhere` by an
    administrator's word. Asks back first, and answers with the row, which offers to take it
    back."""
    body = json_body()
    key, line_id = text_field(body, "key", longest=64), id_field(body, "line")
    confirmed, everywhere = flag_field(body, "confirmed"), flag_field(body, "everywhere")
    context, client = _client_of(key)
    line = context.line(line_id or 0)
    refuse_everywhere(context, everywhere=everywhere)
    if not confirmed:
        return ask_to_ignore(line, everywhere=everywhere)
    services().chats.ignoring.begin(context, None if everywhere else line, client)
    return _row(key)


@pages.post("/card/unignore")
def unignore() -> ResponseReturnValue:
    """Take that back on every line of the card, as far as it is this user's to take back. Answers
    with the row."""
    key = text_field(json_body(), "key", longest=64)
    context, client = _client_of(key)
    services().chats.ignoring.end(context, client, [line.id for line in context.lines])
    return _row(key)


@pages.post("/card/news")
def news() -> ResponseReturnValue:
    """What is new of these numbers and in the open chat since `marks`; 204 where nothing is, after
    one read of the cache. Every open page asks every few seconds. No outside call."""
    body = json_body()
    keys = texts_field(body, "keys", most=MAX_ROWS, longest=64)
    known = maybe_text_field(body, "marks", longest=MAX_MARKS).split()
    chat_id, since = id_field(body, "chat"), maybe_text_field(body, "since", longest=20)
    session, portal = current_card()
    here = services()
    try:
        marks = here.card.marks.of(portal.id, keys)
    except StoreGone:
        return "", 503  # the page asks in its other ways
    changed = {key for key, mark in marks.items() if mark not in known}
    if not changed:
        return "", 204
    seen = here.card.loader.see(session, portal)
    changed &= {item.key for item in seen.context.card.phones}
    if not changed:  # a page is told only of numbers that are on its card
        return "", 204
    return _news(seen, changed, _heard(chat_id, changed, since) if chat_id else {})


def _news(seen: CardSnapshot, keys: Collection[str], heard: Mapping[str, object]) -> str:
    """These rows as they are now, and what was `heard` in the open chat."""
    drawing = _every_row(seen)
    rows = tuple((row, label) for row, label in drawing.rows if row.item.key in keys)
    return render_template("card/_news.html", **{**_drawn_rows(replace(drawing, rows=rows)), **heard})


def _row(key: str) -> str:
    """The row that has just been changed."""
    return _news(services().card.loader.see(*current_card()), {key}, {})


def _every_row(seen: CardSnapshot) -> Drawing:
    """The card with the numbers beyond those that it shows: none of them is checked."""
    here = services()
    known = here.card.loader.known(seen, MAX_ROWS)
    view = here.card.checks.view(seen, known, _settings(seen.context.portal))
    drawing = drawing_of(view, Occasion(), now=here.now(), marks=seen.marks)
    beyond = ((row, replace(label, press=Press.NONE)) for row, label in drawing.rows[SHOWN:])
    return replace(drawing, rows=(*drawing.rows[:SHOWN], *beyond))


def _client_of(key: str) -> tuple[CardContext, str]:
    """Whom a row is about. Raises Refused where its number is none, or is not on the card."""
    context = services().card.loader.see(*current_card()).context
    client = context.phone(key).client
    if not client:
        raise Refused(ErrorCode.NOT_ALLOWED, 422, "not a number")
    return context, client


def _heard(chat_id: int, changed: set[str], since: str) -> dict[str, object]:
    """What was written in the open chat since then, for the template; nothing where the chat's
    number is as it was."""
    context, line, chat = chat_of(chat_id)
    if context.phone_of(chat.client).key not in changed:
        return {}
    at = float(since) if since.replace(".", "", 1).isdecimal() else services().infra.clock() - DAY
    return {"history": services().chats.service.heard(line, chat, at), **drawn_with(chat)}


@pages.post("/card/lines")
def lines() -> ResponseReturnValue:
    """The line selector with every line's state, and what the shown line may still check."""
    asked = id_field(json_body(), "line")
    here = services()
    context = here.card.door.enter(*current_card())
    line_id, gone = _still(context, asked)
    line = context.line(line_id) if line_id else usual_line(context)
    return render_template(
        "card/_lines.html",
        view={
            "lines": context.lines,
            "line": line,
            "no_line_allowed": context.no_line_allowed,
            "gone": gone,
            "left": here.card.checks.left(line),
        },
        states=here.gateways.known_states(context.lines),
        next_check=_next_check(line),
        zone=context.zone,
        now=here.now(),
    )


def _still(context: CardContext, line_id: int | None) -> tuple[int | None, Line | None]:
    """The line that a page shows, as long as it may be used; else none, and the line that was
    switched off or removed meanwhile. Refused for any other."""
    gone = next((line for line in context.past_lines if line.id == line_id), None)
    if gone or line_id is None:
        return None, gone
    return context.line(line_id).id, None


def _next_check(line: Line | None) -> float | None:
    """When the line may ask about one more number; 0 if it may within the minute, None if that
    cannot be told."""
    if line is None:
        return 0.0
    here = services()
    wait = here.card.checks.next_check(line)
    return wait and (here.infra.clock() + wait if wait >= WORTH_TELLING else 0.0)


def _asked_by(*, pressed: bool, again: bool) -> AskedBy:
    if again:
        return AskedBy.REFRESH
    return AskedBy.PRESS if pressed else AskedBy.PAGE


@dataclass(frozen=True)
class _Who:
    """The user who reveals a card. `ticket` is the session's, where it is a new one."""

    session: Session
    portal: Portal
    ticket: str = ""
    ahead: Ahead | None = None


def _who_opens() -> _Who:
    """The page's session, made from its opening at the first reveal."""
    if SESSION_HEADER in request.headers or LAUNCH_HEADER not in request.headers:
        return _Who(*current_card())
    opening = current_opening()
    set_language(opening.language)
    ahead = services().card.door.ahead(opening, services().bitrix24.authenticator.claimed(opening))
    session, portal = _prove(opening, ahead)
    g.session, g.portal = session, portal
    return _Who(*current_card(), services().entrance.session_tokens.sign_session(session), ahead)


def _prove(opening: Launch, ahead: Ahead | None = None) -> tuple[Session, Portal]:
    entry = services().bitrix24.authenticator
    try:
        portal, user_id = entry.prove(opening, ahead.begin) if ahead else entry.prove(opening)
    except Refused:
        if ahead:
            ahead.abandon()
        raise
    session = Session(
        portal_id=portal.id,
        user_id=user_id,
        entity_type_id=opening.entity_type_id,
        entity_id=opening.entity_id,
        language=portal.language or opening.language,
        edit_mode=opening.edit_mode,
        number=opening.number,
        line_id=opening.line_id,
        granted=opening.granted,
        zone=as_zone(request.headers.get(ZONE_HEADER)),
    )
    others = session.number and _of_others(session, portal)
    return (replace(session, number="", line_id=0, granted=False) if others else session), portal


def _of_others(session: Session, portal: Portal) -> bool:
    """Whether others have talked with the typed number on its line, or its gateway cannot be asked.
    Such a number is typed again when it can, and the rest of the page goes on."""
    context = services().card.door.enter(session, portal)
    if context.viewer.admin:
        return False
    line = next((line for line in context.lines if line.id == session.line_id), None)
    if line is None:
        return True
    if session.granted:
        chat = services().storage.chats.find(portal.id, line.id, session.number)
        return chat is None or not services().chats.rights.may_read(portal, context.viewer, chat)
    try:
        services().chats.service.typed.read(line, session.number, session.user_id)
    except (NotTheirs, GatewayError):
        return True
    return False


def _settings(portal: Portal) -> ShownSettings:
    """The portal's settings as its cards show them. No call to the portal."""
    here = services()
    return settings_of(portal, here.storage.lines.of(portal.id), hours_of(portal, here.phones.hours))


def _view(seen: CardSnapshot, line_id: int | None = None, gone: Line | None = None) -> CardView:
    known = services().card.loader.known(seen)
    return services().card.checks.view(seen, known, _settings(seen.context.portal), line_id, gone)


def _drawn(seen: CardSnapshot, occasion: Occasion) -> Drawn:
    """The card as it was drawn within this minute, if nothing that it shows has changed: drawing is
    most of what a card that is known costs."""
    here, context = services(), seen.context
    minute = here.infra.clock() // 60  # clients' local times are on it, and the ages of answers
    left = tuple(here.card.checks.last_remaining(line) for line in context.lines)
    old = here.card.loader.is_old(context)
    staff = tuple(here.storage.staff.remembered(context.portal.id))
    shows = (context, minute, context.session.readings, seen.raw, old, left, occasion, staff)
    drawn = here.card.memory.drawn(context.session, shows) if seen.raw is not None else None
    if drawn is None:
        view = _view(seen)
        shown = tuple(_numbers(view))
        page = PackedPage(_html(view, occasion, seen.marks).encode())
        drawn = Drawn(page, shown, view.line.id if view.line else 0, len(view.to_ask))
        here.card.memory.put_drawn(context.session, shows, drawn)
    return drawn


def _numbers(view: CardView) -> Sequence[str]:
    return e164s([row.item for row in view.rows])


def _html(view: CardView, occasion: Occasion, marks: tuple[str, ...] = ()) -> str:
    drawing = drawing_of(view, occasion, now=services().now(), marks=marks)
    return render_template("card/_card.html", **_drawn_rows(drawing))


def _drawn_rows(drawing: Drawing) -> dict[str, object]:
    """All that a template draws rows with."""
    owned = any((chat := row.waiting or row.chat) and chat.owner_id for row, _label in drawing.rows)
    return {**drawing.names(), "staff": services().storage.staff.of(g.portal.id) if owned else {}}


def _opening(placement: Placement) -> Launch:
    return Launch(
        member_id=placement.member_id,
        domain=placement.domain,
        access_token=placement.access_token,
        refresh_token=placement.refresh_token,
        expires_in=placement.expires_in,
        entity_type_id=placement.entity_type_id,
        entity_id=placement.entity_id,
        language=language_of(placement.language),
        edit_mode=placement.edit_mode,
        server=placement.server,
    )
