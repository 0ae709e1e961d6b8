"""What holds for the whole portal: how much a card shows, the hours of the traffic light, country
and language."""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.budget import budget_sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.forms import Invalid, Typed, hours_of, region_of, typed
from widget.admin.pages import pages
from widget.chats.context import ask_back
from widget.errors import ErrorCode, Refused
from widget.forms import flag_field, json_body, text_field
from widget.services import services
from widget.storage.changes import ChangeKind
from widget.storage.portals import Visibility


@pages.post("/visibility")
def save_visibility() -> ResponseReturnValue:
    """How much of a card is drawn before a rep asks. «Everything» asks back first, with a
    forecast: it spends checks."""
    body = json_body()
    wanted = text_field(body, "visibility", longest=20)
    confirmed = flag_field(body, "confirmed")
    if wanted not in {visibility.value for visibility in Visibility}:
        raise Refused(ErrorCode.BAD_FORM, reason="visibility")
    user = administrator()
    old, new = user.portal.visibility, Visibility(wanted)
    if new is Visibility.ALWAYS and old is not new and not confirmed:
        return question("always", forecast=budget_sections.what_always_asks(user))
    services().storage.portals.set_visibility(user.portal.id, new)
    user.note(ChangeKind.VISIBILITY, old=old.value, new=new.value)
    user = user.again()
    return sections.drawn(sections.visibility(user, said="saved"), sections.log(user))


@pages.post("/hours")
def save_hours() -> ResponseReturnValue:
    """The hours in which it is early, late or fine to write; all empty is the service's."""
    values = typed(json_body(), "red_until", "amber_until", "green_until", "amber_late_until")
    user = administrator()
    try:
        hours = hours_of(values)
    except Invalid as invalid:
        return sections.drawn(sections.hours(user, form=Typed(values, invalid.faults)), status=422)
    old = user.portal.light_hours
    _set_defaults(user, light_hours=hours)
    user.note(ChangeKind.HOURS, old=",".join(map(str, old)), new=",".join(map(str, hours)))
    user = user.again()
    return sections.drawn(sections.hours(user, said="saved"), sections.log(user))


@pages.post("/region")
def save_region() -> ResponseReturnValue:
    """The country by which numbers without + are read, and the language of all cards."""
    values = typed(json_body(), "country", "language")
    user = administrator()
    try:
        country, language = region_of(values)
    except Invalid as invalid:
        return sections.drawn(sections.region(user, form=Typed(values, invalid.faults)), status=422)
    old = user.portal
    _set_defaults(user, country=country, language=language)
    user.note(ChangeKind.COUNTRY, old=old.country, new=country)
    user.note(ChangeKind.LANGUAGE, old=old.language or "own", new=language or "own")
    user = user.again()
    return sections.drawn(sections.region(user, said="saved"), sections.log(user))


def question(which: str, **about: str) -> Response:
    """Ask back: the page shows the text and comes again with `confirmed`."""
    return ask_back(render_template("admin/_question.html", which=which, about=about))


def _set_defaults(
    user: CurrentUser,
    *,
    country: str | None = None,
    language: str | None = None,
    light_hours: tuple[int, ...] | None = None,
) -> None:
    """Change some of the portal's defaults and keep the others."""
    now = user.portal
    services().storage.portals.set_defaults(
        now.id,
        country=now.country if country is None else country,
        language=now.language if language is None else language,
        light_hours=now.light_hours if light_hours is None else light_hours,
    )
