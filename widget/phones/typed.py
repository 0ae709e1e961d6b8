"""What people type around a number: signs, labels, remarks, links, extensions. Takes them off,
invents nothing.

libphonenumber's PhoneNumberMatcher finds numbers in running text, but it reads no further than a
number that exists: "89161234567 8926" would be the first number, and two numbers with only spaces
between them would be none. Here every digit of a stretch has to be accounted for, so the text is
cut by the rules below and each piece is read by itself.
"""

import re
import unicodedata
from dataclasses import dataclass

MAX_TYPED = 250  # characters; libphonenumber reads no more either, and no phone needs them
BREAK = "\u241f"  # where something stood that is not a phone
_EXT = "\u2402"  # before the digits of an extension
_MAX_EXTENSION = 6  # digits of an extension that stands alone behind a comma: more may be a number

# Words that stand directly before or behind the digits. Any other Latin letter there makes them
# part of a code.
_LABELS = {"tel", "telefon", "phone", "ph", "mob", "mobil", "mobile", "cell", "fon", "cel", "movil", "celular", "fax"}
_LABELS |= {"wa", "tg", "t", "m", "whatsapp", "viber"}
_GLUED_BEFORE = re.compile(r"[A-Za-z_%$€£₽]+\.?$")
_GLUED_BEHIND = re.compile(r"[A-Za-z_%$€£₽²³¹]+")

_EXTENSION_WORDS = (
    r"ext(?:ension|n)?|extensi[oó]n|x|х"  # Latin and Cyrillic
    r"|доб(?:ав(?:очный)?)?|вн(?:утр(?:енний)?)?|дод(?:атковий)?|внутр[iі]шн[iі]й"
    r"|durchwahl|dw|nebenstelle|nst|app(?:arat)?|int(?:erno?)?|anexo|ramal|poste|est|wew"
)
_EXTENSION = re.compile(
    rf"(?<=[\d)])[\s;,(-]{{0,9}}(?:(?:{_EXTENSION_WORDS})(?![^\W\d_])|\#|~|,,)[\s.:,=№\#]{{0,9}}(\d{{1,9}})[\s)\#]*(?!\d)",
    re.IGNORECASE,
)
_TRAILING_BRACKET = re.compile(r"(?<=\d)\s*\((\d{1,6})\)\s*$")

_SPREADSHEET = re.compile(r"^\s*=?\s*[\"'`]+\s*|\s*[\"'`]+\s*$|(?<=\d{7})[.,]0+(?=\s*$)")
_ROUNDED = re.compile(r"\s*\+?(\d)(?:[.,](\d+))?E\+?(\d{1,2})\s*", re.IGNORECASE)
_LIST_MARK = re.compile(r"(?:^|(?<=\s))\s*\d{1,2}[.)]\s+(?=[+(\d])")
_MASK = re.compile(r"\+?\d{0,3}[\s()\-]*_[\s()\-_]*")
_HALF_MASK = re.compile(r"[\s\d+()\-]+_[\s()\-_]*")

_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|t\.me/\+|viber\.me/|tel:)(?:\+|%2B)?(?P<path>[\d().\s-]{7,25})[^\s,;]*"
    r"|[a-z]{2,12}:/?/?[^\s]*?[?&](?:phone|number)=(?:\+|%2B)?(?P<query>\d{7,15})[^\s]*"
    r"|(?P<id>\d{7,15})(?::\d{1,3})?@(?:c\.us|s\.whatsapp\.net)",
    re.IGNORECASE,
)
_NOT_PHONES = re.compile(
    r"\S+@\S+"  # mail, ids of groups and of people who hide their number
    r"|[a-z][a-z0-9+.-]{1,11}://\S+|www\.\S+"
    r"|(?<!\d)\d{1,2}:\d\d(?!\d)"  # a time
    r"|(?<![\d./-])\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d(?![\d./-])|(?<![\d-])(?:19|20)\d\d-\d\d-\d\d(?![\d-])"  # a date
    r"|\b(?:инн|огрн(?:ип)?|кпп|снилс|бик|р/с|сч[её]т|паспорт|полис|договор|заказ|заявка|накладная|id|inn|vat|order"
    r"|invoice|contract|passport|cpf|cnpj|dni|nie|nif|curp|rfc|iban|siret|siren|steuernr|ust-?id)\b[\s.:№#-]*\d[\d\s-]*",
    re.IGNORECASE,
)
_STRETCH = re.compile(rf"[\d+(\[{_EXT}][\d\s+()\[\].,;/|\-{_EXT}]*")
_SEPARATORS = re.compile(r"([,;|\n]+)|(?<=[\d)])\s*(?=\(?\+)")


@dataclass(frozen=True, slots=True)
class DigitRun:
    """Digits that belong together, as they were typed. `amid` says that words stand beside them."""

    digits: str
    extension: str = ""
    amid: bool = False

    @property
    def size(self) -> int:
        return sum(map(str.isdigit, self.digits))


def text_of(typed: object) -> str | None:
    """The text that was typed, None if it is not a text at all. A JSON number is taken for what it
    shows."""
    if isinstance(typed, str):
        return typed[: MAX_TYPED + 1].encode("utf-8", "replace").decode("utf-8") if not typed.isascii() else typed
    if typed is None:
        return ""
    if isinstance(typed, int) and not isinstance(typed, bool) and abs(typed) < 10**30:
        return str(typed)
    return None


def plain(text: str) -> str:
    """Digits, dashes and spaces of other scripts as their ASCII twins; invisible marks (U+202A from
    iOS) gone; what a spreadsheet or a numbered list puts around a number gone, too."""
    if not text.isascii():
        text = "".join(_plain_sign(sign) for sign in text)
    text = _SPREADSHEET.sub("", text)
    if _HALF_MASK.fullmatch(text):
        return text.replace("_", "")
    return _LIST_MARK.sub(";", text).removeprefix(";") if _LIST_MARK.match(text) else text


def is_mask(text: str) -> bool:
    """The empty form of an input field, "+7 (___) ___-__-__"."""
    return _MASK.fullmatch(text) is not None


def unrounded(text: str) -> str | None:
    """The digits of a number that a spreadsheet wrote as 7.9161234567E+10; "" where some are lost;
    None for others."""
    found = _ROUNDED.fullmatch(text)
    if not found:
        return None
    first, rest, power = found[1], found[2] or "", int(found[3])
    return first + rest if len(rest) == power else ""


def pieces_in(text: str) -> list[list[DigitRun]]:
    """The digits of a plain text that may be phones: a list for each stretch without words, pieces
    as they follow.

    A piece of few digits is a remark, or what is left of a second number: that is for the caller to
    say.
    """
    text = _NOT_PHONES.sub(BREAK, _LINK.sub(_as_international, text))
    text = _EXTENSION.sub(rf"{_EXT}\1 ", text)
    amid = bool(re.search(r"[^\W\d_]", text)) or BREAK in text
    found = []
    for stretch in _STRETCH.finditer(text):
        if not _is_glued(text, stretch.start(), stretch.end()):
            last = not text[stretch.end() :].strip()
            found.append(list(_pieces_of(stretch[0].strip(), amid=amid, last=last)))
    return found


def _as_international(found: re.Match[str]) -> str:
    return f"{BREAK}+{found['path'] or found['query'] or found['id']}{BREAK}"


def _is_glued(text: str, start: int, end: int) -> bool:
    """Latin letters directly at the digits: "AB1234567890", "1-800-FLOWERS" are not phones,
    "tel.8916…" is one."""
    before = _GLUED_BEFORE.search(text, max(0, start - 16), start) if text[start].isdigit() else None
    if before and before[0].rstrip(".").lower() not in _LABELS:
        return True
    behind = _GLUED_BEHIND.match(text, end) if text[end - 1].isdigit() else None
    return bool(behind and behind[0].lower() not in _LABELS)


def _pieces_of(stretch: str, *, amid: bool, last: bool) -> list[DigitRun]:
    pieces: list[DigitRun] = []
    parts = _SEPARATORS.split(stretch)
    for at in range(0, len(parts), 2):
        digits, _, extension = (parts[at] or "").partition(_EXT)
        digits, tail = digits.strip(" ./|-"), extension.partition(" ")
        piece = DigitRun(digits.rstrip("(["), tail[0], amid)
        if not piece.size:
            continue
        separator = parts[at - 1] if at else None
        final = last or at + 1 < len(parts)
        if pieces and separator and final and _is_bare_extension(piece) and not pieces[-1].extension:
            pieces[-1] = DigitRun(pieces[-1].digits, piece.digits, amid)
        else:
            pieces.append(piece)
        if tail[2].strip():  # a second number behind the first one's extension
            pieces += _pieces_of(tail[2].strip(), amid=amid, last=last)
    return pieces


def _is_bare_extension(piece: DigitRun) -> bool:
    return piece.digits.isdigit() and piece.size <= _MAX_EXTENSION and not piece.extension


def trailing_bracket(digits: str) -> tuple[str, str]:
    """«8 (495) 123-45-67 (12)» -> the number, the extension."""
    found = _TRAILING_BRACKET.search(digits)
    return (digits[: found.start()], found[1]) if found else (digits, "")


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return " " if sign in "\t\r\v\f" else sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if "！" <= sign <= "～":  # full-width forms of ASCII, "！" is "!" + 0xFEE0
        return chr(ord(sign) - 0xFEE0)
    if sign in "·•∙⋅‧・、，；／":
        return {"、": ",", "，": ",", "；": ";", "／": "/"}.get(sign, " ")
    kind = unicodedata.category(sign)
    if kind == "Cf":
        return ""
    return "-" if kind == "Pd" or sign == "−" else " " if kind == "Zs" else sign
