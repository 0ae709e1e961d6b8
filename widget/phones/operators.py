"""What people call an operator, from the legal or historical name that a numbering plan holds."""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Operator:
    ru: str
    en: str

    def name(self, language: str) -> str:
        return self.ru if language == "ru" else self.en


BEELINE = Operator("Билайн", "Beeline")
MTS = Operator("МТС", "MTS")
MEGAFON = Operator("МегаФон", "MegaFon")
T2 = Operator("Т2", "T2")  # Tele2 until September 2024
ROSTELECOM = Operator("Ростелеком", "Rostelecom")

# What a legal name holds -> the name on the shop, as on the operators' own sites.
_BRANDS = (
    (r"билайн|beeline|вымпел", BEELINE),
    (r"\bмтс\b|\bmts\b|мобильные телесистемы", MTS),
    (r"скартел|\bйота|\byota", Operator("Yota", "Yota")),
    (r"мегафон|megafon", MEGAFON),
    (r"\bт2\b|\bt2\b|теле ?2|tele ?2", T2),
    (r"ростел|rostel", ROSTELECOM),
    (r"сбербанк-телеком", Operator("СберМобайл", "SberMobile")),
    (r"втб мобайл", Operator("ВТБ Мобайл", "VTB Mobile")),
    (r"екатеринбург-2000|мотив", Operator("Мотив", "Motiv")),
    (r"республиканский оператор связи|гуп днр", Operator("Феникс", "Phoenix")),
    (r"глонасс", Operator("ГЛОНАСС", "GLONASS")),
    (r"транстелеком|ттк-", Operator("ТТК", "TTK")),
    (r"минцифры", Operator("Минцифры России", "Ministry of Digital Development")),
)

_FORMS = re.compile(
    r"\b(?:ООО|ОАО|ЗАО|ПАО|НАО|АО|ФГУП|ГУП|МУП|ИК"
    r"|общество с ограниченной ответственностью|(?:публичное |закрытое |открытое )?акционерное общество"
    r"|(?:федеральное )?государственное унитарное предприятие)\b",
    re.IGNORECASE,
)
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch . y . e yu ya".replace(".", "_").split(),
        strict=True,
    )
)


@lru_cache(maxsize=4096)
def operator_named(legal: str) -> Operator | None:
    """ПАО "ВЫМПЕЛКОМ" is Билайн; an unknown company keeps its name without the legal form, in Latin
    for English."""
    known = _first(_BRANDS, legal)
    if known:
        return known
    quoted = re.findall(r'[«"]([^«»"]+)[»"]?', legal)
    bare = quoted[-1] if quoted else _FORMS.sub(" ", legal)
    name = " ".join(_calm(word) for word in _FORMS.sub(" ", bare).split())
    return Operator(name, _in_latin(name)) if name else None


def _first(table: tuple[tuple[str, Operator], ...], name: str) -> Operator | None:
    lowered = name.lower()
    return next((operator for pattern, operator in table if re.search(pattern, lowered)), None)


def _calm(word: str) -> str:
    """«ГЛОБАЛ» shouts, «МТТ» is an abbreviation: longer words keep one capital. «К-телеком» is
    «К-Телеком»."""
    parts = word.split("-")
    shouted = [part.capitalize() if part.isupper() and len(part) > 4 else part for part in parts]
    return "-".join([shouted[0], *(part.capitalize() if part.islower() else part for part in shouted[1:])])


def _in_latin(name: str) -> str:
    return "".join(_letter(char) for char in name)


def _letter(char: str) -> str:
    latin = _LATIN.get(char.lower(), char).replace("_", "")
    return latin.capitalize() if char.isupper() and len(latin) == 1 else latin.upper() if char.isupper() else latin
