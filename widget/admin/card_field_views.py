"""Facts of conversations in fields of cards: which of a portal's own fields an administrator wants
them in."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from widget.admin import sections
from widget.admin.current_user import CurrentUser, administrator
from widget.admin.pages import pages
from widget.cardfields.choosing import MAX_NAME, KindChoice, read_choices
from widget.errors import ErrorCode, Refused
from widget.forms import json_body, maybe_text_field
from widget.services import services
from widget.storage.card_fields import CardFieldMap, TalkFact
from widget.storage.changes import ChangeKind


@pages.post("/fields/look")
def look_at_fields() -> ResponseReturnValue:
    """The fields that may be chosen. Two outside calls."""
    json_body()
    user = administrator()
    return sections.drawn(card_fields(user, _choices(user)))


@pages.post("/fields")
def save_fields() -> ResponseReturnValue:
    """Choose the fields that facts are written into, by names such as «2.last». A fact without a
    field is not written, and what its field held before is put back. Two outside calls."""
    body = json_body()
    user = administrator()
    choices = _choices(user)
    chosen = {choice.entity_type_id: _chosen(body, choice) for choice in choices}
    fields = {kind: of for kind, of in chosen.items() if of}
    stored = services().storage.card_fields
    old = stored.of(user.portal.id)
    if fields != old:
        stored.save(user.portal.id, fields)
        user.note(ChangeKind.CARD_FIELDS, old=_counted(old), new=_counted(fields))
    return sections.drawn(card_fields(user, choices, said="saved"), sections.log(user))


def card_fields(user: CurrentUser, choices: list[KindChoice] | None = None, *, said: str = "") -> str:
    """The section of card fields; without `choices` a button that asks for them. One query."""
    stored = services().storage.card_fields.of(user.portal.id)
    return render_template(
        "admin/_card_fields.html", stored=stored, choices=choices, facts=list(TalkFact), count=_count(stored), said=said
    )


def _choices(user: CurrentUser) -> list[KindChoice]:
    return read_choices(services().bitrix24.rest, user.portal, user.viewer.user_id)


def _chosen(body: dict[str, Any], choice: KindChoice) -> dict[TalkFact, str]:
    """Refused for a field that the portal does not have or that does not hold the fact, and for one
    chosen twice."""
    found: dict[TalkFact, str] = {}
    for fact in TalkFact:
        name = maybe_text_field(body, f"{choice.entity_type_id}.{fact.value}", longest=MAX_NAME)
        if not name:
            continue
        if name in found.values() or all(each.name != name for each in choice.of(fact)):
            raise Refused(ErrorCode.BAD_FORM, reason="field")
        found[fact] = name
    return found


def _count(fields: CardFieldMap) -> int:
    return sum(len(of) for of in fields.values())


def _counted(fields: CardFieldMap) -> str:
    return str(_count(fields)) if fields else "off"
