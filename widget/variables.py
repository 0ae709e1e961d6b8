"""Variables in a quick reply: `{first name}` or `{имя|Здравствуйте}`, filled from a card.

A brace in a quick reply belongs to a variable. One that has no value and no fallback stays as it
was written, and a text that holds one never leaves (chats/sending.py): the employee completes it or
takes it out.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

MAX_VALUE = 200


class Variable(Enum):
    """What can stand in a quick reply. The value is its name in English."""

    FIRST_NAME = "first name"
    CLIENT = "client"
    COMPANY = "company"
    TITLE = "title"
    AMOUNT = "amount"
    STAGE = "stage"
    RESPONSIBLE = "responsible"
    MY_NAME = "my name"
    LINE = "line"
    TODAY = "today"
    GREETING = "greeting"


RUSSIAN: Mapping[Variable, str] = {
    Variable.FIRST_NAME: "имя",
    Variable.CLIENT: "клиент",
    Variable.COMPANY: "компания",
    Variable.TITLE: "название",
    Variable.AMOUNT: "сумма",
    Variable.STAGE: "стадия",
    Variable.RESPONSIBLE: "ответственный",
    Variable.MY_NAME: "моё имя",
    Variable.LINE: "линия",
    Variable.TODAY: "сегодня",
    Variable.GREETING: "приветствие",
}
_BY_NAME = {name.replace("ё", "е"): variable for variable in Variable for name in (variable.value, RUSSIAN[variable])}
_MARK = re.compile(r"\{([^{}|]{1,60})(?:\|([^{}]*))?\}")
_NAMES = "|".join(name.replace(" ", "[ _]+").replace("е", "[её]") for name in sorted(_BY_NAME, key=len, reverse=True))
# Half of a mark counts as a whole one: a hand that took out a brace did not fill the variable. A
# browser reads it as Python does; they have no \b for Cyrillic in common.
UNFILLED_PATTERN = (
    rf"\{{\s*(?:{_NAMES})(?![a-zа-яё0-9_])(?:[^{{}}\n]{{0,200}}\}})?|(?<![a-zа-яё0-9_])(?:{_NAMES})\s*\}}"
)
_UNFILLED = re.compile(UNFILLED_PATTERN, re.IGNORECASE)


class TemplateFault(Enum):
    """What is wrong with the text of a quick reply."""

    UNKNOWN = "unknown_variable"
    BRACE = "stray_brace"


@dataclass(frozen=True)
class TemplateError:
    """`about` is the unknown name."""

    fault: TemplateFault
    about: str = ""


def name_of(variable: Variable, language: str) -> str:
    """How a text of this language calls it."""
    return RUSSIAN[variable] if language == "ru" else variable.value


def names() -> tuple[str, ...]:
    """Every name in every language."""
    return tuple(name for variable in Variable for name in (variable.value, RUSSIAN[variable]))


def error_in(template: str) -> TemplateError | None:
    """What keeps a text from being a quick reply (pure); None where it can be one."""
    unknown = next((mark[1].strip() for mark in _MARK.finditer(template) if _variable(mark[1]) is None), None)
    if unknown is not None:
        return TemplateError(TemplateFault.UNKNOWN, unknown)
    return TemplateError(TemplateFault.BRACE) if re.search(r"[{}]", _MARK.sub("", template)) else None


def variables_in(template: str) -> frozenset[Variable]:
    return frozenset(found for mark in _MARK.finditer(template) if (found := _variable(mark[1])))


def fill(template: str, values: Mapping[Variable, str]) -> str:
    """The text with its values, each on one line (pure). A variable without one takes its fallback,
    and stays as it is written where it has none."""

    def filled(mark: re.Match[str]) -> str:
        variable = _variable(mark[1])
        value = " ".join(values.get(variable, "").split())[:MAX_VALUE] if variable else ""
        return value or (mark[0] if mark[2] is None or variable is None else mark[2])

    return _MARK.sub(filled, template)


def unfilled(text: str) -> list[str]:
    """The variables that a text still holds, as they are written in it (pure)."""
    return list(dict.fromkeys(mark[0] for mark in _UNFILLED.finditer(_plain(text))))


def _variable(name: str) -> Variable | None:
    return _BY_NAME.get(" ".join(_plain(name).replace("_", " ").casefold().replace("ё", "е").split()))


def _plain(text: str) -> str:
    """Without letters that cannot be seen, and with one spelling for what looks alike: a mark is
    found all the same."""
    return "".join(
        letter
        for letter in unicodedata.normalize("NFKC", text)
        if unicodedata.category(letter) not in ("Cf", "Cc") or letter in "\n\t"
    )
