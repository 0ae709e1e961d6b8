"""The sections of the page, each drawn by the same code on the first load and after a change."""

from collections.abc import Mapping
from functools import cache

import phonenumbers
from babel import Locale
from flask import Response, make_response, render_template
from markupsafe import Markup

from widget.admin.asking import Asker
from widget.admin.checks import ADVISED_PER_DAY, BURST, EVERY, PER_DAY, Typed
from widget.admin.health import Finding
from widget.bitrix24.plan import Plan
from widget.gateways.base import LineState, Trouble
from widget.gateways.lines import KINDS
from widget.services import services
from widget.storage.lines import Line
from widget.storage.portals import Visibility

NEARBY = ("RU", "KZ", "BY", "UZ", "KG", "AM", "AZ", "GE", "TJ", "MD")  # of most portals, so first in the list

State = LineState | Trouble  # a line's state, or why its gateway did not tell


def drawn(*parts: str, status: int = 200) -> Response:
    """An answer of several fragments; each replaces the element of its id."""
    return make_response("\n".join(parts), status)


def visibility(asker: Asker, *, said: str = "") -> str:
    return render_template("admin/_visibility.html", portal=asker.portal, visibilities=list(Visibility), said=said)


def hours(asker: Asker, *, form: Typed | None = None, said: str = "") -> str:
    names = ("red_until", "amber_until", "green_until", "amber_late_until")
    stored = dict(zip(names, map(str, asker.portal.light_hours), strict=False))
    usual = dict(zip(names, services().config.light_hours, strict=True))
    form = form or Typed(values=stored)
    return render_template("admin/_hours.html", names=names, form=form, usual=usual, said=said)


def region(asker: Asker, *, form: Typed | None = None, said: str = "") -> str:
    form = form or Typed(values={"country": asker.portal.country, "language": asker.portal.language})
    return render_template("admin/_region.html", form=form, countries=countries(asker.session.language), said=said)


def lines(asker: Asker, *, said: str = "") -> str:
    """All lines and the form for another one. Without their states: those are asked for by the page."""
    found = services().lines.all_of(asker.portal.id)
    items = [Markup(line_item(line)) for line in found]  # noqa: S704 - drawn by our own template
    form = Markup(add_line(opened=not found))  # noqa: S704 - as above
    return render_template("admin/_lines.html", items=items, form=form, said=said)


def add_line(*, form: Typed | None = None, opened: bool = True) -> str:
    """The form for a new line, as it was typed."""
    return render_template("admin/_line_add.html", form=form or Typed(), kinds=KINDS, opened=opened)


def line_item(
    line: Line,
    *,
    part: str = "",
    form: Typed | None = None,
    said: str = "",
) -> str:
    """One line with all that can be changed about it. `part` is the one of its parts that stands open."""
    config = services().config
    own = line.limits
    limits = {
        "burst": "" if own.burst is None else str(own.burst),
        "every": "" if own.every is None else f"{own.every:g}",
        "per_day": "" if own.per_day is None else str(own.per_day),
    }
    form = form or Typed()
    return render_template(
        "admin/_line.html",
        line=line,
        part=part,
        values={"name": line.name, "number": line.number, **limits, **form.values},
        faults=form.faults,
        usual={"burst": config.check_burst, "every": f"{config.check_every:g}", "per_day": config.checks_per_day},
        ranges={"burst": BURST, "every": EVERY, "per_day": PER_DAY},
        advised=ADVISED_PER_DAY,
        said=said,
    )


def line_state(line: Line, state: State) -> str:
    return render_template("admin/_line_state.html", line=line, state=state)


def tested(state: State) -> str:
    """The result of testing a line that is not stored yet."""
    return render_template("admin/_tested.html", state=state)


def health(findings: list[Finding] | None = None, *, said: str = "") -> str:
    """Without findings a place for them: they take the portal a few calls, so the page asks for them itself."""
    return render_template("admin/_health.html", findings=findings, said=said)


def subscription(plan: Plan | None) -> str:
    return render_template("admin/_subscription.html", plan=plan)


def log(asker: Asker) -> str:
    return render_template(
        "admin/_changes.html",
        changes=services().changes.latest(asker.portal.id),
        countries=dict(countries(asker.session.language)),
        zone=asker.viewer.zone,
    )


def mine(asker: Asker, *, said: str = "") -> str:
    """What a user has and chose: the lines open to them, the usual one, the name on messages."""
    here = services()
    return render_template(
        "admin/_mine.html",
        lines=here.cards.lines(asker.session),
        items=Markup(my_lines(asker)),  # noqa: S704 - drawn by our own template
        defaults=here.settings.of(asker.portal.id, asker.viewer.user_id),
        name=asker.viewer.name,
        said=said,
    )


def my_lines(asker: Asker, *, states: Mapping[int, State] | None = None) -> str:
    """The lines open to this user; without states the page asks for them."""
    cards = services().cards
    lines, barred = cards.lines(asker.session), cards.barred(asker.session)
    return render_template("admin/_my_lines.html", lines=lines, barred=barred, states=states)


def number(asker: Asker) -> str:
    return render_template("admin/_number.html", lines=services().cards.lines(asker.session))


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """Every country with a numbering plan, by name, the nearby ones first."""
    names = Locale(language).territories
    found = {code: str(names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS}
    rest = sorted((code for code in found if code not in NEARBY), key=lambda code: found[code])
    return [(code, found[code]) for code in (*NEARBY, *rest)]
