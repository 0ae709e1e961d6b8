"""What was typed into a CRM's phone field, as phones: understood as far as it can be, and never
altered silently."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .readings import Around, Known, LineKind, Problem, Reading, Verdict, read
from .typed import MAX_TYPED, DigitRun, is_mask, pieces_in, plain, text_of, trailing_bracket, unrounded

__all__ = ["Known", "LineKind", "Phone", "Problem", "parse", "parse_many", "shown"]

_SIMPLE = re.compile(r"[\s(\[]*\+?[\d\s().\[\]-]*\d[\s().\[\]-]*")
_GROUPS = re.compile(r"\+?\(?\d+")
_SHORTEST = 7  # digits of a phone; fewer are a remark or a piece of one
_WHOLE = 10  # digits that make a landline plausible amid words
_SHORTEST_OF_SEVERAL, _MAX_OF_SEVERAL = 9, 15  # digits of numbers with only spaces between them
_REST = 3  # digits behind a whole number that are a second one begun, rather than slips
_HINT = 4  # digits behind a slash that stand for the end of a second number


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` is None when it could not be understood; then `problem` says why and `display` is what
    was typed.

    `suggestions` are numbers that it may have been, the likeliest first. Beside an `e164` they are
    a second number that the field hints at ("123-45-67/68").
    """

    typed: str
    e164: str | None
    extension: str
    display: str
    region_code: str
    kind: LineKind
    problem: Problem | None
    suggestions: tuple[str, ...] = ()

    @property
    def suggestion(self) -> str | None:
        return self.suggestions[0] if self.suggestions else None


@dataclass(frozen=True, slots=True)
class _Found:
    """One row of the field: the digits as they were typed, and what they are."""

    typed: str
    verdict: Verdict
    extension: str = ""


def parse(typed: object, country: str | None, known: Known | None = None) -> Phone:
    """What was typed, as one phone; a field with several numbers is the problem SEVERAL. As
    `parse_many` otherwise."""
    phones = parse_many(typed, country, known)
    if len(phones) == 1:
        return phones[0]
    return _unread(text_of(typed) or "", Problem.SEVERAL, [phone.e164 for phone in phones if phone.e164])


def parse_many(
    typed: object, country: str | None, known: Known | None = None, beside: frozenset[str] = frozenset()
) -> tuple[Phone, ...]:
    """The phones in one field, at least one. Never raises; costs no I/O.

    A number with "+" or "00" is international. Without it, it belongs to `country` (the portal's,
    "RU") or begins with its country code; where both give a number that exists see `readings.read`.
    Without a country it is not guessed.

    A number that libphonenumber calls possible but not valid lies in no assigned range: it gets no
    e164 (gateways are never asked about it), unless `known` says otherwise. Hand in
    `Numbering.knows`: new Russian ranges are in the registry before they are in libphonenumber.

    `beside` are the countries of the other numbers on the card: digits without "+" that are a
    mobile there, too, are not chosen but offered.

    Names, remarks, links, emoji and extensions are taken off. Digits that cannot be accounted for
    make the row a problem, with the numbers that were found as suggestions. A number typed twice
    comes once.

    `typed` is kept as it was, except that only the first 250 characters of longer input are kept,
    and halves of broken surrogate pairs are replaced (they could not be written out again). A plain
    number costs about 50 µs.
    """
    text = text_of(typed)
    if text is None:
        return (_unread("", Problem.NOT_A_NUMBER),)
    if len(text) > MAX_TYPED:
        return (_unread(text[:MAX_TYPED] + "…", Problem.TOO_LONG),)
    if not text.strip() or is_mask(text):
        return (_unread(text, Problem.EMPTY),)
    around = Around(country.upper() if isinstance(country, str) else "", known, beside)
    bare = plain(text)
    if _SIMPLE.fullmatch(bare):
        verdict = read(bare, around)
        if verdict.sure:
            return (_phone(_Found(text, verdict)),)
    digits = unrounded(bare)
    if digits is not None:
        verdict = read(digits, around) if digits else Verdict(None, Problem.LOST_DIGITS)
        return (_phone(_Found(text, verdict)),)
    found = _rows(list(_found_in(bare, around)))
    if not found:
        return (_unread(text, Problem.NOT_A_NUMBER if _has_letters(bare) else Problem.TOO_SHORT),)
    if len(found) == 1:
        return (_phone(_Found(text, found[0].verdict, found[0].extension)),)
    return tuple({(row.e164, row.typed if row.problem else row.extension): row for row in map(_phone, found)}.values())


@lru_cache(2048)
def shown(number: str) -> str:
    """A stored number as people write it: +7 963 847-73-12. What is not a number stays as it is."""
    return parse(number, None).display


def _found_in(text: str, around: Around) -> Iterator[_Found]:
    for pieces in pieces_in(text):
        wholes = [piece for piece in pieces if piece.size >= _SHORTEST]
        found = [row for piece in wholes for row in _of_piece(piece, around)]
        if len(wholes) < len(pieces) and found and not pieces[0].amid:
            behind = pieces[0] is wholes[0]  # "8+961 951 00 00" is not the number behind its plus
            typed = " ".join(piece.digits for piece in pieces)
            yield _doubtful(typed, Problem.SEVERAL if behind else Problem.NOT_A_NUMBER, found if behind else [])
        else:
            yield from found


def _of_piece(piece: DigitRun, around: Around) -> list[_Found]:
    """One number, several with only spaces or dashes between them, or a problem."""
    digits, verdict = piece.digits, read(piece.digits, around)
    if "/" in digits and (found := _around_slash(piece, around)):
        return found
    if verdict.sure:
        if piece.amid and not _is_firm(piece, verdict.sure):
            return [_Found(digits, Verdict(None, Problem.NOT_A_NUMBER))]
        return [_Found(digits, verdict, piece.extension)]
    bare, extension = trailing_bracket(digits)
    if extension and (inner := read(bare, around)).sure:
        return [_Found(digits, inner, extension)]
    groups = [found.span() for found in _GROUPS.finditer(digits)]
    parts, rest = _parted(digits, groups, around)
    if parts and not rest:
        return [*parts[:-1], _Found(parts[-1].typed, parts[-1].verdict, piece.extension)]
    if parts and rest >= _REST:
        return [_doubtful(digits, Problem.SEVERAL, parts)]
    return [_Found(digits, verdict, piece.extension)]


def _around_slash(piece: DigitRun, around: Around) -> list[_Found]:
    """«89123456789/89133456789» is two numbers, «123-45-67/68» one that hints at a second;
    "030/1234567" is neither."""
    parts = [part.strip() for part in piece.digits.split("/") if part.strip()]
    verdicts = [read(part, around) for part in parts]
    first = verdicts[0].sure
    if first is None or len(parts) == 1:
        return []
    if all(DigitRun(part).size >= _SHORTEST for part in parts):
        return [_Found(part, verdict) for part, verdict in zip(parts, verdicts, strict=True)]
    if not all(part.isdigit() and len(part) <= _HINT for part in parts[1:]):
        return []
    others = [read(first.e164[: -len(part)] + part, around).sure for part in parts[1:]]
    offers = tuple(other for other in others if other)
    return [_Found(piece.digits, Verdict(first, None, offers), piece.extension)]


def _parted(digits: str, groups: list[tuple[int, int]], around: Around) -> tuple[list[_Found], int]:
    """Whole numbers from the left, and how many digits are left over behind the last."""
    start, parts = 0, list[_Found]()
    while start < len(groups):
        size = 0
        for end in range(start, len(groups)):
            size += sum(map(str.isdigit, digits[slice(*groups[end])]))
            if size > _MAX_OF_SEVERAL:
                return parts, size
            if size >= _SHORTEST_OF_SEVERAL:
                typed = digits[groups[start][0] : groups[end][1]]
                verdict = read(typed, around)
                if verdict.sure and _is_firm(DigitRun(typed), verdict.sure):
                    parts.append(_Found(typed, verdict))
                    start = end + 1
                    break
        else:
            return parts, size
    return parts, 0


def _is_firm(piece: DigitRun, reading: Reading) -> bool:
    """Short landlines are too easily made of other digits."""
    return piece.size >= _WHOLE or reading.kind in (LineKind.MOBILE, LineKind.MOBILE_OR_LANDLINE)


def _rows(found: list[_Found]) -> list[_Found]:
    """Beside a number, other digits amid words are a remark unless they are as many as a phone
    has."""
    if not any(row.verdict.sure for row in found):
        return found
    return [row for row in found if row.verdict.sure or sum(map(str.isdigit, row.typed)) >= _SHORTEST_OF_SEVERAL]


def _doubtful(typed: str, problem: Problem, found: Iterable[_Found]) -> _Found:
    return _Found(typed, Verdict(None, problem, tuple(row.verdict.sure for row in found if row.verdict.sure)))


def _phone(found: _Found) -> Phone:
    verdict, reading = found.verdict, found.verdict.sure
    if reading is None:
        return _unread(found.typed, verdict.problem or Problem.NOT_A_NUMBER, [offer.e164 for offer in verdict.offers])
    return Phone(
        typed=found.typed,
        e164=reading.e164,
        extension=found.extension,
        display=reading.display,
        region_code=reading.country,
        kind=reading.kind,
        problem=None,
        suggestions=tuple(offer.e164 for offer in verdict.offers),
    )


def _has_letters(text: str) -> bool:
    return not _SIMPLE.fullmatch(text)


def _unread(text: str, problem: Problem, suggestions: Iterable[str] = ()) -> Phone:
    return Phone(
        typed=text,
        e164=None,
        extension="",
        display=text,
        region_code="",
        kind=LineKind.UNKNOWN,
        problem=problem,
        suggestions=tuple(suggestions),
    )
