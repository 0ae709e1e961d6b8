"""What the variables of a quick reply are worth in one chat (pure)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from babel.numbers import UnknownCurrencyError, format_currency

from widget.bitrix24.crm import PersonKind
from widget.context import CardContext, CardPhone
from widget.replies.names import CardNames
from widget.storage.lines import Line
from widget.variables import Variable

# From which hour of the client's day; before the first and from the last on it is night, and a
# greeting names no time.
_GREETINGS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "ru": ((0, "Здравствуйте"), (5, "Доброе утро"), (12, "Добрый день"), (18, "Добрый вечер"), (23, "Здравствуйте")),
    "en": ((0, "Hello"), (5, "Good morning"), (12, "Good afternoon"), (18, "Good evening"), (23, "Hello")),
}


def values_of(
    context: CardContext, line: Line, item: CardPhone, language: str, names: CardNames
) -> dict[Variable, str]:
    """ "" is a value that the card does not have, or has twice: a wrong name is worse than none."""
    people = [owner for owner in item.owners if owner.kind is not PersonKind.COMPANY]
    firms = [owner.name for owner in item.owners if owner.kind is PersonKind.COMPANY]
    facts = context.card.item
    return {
        Variable.FIRST_NAME: _only(owner.first_name for owner in people),
        Variable.CLIENT: _only(owner.full_name for owner in people),
        Variable.COMPANY: facts.company or _only(firms),
        Variable.TITLE: facts.title,
        Variable.AMOUNT: _money(facts.amount, facts.currency, language),
        Variable.STAGE: names.stage,
        Variable.RESPONSIBLE: names.responsible,
        Variable.MY_NAME: context.viewer.name,
        Variable.LINE: line.name,
        Variable.TODAY: _today(context, item, language),
        Variable.GREETING: _greeting(context, item, language),
    }


def _only(found: Iterable[str]) -> str:
    names = list(dict.fromkeys(found))
    return names[0] if len(names) == 1 else ""


def _money(amount: float, currency: str, language: str) -> str:
    """With its currency, and without cents where there are none."""
    if not amount or not currency:
        return ""
    pattern = "#,##0 ¤" if amount == int(amount) else "#,##0.00 ¤"
    try:
        return str(format_currency(amount, currency, pattern, locale=language, currency_digits=False))
    except (UnknownCurrencyError, ValueError):
        return ""


def _today(context: CardContext, item: CardPhone, language: str) -> str:
    """The client's date, as far as their zone is known; else the employee's."""
    local = context.local(item)
    now = datetime.fromtimestamp(context.now, UTC)
    if local and local.earliest.date() != local.latest.date():
        return ""
    at = local.earliest if local else now.astimezone(ZoneInfo(context.zone)) if context.zone else now
    return str(format_skeleton("MMMMd", at, locale=language))


def _greeting(context: CardContext, item: CardPhone, language: str) -> str:
    local = context.local(item)
    words = _GREETINGS.get(language, _GREETINGS["en"])
    if local is None:
        return words[0][1]
    both = {_at(words, clock.hour) for clock in (local.earliest, local.latest)}
    return both.pop() if len(both) == 1 else words[0][1]


def _at(words: tuple[tuple[int, str], ...], hour: int) -> str:
    return [greeting for begins, greeting in words if begins <= hour][-1]
