"""What people type around a number: odd signs, labels, comments and extensions. Takes them off, invents nothing."""

import re
import unicodedata

LONGEST = 250  # characters; libphonenumber reads no more either, and no phone needs them

# Words that stand before or after a number in real CRM fields. Any other letter makes it no number: vanity numbers
# ("0800 FLOWERS") are not translated, and half a document id must not become somebody's phone.
_LABEL = (
    r"(?:телефон|тел|моб(?:ильный)?|сот(?:овый)?|раб(?:очий)?|дом(?:ашний)?|ватсап|вотсап|вацап|т|м"
    r"|telephone|tel|phone|ph|mob(?:ile)?|cell|whats ?app|viber|telegram|wa|tg|t|m)"
)
_BEFORE = re.compile(rf"^\s*(?:{_LABEL}(?![^\W\d_])[\s.:№-]*)+(?=[+\d(\[])", re.IGNORECASE)
_AFTER = re.compile(rf"(?:[\s(-]+{_LABEL}[.)]*)+\s*$", re.IGNORECASE)
_REMARK = re.compile(r"\s*\([^\d()+]*\)\s*$")  # «+7 912 … (Иван)»

_EXTENSION = re.compile(
    r"""(?<=[\d)])
    [\s;,(-]{0,9}
    (?: ext(?:ension|n)?\s?=? | x | х | доб(?:авочный)? | вн(?:утр(?:енний)?)? | \# | ~ | ,, )
    [\s.:,№\#]{0,9} (?P<extension>\d{1,9}) [\s)\#]* $""",
    re.IGNORECASE | re.VERBOSE,
)


def text_of(typed: object) -> str | None:
    """The text that was typed, None if it is no text at all. A JSON number is taken for what it shows."""
    if isinstance(typed, str):
        return typed[: LONGEST + 1].encode("utf-8", "replace").decode("utf-8") if not typed.isascii() else typed
    if typed is None:
        return ""
    if isinstance(typed, int) and not isinstance(typed, bool) and abs(typed) < 10**30:
        return str(typed)
    return None


def plain(text: str) -> str:
    """Full-width and other digits, dashes and spaces as their ASCII twins; invisible marks (U+202A from iOS) gone."""
    return "".join(_plain_sign(sign) for sign in text)


def cut_comments(text: str) -> str:
    return _BEFORE.sub("", _AFTER.sub("", _REMARK.sub("", text)))


def cut_extension(text: str) -> tuple[str, str]:
    """«8 (495) 123-45-67 доб. 139», "…#404812", "…;ext=12", "… ext 5", "…x12", "…,,12" -> the number, the extension."""
    found = _EXTENSION.search(text)
    return (text[: found.start()], found["extension"]) if found else (text, "")


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return " " if sign in "\t\n\r\v\f" else sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if "！" <= sign <= "～":  # full-width forms of ASCII, "！" is "!" + 0xFEE0
        return chr(ord(sign) - 0xFEE0)
    kind = unicodedata.category(sign)
    if kind == "Cf":
        return ""
    return "-" if kind == "Pd" or sign == "−" else " " if kind == "Zs" else sign
