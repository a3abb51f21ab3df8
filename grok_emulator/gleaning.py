"""Takes values out of plain text: numbers, dates, quotations, names, lists, and what a text says about a field.

A ``Source`` remembers what was taken, so that two fields do not get the same value unless nothing else is left.
Must not know: schemas, tools.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .lexicon import DAYS, FUNCTION_WORDS, MONTHS, NUMBER_WORDS, REQUESTS
from .words import content_stems, sentences, stem, words

_NUMBER = re.compile(
    r"(?<![\w.,-])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.])-?\d+(?:\.\d+)?(?!\w*[a-zA-Z_]\w*\d)"
)
_QUOTED = re.compile(
    r'"([^"\n]{1,400})"|“([^”\n]{1,400})”|`([^`\n]{1,400})`'
    r"|(?<!\w)['‘]([^'’\n]{1,400})['’](?!\w)|«([^»\n]+)»"
)
_CAPITAL = r"[^\W\d_a-z][\w'’&-]*"
_NAME = re.compile(
    rf"(?<![\w@#]){_CAPITAL}(?:(?: (?:of|de|la|du|von|van|del|the))?(?: |-){_CAPITAL})*(?:, [A-Z]{{2,3}}\b)?"
)
_VALUE_END = re.compile(
    r"[.,;:!?](?=\s|$)|[\n()]|\s(?:and|but|or|who|which|that|while|because|from|with|in|at|on|by|for|to)\s"
)
_IS = re.compile(r"(?:(?!\s(?:who|which|that|and)\s)\s[^.,;:!?\n]{0,40}?)?\s(?:is|are|was|were)\s+(?:the |an? )?")
_JOINT = re.compile(
    rf"(?:,? and|, or| or|,)\s+(?:(?:in|for|at|of|to|near|about)\s+)?(?:the )?({_CAPITAL}(?: {_CAPITAL})*)"
)
_OCCUPATION = re.compile(r"(?:\b(?:is|was|as) an? |, )([a-z][a-z -]+?)(?= (?:at|for|in|of|who|and|from)\b|[.,;\n]|$)")
_QUALITY = re.compile(r"\b(?:is|are|was|were|looks|seems|turned) ([a-z]+)(?=[.,;!?\n]|$| and\b| but\b)")
_CLAUSE_END = re.compile(r"[.;!?](?=\s|$)|\n|,? (?:and|but) ")
_LIST_SEPARATOR = re.compile(r",\s*(?:and|or)?\s*|\s+(?:and|or|&)\s+|;\s*|\n+[-*•\d.)\s]*")
_MONTH = "|".join(name.capitalize() + "|" + name[:3].capitalize() for name in MONTHS)
_DATES = (
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<n>{_MONTH})\b,? (?P<y>\d{{4}})"),
    re.compile(rf"\b(?P<n>{_MONTH})\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>\d{{4}})"),
)
_CODE = re.compile(r"(?<![\w.])[\w-]*\d[\w.-]*(?<![.])")
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\b")
_FORMATS = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "uri": re.compile(r"https?://[^\s)>\]\"']+[^\s)>\]\"'.,;]"),
    "phone": re.compile(r"(?<!\w)\+?\d[\d ()/-]{5,}\d"),
    "uuid": re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"),
    "ipv4": re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"),
    "ipv6": re.compile(r"\b(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}\b"),
}
_NEAR = 60  # characters between a field's word and a number that still belong together
# What a text says instead of a field's own name.
_ALSO = {
    "age": ("year", "old"), "price": ("cost", "usd", "eur", "dollar", "euro"), "location": ("live", "city"),
    "city": ("live", "town"), "quantity": ("amount", "unit", "piece"), "duration": ("last", "minute", "hour"),
    "job": ("work",), "employer": ("work",), "email": ("mail",), "weight": ("weigh", "kg", "kilogram"),
    "temperature": ("degre", "celsiu", "fahrenheit"),
}  # fmt: skip


@dataclass
class Source:
    """A text that values are taken from.

    Attributes:
        text: The text.
        ignore: Stems that name the action rather than a value, so never a value by themselves.
    """

    text: str
    ignore: frozenset[str] = frozenset()
    _taken: Counter[str] = field(default_factory=Counter)

    def take(self, candidates: Iterable[str]) -> str | None:
        """The first candidate that was not taken yet, which then is; one that occurs twice can be taken twice."""
        met: Counter[str] = Counter()
        for candidate in candidates:
            met[candidate] += 1
            if self._taken[candidate] < met[candidate]:
                self._taken[candidate] += 1
                return candidate
        return None

    def share(self, other: Source) -> None:
        """Makes what is taken from the other text count as taken from this one."""
        self._taken = other._taken

    def quotations(self) -> list[str]:
        """What stands in quotation marks."""
        return [next(group for group in match.groups() if group).strip() for match in _QUOTED.finditer(self.text)]

    def names(self) -> list[str]:
        """Capitalised names; single words whose capital may only start a sentence come last."""
        found = list(self._names())
        initial = {start for start, _ in _with_starts(self.text)}
        return [name for _, name in sorted(found, key=lambda f: f[0] in initial and " " not in f[1])]

    def numbers(self, near: Iterable[str] = ()) -> list[str]:
        """Numbers as written (thousands separators removed), those next to a field's words first."""
        digits = [(m.start(), m.group().replace(",", "")) for m in _NUMBER.finditer(self.text)]
        in_dates = [m.span() for pattern in (*_DATES, _CLOCK) for m in pattern.finditer(self.text)]
        found = [n for n in digits if not any(start <= n[0] < end for start, end in in_dates)]
        found = found or [
            (m.start(), str(NUMBER_WORDS[m.group().lower()]))
            for m in re.finditer(r"[A-Za-z]+", self.text)
            if m.group().lower() in NUMBER_WORDS
        ]
        found = found or digits
        anchors = self._positions(near)
        if not anchors:
            return [number for _, number in found]
        return [n for _, n in sorted(found, key=lambda f: (min(self._gap(f[0], a) for a in anchors), f[0]))]

    def mentions_near_number(self, stems: Iterable[str]) -> bool:
        """Whether a number stands close to one of these words."""
        anchors = self._positions(stems)
        return any(self._gap(m.start(), anchor) <= _NEAR for m in _NUMBER.finditer(self.text) for anchor in anchors)

    def mentions(self, stems: Iterable[str]) -> bool:
        """Whether one of these words occurs."""
        return bool(self._positions(stems))

    def dates(self) -> list[tuple[int, int, int]]:
        """Dates as (year, month, day)."""
        found = []
        for pattern in _DATES:
            for match in pattern.finditer(self.text):
                parts = match.groupdict()
                month = int(parts["m"]) if parts.get("m") else _month(parts["n"])
                if 1 <= month <= 12 and 1 <= int(parts["d"]) <= 31:
                    found.append((match.start(), (int(parts["y"]), month, int(parts["d"]))))
        return [date for _, date in sorted(found)]

    def clocks(self) -> list[str]:
        """Times of day as HH:MM:SS."""
        return [f"{int(h):02}:{m}:{s or '00'}" for h, m, s in _CLOCK.findall(self.text)]

    def of_format(self, name: str) -> list[str]:
        """Strings of a JSON schema format (email, uri, uuid, ipv4, ipv6)."""
        return _FORMATS[name].findall(self.text) if name in _FORMATS else []

    def said_of(self, stems: Iterable[str]) -> list[str]:
        """What the text says of a field: after ``field: ``, ``field … is ``, ``… is the field``, or ``fielded by``."""
        stems = set(stems)
        found: list[tuple[int, str]] = []
        for match in re.finditer(r"[^\W_]+", self.text):
            if stem(match.group().lower()) not in stems:
                continue
            before, after = self.text[: match.start()], self.text[match.end() :]
            link = (
                re.match(r"\s+(?=[^\W\d_a-z])", after)
                if match.group().lower() in ("named", "called", "titled")
                else re.match(r"\s*[:=]\s*(?!\n)", after)
                or re.match(r"(?:\s+(?:named|called|titled))\s+", after)
                or _IS.match(after)
                or re.match(r"\s+(?=[\"'“‘`])", after)
                or re.match(r"\s+(?:by|as|of|at|in|on)\s+(?:the |an? )?", after)
            )
            if link and (value := _value(after[link.end() :])):
                found.append((0 if ":" in link.group() or "=" in link.group() else 1, value))
            naming = re.search(rf"({_NAME.pattern})(?:,)? (?:is|was|are|were|as)(?: \w+){{0,4}} $", before)
            if naming:
                found.append((1, naming.group(1)))
        return [value for _, value in sorted(found, key=lambda f: f[0]) if not _is_asking(value)]

    def after(self, *prepositions: str) -> list[str]:
        """Names or phrases that follow one of these prepositions."""
        found = []
        for match in re.finditer(rf"(?i)\b(?:{'|'.join(prepositions)})\s+(?:the |an? )?", self.text):
            rest = self.text[match.end() :]
            name = _NAME.match(rest)
            if name and not self._is_action(name.group()):
                found.append(self._with_region(name, rest))
            elif (value := _value(rest)) and content_stems(value) and not self._is_action(value):
                found.append(value)
        return found

    def named(self) -> list[str]:
        """What follows ``named`` or ``called``."""
        found = []
        for match in re.finditer(r"(?i)\b(?:named|called)\s+", self.text):
            rest = self.text[match.end() :]
            name = _NAME.match(rest)
            if value := name.group().rstrip("'’") if name else _value(rest):
                found.append(value)
        return found

    def codes(self) -> list[str]:
        """Words with digits in them: numbers, identifiers, versions."""
        return _CODE.findall(self.text)

    def codes_beside(self, stems: Iterable[str]) -> list[str]:
        """Those that directly follow a field's word."""
        found = (re.match(rf"\w+\W{{1,3}}({_CODE.pattern})", self.text[start:]) for start in self._positions(stems))
        return [match.group(1) for match in found if match]

    def moments(self) -> list[str]:
        """Times of day as written."""
        return [match.group() for match in _CLOCK.finditer(self.text)]

    def days(self) -> list[str]:
        """Words that name a day."""
        return [word for word in re.findall(r"[A-Za-z]+", self.text) if word.lower() in DAYS]

    def occupations(self) -> list[str]:
        """What somebody is: ``is an engineer``, ``works as a cook``, ``, engineer at``."""
        return _OCCUPATION.findall(self.text)

    def qualities(self) -> list[str]:
        """What something is said to be, in a word that ends its clause: ``is red``, ``are closed``."""
        return [word for word in _QUALITY.findall(self.text) if word not in FUNCTION_WORDS]

    def phrases(self) -> list[str]:
        """The runs of words that are neither function words nor the action's own, longest first."""
        runs: list[list[str]] = [[]]
        for word in re.findall(r"[^\s]+", self.text):
            bare = word.strip(".,;:!?\"'“”()`")
            if not bare or bare.lower() in FUNCTION_WORDS or self._is_action(bare):
                runs.append([])
                continue
            runs[-1].append(bare)
            if bare != word.lstrip("\"'“(`"):
                runs.append([])
        ordered = sorted((run for run in runs if run), key=len, reverse=True)
        return [" ".join(run) for run in ordered]

    def subject(self) -> str:
        """What is left of the text when the words that ask for something are taken away at its beginning."""
        pieces = re.findall(r"\S+", self.text.strip().rstrip("?.!"))
        idle = FUNCTION_WORDS | REQUESTS
        while pieces and pieces[0].strip(",:").lower() in idle:
            pieces.pop(0)
        return " ".join(pieces).strip(" ,;:")

    def listed(self, stems: Iterable[str]) -> list[str]:
        """The members of a list: after the field's word or a colon, else several quotations or several names."""
        quotations = self.quotations()
        if len(quotations) > 1:
            return quotations
        starts = self._positions(stems)
        for start in starts:
            rest = self.text[start:]
            link = re.match(r"\w+\s*(?::|=|\b(?:are|is|include|includes|such as|like|of|from|to|with)\b)?\s*", rest)
            entries = _entries(rest[link.end() :]) if link else []
            if len(entries) > 1:
                return entries
        for match in re.finditer(r":\s+", self.text):
            entries = _entries(self.text[match.end() :])
            if len(entries) > 1:
                return entries
        names = [name for name in self.names() if not self._taken[name]]
        if len(names) > 1:
            return names
        best = max((_entries(clause) for clause in re.split(r"[.!?\n]\s*", self.text)), key=len, default=[])
        return best if len(best) > 2 else names or quotations

    def coordinated(self, value: str) -> list[str]:
        """``value`` and the names that stand beside it: ``Oslo, Bergen and in Tromsø``."""
        start = self.text.find(value)
        found = [value]
        if start < 0:
            return found
        rest = self.text[start + len(value) :]
        while match := _JOINT.match(rest):
            found.append(match.group(1))
            rest = rest[match.end() :]
        return found

    def scenes(self) -> Iterator[Source]:
        """One source per sentence, for lists of records."""
        for sentence in sentences(self.text):
            yield Source(sentence, self.ignore)

    def records(self) -> Iterator[Source]:
        """One source per clause, for records that share a sentence."""
        for clause in _CLAUSE_END.split(self.text):
            if clause.strip():
                yield Source(clause, self.ignore)

    def _names(self) -> Iterator[tuple[int, str]]:
        for sentence_start, sentence in _with_starts(self.text):
            for match in _NAME.finditer(sentence):
                name, start = match.group(), match.start()
                if not sentence[:start].strip("\"'“‘(-*• "):
                    first, _, others = name.partition(" ")
                    if first.lower() in FUNCTION_WORDS | REQUESTS or self._is_action(first):
                        start, name = start + len(first) + 1, others
                while name and name.split()[0].lower() in FUNCTION_WORDS:
                    head, _, name = name.partition(" ")
                    start += len(head) + 1
                name = name.rstrip("'’-&")
                if name and not self._is_action(name):
                    yield sentence_start + start, name

    def _with_region(self, name: re.Match[str], rest: str) -> str:
        """``Paris, France`` is one place unless the list goes on."""
        tail = re.match(rf", ({_CAPITAL})(?!\w*,|\w* and )", rest[name.end() :])
        return f"{name.group()}, {tail.group(1)}" if tail else name.group()

    def _is_action(self, text: str) -> bool:
        stems = content_stems(text)
        return bool(stems) and all(s in self.ignore for s in stems)

    def _positions(self, stems: Iterable[str]) -> list[int]:
        wanted = set(stems)
        wanted |= {other for s in stems for key, others in _ALSO.items() if s == stem(key) for other in others}
        return [m.start() for m in re.finditer(r"[^\W_]+", self.text) if stem(m.group().lower()) in wanted]

    def _gap(self, number: int, anchor: int) -> int:
        between = self.text[min(number, anchor) : max(number, anchor)]
        return len(between) + (4 * _NEAR if re.search(r"[.!?]\s|\n", between) else 0)


def field_stems(name: str, description: str = "") -> list[str]:
    """The stems by which a text may mention a field."""
    own = [stem(word) for word in words(name) if word not in FUNCTION_WORDS]
    return own or content_stems(description)


def _value(text: str) -> str:
    quoted = _QUOTED.match(text)
    if quoted:
        return next(group for group in quoted.groups() if group)
    name = _NAME.match(text)
    end = _VALUE_END.search(text)
    cut = text[: end.start()] if end else text
    return (name.group() if name and len(name.group()) >= len(cut) else cut).strip(" \"'’“”‘`")


def _entries(text: str) -> list[str]:
    line = re.split(r"[.!?](?:\s|$)|\n\n", text.strip(), maxsplit=1)[0]
    entries = [entry.strip(" \"'`.*-•") for entry in _LIST_SEPARATOR.split(line)]
    return [entry for entry in entries if entry]


def _with_starts(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    for sentence in sentences(text):
        position = max(text.find(sentence, position), position)
        yield position, sentence
        position += len(sentence)


def _is_asking(text: str) -> bool:
    first = text.split(" ", 1)[0].lower()
    return first in ("what", "which", "who", "where", "when", "why", "how") or first in REQUESTS


def _month(name: str) -> int:
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))
