"""What the name of a string field says about its value, and where in a text such values stand.

General English only: a place stands after ``in``, an employer after ``at``. Must not know: schemas, any one's fields.
"""

from __future__ import annotations

import re

from .gleaning import Source, field_stems
from .words import content_stems, words


def _stems(text: str) -> frozenset[str]:
    return frozenset(content_stems(text))


_PLACE = _stems(
    "location city place country town region area room venue state address destination harbour harbor airport"
)
_FREE_TEXT = _stems("query question input text prompt search message content request task keywords")
_TOPIC = _stems("topic subject theme keyword title")
_TIME, _DATE = _stems("time hour clock"), _stems("date day")
_EXPRESSION = _stems("expression formula")
_ORIGIN, _TARGET = _stems("origin source departure vendor seller sender"), _stems("target recipient")
_WORKPLACE = _stems("company employer organization organisation firm workplace")
_QUALITY = _stems("colour color state status condition mood sentiment weather shape")
_OCCUPATION = _stems("job occupation profession role position")
# Fields whose name says what they look like.
_TYPED = {
    "email": _stems("email mail"),
    "uri": _stems("url uri link website homepage"),
    "phone": _stems("phone telephone mobile"),
}
_SUM = re.compile(r"[-+(]*\d[\d.\s+\-*/^()%]*\d\)*|\d+")
_DIGITS_WANTED = re.compile(
    r"\d|\b(?:number|digits?|zip|postal|version|release|latitude|longitude|identifier|id)\b", re.I
)


def string_candidates(source: Source, name: str, description: str, *, sure: bool, phrases: bool) -> list[str]:
    """Values for a field, best first.

    Args:
        source: The text.
        name: The field's name.
        description: Its description, which may show that digits are wanted.
        sure: Only what the text says of this very field.
        phrases: Whether any run of words will do when nothing better is there.
    """
    stems, named = frozenset(field_stems(name)), words(name)
    digits = _DIGITS_WANTED.search(f"{' '.join(named)} {description}")
    found = [value for kind, names in _TYPED.items() if stems & names for value in source.of_format(kind)]
    found += [value for value in source.said_of(stems) if not digits or re.search(r"\d", value)]
    if digits:
        found += source.codes_beside(stems)
    if "from" in named or stems & _ORIGIN:
        found += source.after("from")
    elif "to" in named or stems & _TARGET:
        found += source.of_format("email") + source.after("to", "into")
    if sure:
        return found
    found += source.codes() if digits else []
    found += _by_kind(source, stems)
    found += [*source.named(), *source.names()]
    if phrases:
        found += source.after("for", "of", "about", "to")
        found += [] if stems & _PLACE else source.phrases()
    return found


def _by_kind(source: Source, stems: frozenset[str]) -> list[str]:
    """What the kind of field suggests; quotations fit any."""
    found: list[str] = []
    if stems & _EXPRESSION:
        found += [match.group().strip() for match in _SUM.finditer(source.text)]
    if stems & _DATE:
        found += [f"{y:04}-{m:02}-{d:02}" for y, m, d in source.dates()] + source.days()
    if stems & _TIME:
        found += source.moments()
    found += source.quotations()
    if stems & _WORKPLACE:
        found += source.after("at", "for", "by", "with")
    if stems & _QUALITY:
        found += source.qualities()
    if stems & _OCCUPATION:
        found += source.occupations()
    if stems & _PLACE:
        found += source.after("in", "at", "near", "for") + source.names()
    if stems & _TOPIC:
        found += source.after("about", "on", "regarding")
    if stems & _FREE_TEXT:
        found.append(source.subject())
    return found
