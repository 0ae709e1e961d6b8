"""What holds for the whole portal: how much a card shows, the hours of the traffic light, country and language."""

from flask import Response, make_response, render_template
from flask.typing import ResponseReturnValue

from widget.admin import check_sections, sections
from widget.admin.asking import Asker, administrator
from widget.admin.checks import Invalid, Typed, hours_of, region_of, typed
from widget.admin.pages import pages
from widget.errors import Refusal, Refused
from widget.forms import flag_field, json_body, text_field
from widget.services import services
from widget.storage.changes import What
from widget.storage.portals import Visibility


@pages.post("/visibility")
def save_visibility() -> ResponseReturnValue:
    """How much of a card is drawn before a rep asks. «Everything» asks back first, with a
    forecast: it spends checks."""
    body = json_body()
    wanted = text_field(body, "visibility", longest=20)
    confirmed = flag_field(body, "confirmed")
    if wanted not in {visibility.value for visibility in Visibility}:
        raise Refused(Refusal.BAD_FORM, 422, "visibility")
    asker = administrator()
    old, new = asker.portal.visibility, Visibility(wanted)
    if new is Visibility.ALWAYS and old is not new and not confirmed:
        return question("always", forecast=check_sections.what_always_asks(asker))
    services().storage.portals.set_visibility(asker.portal.id, new)
    asker.note(What.VISIBILITY, old=old.value, new=new.value)
    asker = asker.again()
    return sections.drawn(sections.visibility(asker, said="saved"), sections.log(asker))


@pages.post("/hours")
def save_hours() -> ResponseReturnValue:
    """The hours in which it is early, late or fine to write; all empty is the service's."""
    values = typed(json_body(), "red_until", "amber_until", "green_until", "amber_late_until")
    asker = administrator()
    try:
        hours = hours_of(values)
    except Invalid as invalid:
        return sections.drawn(sections.hours(asker, form=Typed(values, invalid.faults)), status=422)
    old = asker.portal.light_hours
    _set_defaults(asker, light_hours=hours)
    asker.note(What.HOURS, old=",".join(map(str, old)), new=",".join(map(str, hours)))
    asker = asker.again()
    return sections.drawn(sections.hours(asker, said="saved"), sections.log(asker))


@pages.post("/region")
def save_region() -> ResponseReturnValue:
    """The country by which numbers without + are read, and the language of all cards."""
    values = typed(json_body(), "country", "language")
    asker = administrator()
    try:
        country, language = region_of(values)
    except Invalid as invalid:
        return sections.drawn(sections.region(asker, form=Typed(values, invalid.faults)), status=422)
    old = asker.portal
    _set_defaults(asker, country=country, language=language)
    asker.note(What.COUNTRY, old=old.country, new=country)
    asker.note(What.LANGUAGE, old=old.language or "own", new=language or "own")
    asker = asker.again()
    return sections.drawn(sections.region(asker, said="saved"), sections.log(asker))


def question(which: str, **about: str) -> Response:
    """Ask back: the page shows the text and comes again with `confirmed`."""
    response = make_response(render_template("admin/_question.html", which=which, about=about), 409)
    response.headers["X-Refusal"] = "confirm"
    return response


def _set_defaults(
    asker: Asker,
    *,
    country: str | None = None,
    language: str | None = None,
    light_hours: tuple[int, ...] | None = None,
) -> None:
    """Change some of the portal's defaults and keep the others."""
    now = asker.portal
    services().storage.portals.set_defaults(
        now.id,
        country=now.country if country is None else country,
        language=now.language if language is None else language,
        light_hours=now.light_hours if light_hours is None else light_hours,
    )
