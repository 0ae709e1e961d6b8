"""The sections of the page, each drawn by the same code on the first load and after a change."""

from collections.abc import Mapping, Sequence
from functools import cache

import phonenumbers
from babel import Locale
from flask import Response, make_response, render_template
from markupsafe import Markup

from widget.admin.current_user import CurrentUser
from widget.admin.forms import Typed
from widget.admin.health_list.checklist import HealthFinding
from widget.admin.lines.line_status import LineStatusText
from widget.bitrix24.plan import Plan
from widget.bitrix24.relied import CONFIRMABLE, not_confirmed
from widget.i18n import languages, own_name, translate
from widget.services import services
from widget.storage.chats import Chat
from widget.storage.portals import Visibility

NEARBY = ("RU", "KZ", "BY", "UZ", "KG", "AM", "AZ", "GE", "TJ", "MD")  # of most portals, so first in the list


def drawn(*parts: str, status: int = 200) -> Response:
    """An answer of several fragments; each replaces the element of its id."""
    return make_response("\n".join(parts), status)


def visibility(user: CurrentUser, *, said: str = "") -> str:
    return render_template("admin/_visibility.html", portal=user.portal, visibilities=list(Visibility), said=said)


def hours(user: CurrentUser, *, form: Typed | None = None, said: str = "") -> str:
    names = ("red_until", "amber_until", "green_until", "amber_late_until")
    stored = dict(zip(names, map(str, user.portal.light_hours), strict=False))
    usual = dict(zip(names, services().infra.config.light_hours, strict=True))
    form = form or Typed(values=stored)
    return render_template("admin/_hours.html", names=names, form=form, usual=usual, said=said)


def region(user: CurrentUser, *, form: Typed | None = None, said: str = "") -> str:
    form = form or Typed(values={"country": user.portal.country, "language": user.portal.language})
    return render_template(
        "admin/_region.html", form=form, countries=countries(user.session.language), languages=own_names(), said=said
    )


def health(user: CurrentUser, findings: list[HealthFinding] | None = None, *, said: str = "") -> str:
    """Without findings a place for them: they take the portal a few calls, so the page asks for
    them itself."""
    missing = None if findings is None else not_confirmed(services().storage.rest_log.confirmed(user.portal.id))
    return render_template(
        "admin/_health.html",
        findings=findings,
        said=said,
        when=user.when,
        not_confirmed=missing,
        confirmable=len(CONFIRMABLE),
        log_kept=services().infra.config.rest_log_days > 0,
    )


def subscription(plan: Plan | None) -> str:
    return render_template("admin/_subscription.html", plan=plan)


def log(user: CurrentUser) -> str:
    return render_template(
        "admin/_changes.html",
        changes=services().storage.changes.latest(user.portal.id),
        countries=dict(countries(user.session.language)),
        languages=own_names(),
        zone=user.viewer.zone,
    )


def mine(user: CurrentUser, *, said: str = "") -> str:
    """What a user has and chose: the lines open to them, the usual one, the name on messages."""
    here = services()
    return render_template(
        "admin/_mine.html",
        lines=user.context.lines,
        items=Markup(my_lines(user)),  # noqa: S704 - drawn by our own template
        defaults=here.storage.settings.of(user.portal.id, user.viewer.user_id),
        name=user.viewer.name,
        said=said,
    )


def my_lines(user: CurrentUser, *, states: Mapping[int, LineStatusText] | None = None) -> str:
    """The lines open to this user; without states the page asks for them."""
    context = user.context
    return render_template(
        "admin/_my_lines.html",
        lines=context.lines,
        no_line_allowed=context.no_line_allowed,
        states=states,
        when=user.when,
    )


def number(user: CurrentUser) -> str:
    return render_template("admin/_number.html", lines=user.context.lines)


def client_titles(chats: Sequence[Chat]) -> dict[int, str]:
    """How each of these chats' clients is called here: by their number, else by the name that they
    gave. One query where a number is not known."""
    return services().storage.conversations.hidden.titles(chats, translate("Client without a number"))


def own_names() -> dict[str, str]:
    """What each language that a reader can have calls itself, by its code."""
    return {language: own_name(language) for language in languages()}


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """Every country with a numbering plan, by name, the nearby ones first."""
    names = Locale(language).territories
    found = {code: str(names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS}
    rest = sorted((code for code in found if code not in NEARBY), key=lambda code: found[code])
    return [(code, found[code]) for code in (*NEARBY, *rest)]
