"""What a card's page asks for: the page itself, the revealed card, checks, refresh, the lines' states."""

import hashlib
from dataclasses import replace

from flask import Blueprint, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from widget.bitrix24.placement import Placement, posted_origin, proved_origin, read_placement
from widget.card.rows import CardView
from widget.chats.typed import NotTheirs
from widget.errors import Refusal, Refused
from widget.forms import flag_field, id_field, json_body, text_field, texts_field
from widget.gateways.base import GatewayError
from widget.i18n import language_of, set_language
from widget.services import services
from widget.session import (
    OPENING_HEADER,
    SESSION_HEADER,
    ZONE_HEADER,
    Opening,
    Session,
    current_opening,
    current_session,
)
from widget.storage.lines import Line
from widget.storage.portals import Visibility
from widget.untrusted import zone_of

pages = Blueprint("card", __name__)

MOST_KEYS = 10
WORTH_TELLING = 60.0  # seconds: a shorter wait is over before it is read


@pages.post("/placement")
def open_page() -> ResponseReturnValue:
    """The page Bitrix24 opens in a card. No outside call for a portal at its stored address; one in five minutes for
    each user of one that is opened by another of its names."""
    g.frame_origin = posted_origin(request.args)
    set_language(language_of(request.args.get("LANG", "")))
    placement = read_placement(request.args, request.form)
    if not placement.access_token:
        raise Refused(Refusal.NO_AUTH, 401, "empty AUTH_ID")
    opening = _opening(placement)
    portal = services().entry.portal_of(opening)
    g.frame_origin = proved_origin(request.args, domain=portal.domain, origin=portal.origin)
    set_language(portal.language or language_of(placement.language))
    if placement.entity_id == 0:
        raise Refused(Refusal.CARD_NOT_SAVED, 200)
    services().reveals.opened(portal.id)
    return render_template(
        "card/page.html",
        opening=services().tickets.seal_opening(opening),
        start=portal.visibility.value,
        edit_mode=placement.edit_mode,
        portal_origin=g.frame_origin,
    )


@pages.get("/placement")
def explain_page() -> ResponseReturnValue:
    """Somebody opened the address by hand."""
    raise Refused(Refusal.NOT_FOUND, 404)


@pages.post("/session")
def renew_session() -> ResponseReturnValue:
    """A session for a page whose old one ended: the opening, with the fresh token its portal gave.

    A typed number in it is left out if others have talked with it since. Suggestions that were pressed in the old
    session, which comes along, stay pressed.
    """
    opening = current_opening()
    set_language(opening.language)
    # The opening's refresh token may have been used since: the stored one stays.
    fresh = replace(opening, access_token=text_field(json_body(), "auth", longest=512), refresh_token="")
    response = make_response("", 204)
    tickets = services().tickets
    session = tickets.with_readings(_prove(fresh), request.headers.get(SESSION_HEADER, ""))
    response.headers[SESSION_HEADER] = tickets.sign_session(session)
    return response


@pages.post("/card")
def reveal() -> ResponseReturnValue:
    """The card from what is known. The token is proved here, not before: a hidden card costs nothing."""
    pressed = flag_field(json_body(), "pressed")
    session = _session_of_page()
    ask = pressed or _visibility(session) is Visibility.ALWAYS
    drawn = services().cards.drawn(session, lambda view: _html(view, ask=ask), ask=ask)
    services().metrics.revealed(pressed=pressed)
    response = make_response(drawn.html)
    if "new_session" in g:
        response.headers[SESSION_HEADER] = g.new_session
        services().reveals.revealed(
            session.portal_id, session.user_id, drawn.line_id, drawn.phones, new=drawn.new, pressed=pressed
        )
    return response


@pages.post("/card/check")
def check() -> ResponseReturnValue:
    """Ask about some phones of this card, one request for all of them: by itself, when somebody `pressed`, or `again`
    after a refresh."""
    body = json_body()
    keys = texts_field(body, "keys", most=MOST_KEYS, longest=64)
    pressed, again = flag_field(body, "pressed"), flag_field(body, "again")
    session = _session()
    cards = services().cards
    done = cards.check(session, keys, id_field(body, "line"), pressed=pressed, again=again)
    other = done.line if done.line != done.view.line else None
    return _html(done.view, ask=False, pressed=pressed, cost=done.checked if again else None, checked_by=other)


@pages.post("/card/refresh")
def refresh() -> ResponseReturnValue:
    """Throw the remembered answers away and read everything again, within the limits."""
    line_id = id_field(json_body(), "line")
    session = _session()
    view = services().cards.refresh(session, line_id)
    return _html(view, ask=True, again=True, refreshed=True, next_check=_next_check(view.line))


@pages.post("/card/suggestion")
def use_suggestion() -> ResponseReturnValue:
    """The card with a suggested number in place of the row that offers it, until this session ends."""
    body = json_body()
    key, line_id = text_field(body, "key", longest=64), id_field(body, "line")
    cards = services().cards
    g.session = cards.with_reading(_session(), key)
    response = make_response(_html(cards.view(g.session, line_id=line_id), ask=False))
    response.headers[SESSION_HEADER] = services().tickets.sign_session(g.session)
    return response


@pages.post("/card/again")
def look_again() -> ResponseReturnValue:
    """The card read anew, or 204 when it is what the page already shows.

    `remembered` is what every open page asks once a minute: whether the portal's settings changed. Where they did not,
    nothing is read; where they did, the card is drawn from what is remembered, and asks by itself only where
    everything is to be seen at once.
    """
    body = json_body()
    version = text_field(body, "version", longest=64)
    remembered = flag_field(body, "remembered")
    session = _session()
    line_id = id_field(body, "line")
    cards = services().cards
    if remembered:
        if version.endswith(_settings_version()):
            return "", 204
        if all(line.id != line_id for line in cards.readable(session)):
            line_id = None  # it is not for this user any more
    line_id, gone = cards.still(session, line_id)
    view = cards.view(session, line_id=line_id, fresh=not remembered, gone=gone)
    visibility = _visibility(session)
    ask = visibility is Visibility.ALWAYS or (visibility is Visibility.BUTTON and not remembered)
    return ("", 204) if _version(view) == version else _html(view, ask=ask)


@pages.post("/card/lines")
def lines() -> ResponseReturnValue:
    """The line selector with every line's state, and what the shown line may still check."""
    line_id = id_field(json_body(), "line")
    session = _session()
    cards = services().cards
    line_id, gone = cards.still(session, line_id)
    line = cards.line(session, line_id)
    return render_template(
        "card/_lines.html",
        view={
            "lines": cards.lines(session),
            "line": line,
            "barred": cards.barred(session),
            "gone": gone,
            "left": cards.left(line),
        },
        states=cards.line_states(session),
        next_check=_next_check(line),
        zone=cards.viewer_zone(session),
        now=services().now(),
    )


def _next_check(line: Line | None) -> float | None:
    """When the line may ask about one more number; 0 if it may within the minute, None if that cannot be told."""
    if line is None:
        return 0.0
    here = services()
    wait = here.cards.next_check(line)
    return wait and (here.clock() + wait if wait >= WORTH_TELLING else 0.0)


def _session_of_page() -> Session:
    """The page's session, made from its opening at the first reveal."""
    if SESSION_HEADER in request.headers or OPENING_HEADER not in request.headers:
        return _session()
    opening = current_opening()
    set_language(opening.language)
    g.session = _prove(opening)
    g.new_session = services().tickets.sign_session(g.session)
    return _session()


def _session() -> Session:
    """The proved session of a card; from here on everything is said in its language, a refusal too."""
    session = current_session()
    set_language(session.language)
    if not session.entity_id:
        raise Refused(Refusal.NOT_ALLOWED, 403, "the app's own page is no card")
    return session


def _prove(opening: Opening) -> Session:
    portal, user_id = services().entry.prove(opening)
    session = Session(
        portal_id=portal.id,
        user_id=user_id,
        entity_type_id=opening.entity_type_id,
        entity_id=opening.entity_id,
        language=portal.language or opening.language,
        edit_mode=opening.edit_mode,
        number=opening.number,
        line_id=opening.line_id,
        zone=zone_of(request.headers.get(ZONE_HEADER)),
    )
    return replace(session, number="", line_id=0) if session.number and _of_others(session) else session


def _of_others(session: Session) -> bool:
    """Whether the typed number may not be opened any more. A gateway that cannot tell says so too: it is typed again
    when it can, and the rest of the page goes on."""
    here = services()
    if here.cards.viewer(session).admin:
        return False
    line = next((line for line in here.cards.lines(session) if line.id == session.line_id), None)
    if line is None:
        return True
    try:
        here.chat_service.typed.read(line, session.number, session.user_id)
    except (NotTheirs, GatewayError):
        return True
    return False


def _visibility(session: Session) -> Visibility:
    portal = services().portals.get(session.portal_id)
    return portal.visibility if portal else Visibility.BUTTON


def _html(
    view: CardView,
    *,
    ask: bool,
    again: bool = False,
    pressed: bool = False,
    cost: int | None = None,
    checked_by: Line | None = None,
    refreshed: bool = False,
    next_check: float | None = 0.0,
) -> str:
    return render_template(
        "card/_card.html",
        view=view,
        ask=ask,
        again=again,
        pressed=pressed,
        cost=cost,
        checked_by=checked_by,
        zone=view.zone,
        hours=view.hours,
        version=_version(view),
        states=None,
        refreshed=refreshed,
        next_check=next_check,
        now=services().now(),
    )


def _version(view: CardView) -> str:
    """Changes when the people or phones of the card do, or the settings; presence is drawn by other means."""
    shown = [
        (row.item.key, row.item.owners, row.item.typed, row.chat is None, row.own_line, row.kept_line)
        for row in view.rows
    ]
    return _digest((shown, view.total, view.hidden)) + _settings_version()


def _settings_version() -> str:
    """The part of it that tells the portal's settings as the card shows them. No call to the portal."""
    session, here = current_session(), services()
    portal = here.portals.get(session.portal_id)
    settings = (portal.country, portal.language, portal.visibility.value) if portal else ()
    lines = [(line.id, line.name, line.number, line.access) for line in here.lines.of(session.portal_id)]
    return _digest((settings, here.cards.borders(session.portal_id), lines))


def _digest(shown: object) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _opening(placement: Placement) -> Opening:
    return Opening(
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
