"""Fills a JSON schema from text: the arguments of a function, or a structured answer.

Two manners: strict (a required value that the text does not give makes the whole object missing, so the function is
not called) and inventing (what the text does not give is made up, within the schema, as xAI does when it must).
Must not know: wire shapes, which API asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from .fields import string_candidates
from .gleaning import Source, field_stems
from .patterns import sample
from .words import content_stems, words

Schema = dict[str, Any]


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value: the text does not give one."""

_SUBJECT_WORDS = 10
_DEEPEST = 8  # nesting at which circular references are given up
_INVENTED = {
    "date": "2026-01-01", "time": "12:00:00Z", "date-time": "2026-01-01T12:00:00Z", "email": "name@mail.test",
    "uuid": "00000000-0000-4000-8000-000000000000", "ipv4": "192.0.2.1", "ipv6": "2001:db8:0:0:0:0:0:1",
    "uri": "https://site.test/", "duration": "PT1H", "hostname": "site.test",
}  # fmt: skip
_ANSWER = frozenset(content_stems("answer summary response reply result explanation output conclusion"))
_SWITCH = re.compile(r"(?:^|_)(?:on|enabled?|active|power|state)$", re.I)
_SWITCHED = re.compile(
    r"\b(?:(?P<on>(?:turn|switch)\w*(?: \w+)*? on|enable\w*|activate\w*)|(?:off|disable\w*|deactivate\w*))\b", re.I
)
_NEGATION = re.compile(r"\b(?:no|not|without|never|n't)\b(?:\W+\w+){0,3}\W*$|n't(?:\W+\w+){0,3}\W*$", re.I)


@dataclass(frozen=True)
class _Field:
    """Where a value goes: its name and description, and how sure one must be."""

    name: str
    description: str = ""
    sure: bool = False

    @property
    def stems(self) -> list[str]:
        return field_stems(self.name, self.description)


class Filler:
    """Fills schemas from sources, the most relevant one first.

    Args:
        sources: Texts to take values from.
        invent: Whether values that are not there are made up.
        root: The schema that ``$ref`` refers into.
        reply: The plain answer, for fields that ask for an answer rather than for a fact.
    """

    def __init__(self, sources: Sequence[Source], *, invent: bool, root: Schema, reply: str = "") -> None:
        self.sources, self.invent, self.root, self.reply = list(sources), invent, root, reply
        for source in self.sources[1:]:
            source.share(self.sources[0])

    def fill(self, schema: Schema | None = None, name: str = "", depth: int = 0) -> Any:
        """The value for ``schema`` (default: the root), or ``MISSING``."""
        return self._fill(self.root if schema is None else schema, _Field(name), depth)

    def _fill(self, schema: Schema, at: _Field, depth: int) -> Any:
        schema = self._resolved(schema)
        at = replace(at, description=schema.get("description") or at.description)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._enum(schema, at)
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return self._union(branches, at, depth)
        kind = schema.get("type") or _implied_type(schema)
        if isinstance(kind, list):
            return self._union([{**schema, "type": one} for one in kind], at, depth)
        if depth > _DEEPEST and kind in ("object", "array"):
            return [] if kind == "array" and not schema.get("minItems") else MISSING
        if kind == "object":
            return self._object(schema, at, depth)
        if kind == "array":
            return self._array(schema, at, depth)
        found = {
            "string": self._string, "integer": self._number, "number": self._number, "boolean": self._boolean,
        }.get(kind, _null)(schema, at)  # fmt: skip
        if found is not MISSING or at.sure:
            return found
        if "default" in schema:
            return schema["default"]
        return self._invented(schema, kind, at) if self.invent else MISSING

    def _resolved(self, schema: Schema) -> Schema:
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                target: Any = self.root
                for step in schema["$ref"].lstrip("#/").split("/"):
                    target = target.get(step.replace("~1", "/").replace("~0", "~"), {}) if step else target
                schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
            elif "allOf" in schema:
                merged: Schema = {key: value for key, value in schema.items() if key != "allOf"}
                for branch in schema["allOf"]:
                    part = self._resolved(branch)
                    properties = {**merged.get("properties", {}), **part.get("properties", {})}
                    required = [*merged.get("required", ()), *part.get("required", ())]
                    merged = {**part, **merged}
                    if properties:
                        merged |= {"properties": properties, "required": required}
                schema = merged
            else:
                break
        return schema

    def _union(self, branches: Sequence[Schema], at: _Field, depth: int) -> Any:
        """The first branch that the text fills; null when there is one and the text is not clear."""
        resolved = [self._resolved(branch) for branch in branches]
        nullable = any(branch.get("type") == "null" for branch in resolved)
        real = [branch for branch in resolved if branch.get("type") != "null"]
        careful = Filler(self.sources, invent=False, root=self.root, reply=self.reply)
        for branch in real:
            value = careful._fill(branch, replace(at, sure=at.sure or nullable), depth)
            if value is not MISSING:
                return value
        if at.sure:
            return MISSING
        if nullable:
            return None
        return self._fill(real[0], at, depth) if self.invent and real else MISSING

    def _object(self, schema: Schema, at: _Field, depth: int) -> Any:
        required = schema.get("required") or []
        made: dict[str, Any] = {}
        for name, sub in (schema.get("properties") or {}).items():
            value = self._fill(sub, _Field(name, sure=name not in required), depth + 1)
            if value is not MISSING:
                made[name] = value
            elif name in required:
                return MISSING
        return MISSING if at.sure and not made else made

    def _array(self, schema: Schema, at: _Field, depth: int) -> Any:
        items = self._resolved(schema.get("items") or {"type": "string"})
        most = schema.get("maxItems") or 256
        found = self._entries(items, at, depth)[:most]
        least = schema.get("minItems") or 0
        if len(found) < max(least, 1) and self.invent and not at.sure:
            found = found or [value for value in [self._fill(items, at, depth + 1)] if value is not MISSING]
            while found and len(found) < least:
                found.append(found[-1])
        return found if found and len(found) >= least else MISSING

    def _entries(self, items: Schema, at: _Field, depth: int) -> list[Any]:
        kind = items.get("type") or _implied_type(items)
        for source in self.sources:
            if "enum" in items:
                found: list[Any] = [option for _, option in _options_in(source.text, items["enum"])]
            elif kind in ("integer", "number"):
                if at.sure and not source.mentions(at.stems):
                    continue
                found = [n for n in map(_parsed, source.numbers()) if kind == "number" or isinstance(n, int)]
            elif kind == "object":
                found = self._records(source, items, depth)
            elif kind == "array":
                found = []
            else:
                found = source.listed(at.stems) if source.mentions(at.stems) or not at.sure else []
            if found:
                return found
        return []

    def _records(self, source: Source, items: Schema, depth: int) -> list[Any]:
        """One record per sentence, or per clause when that yields more."""
        best: list[Any] = []
        for parts in (source.scenes(), source.records()):
            made = []
            for part in parts:
                record = Filler([part], invent=False, root=self.root)._object(items, _Field(""), depth + 1)
                if record is not MISSING and record:
                    made.append(record)
            if len(made) > len(best):
                best = made
        return best

    def _enum(self, schema: Schema, at: _Field) -> Any:
        options = schema["enum"]
        for source in self.sources:
            role = [word for word in words(at.name) if word in ("from", "to")]
            for phrase in source.after(*role) if role else ():
                if named := _options_in(phrase, options):
                    return named[0][1]
            named = _options_in(source.text, options)
            taken = source.take(str(option) for _, option in named)
            if named:
                return next(option for _, option in named if taken is None or str(option) == taken)
        if at.sure:
            return MISSING
        if schema.get("default") in options:
            return schema["default"]
        return options[0] if self.invent and options else MISSING

    def _boolean(self, schema: Schema, at: _Field) -> Any:
        for source in self.sources:
            if _SWITCH.search(at.name) and (switched := _SWITCHED.search(source.text)):
                return switched.group("on") is not None
            for match in re.finditer(r"[^\W_]+", source.text):
                if content_stems(match.group()) and content_stems(match.group())[0] in at.stems:
                    return not _NEGATION.search(source.text[: match.start()])
        return MISSING

    def _number(self, schema: Schema, at: _Field) -> Any:
        stems = field_stems(at.name)
        near = [source for source in self.sources if source.mentions_near_number(stems)]
        for source in near if at.sure else [*near, *self.sources]:
            fitting = [n for n in source.numbers(stems) if _in_range(_parsed(n), schema)]
            if (taken := source.take(fitting)) is not None:
                return _parsed(taken)
        return MISSING

    def _string(self, schema: Schema, at: _Field) -> Any:
        if self.reply and not at.sure and set(field_stems(at.name)) & _ANSWER and _fits(self.reply, schema):
            return self.reply
        for look in [replace(at, sure=True)] if at.sure else [replace(at, sure=True), at]:
            for source in self.sources:  # what one text says of the field beats what another merely contains
                value = source.take(self._strings(source, schema, look))
                if value is not None:
                    return value
        return MISSING

    def _strings(self, source: Source, schema: Schema, at: _Field) -> list[str]:
        """Candidates for a string, best first."""
        if kind := schema.get("format"):
            found = _of_format(source, kind)
        elif schema.get("pattern"):
            pieces = [m.group() for m in re.finditer(r"[^\s,;!?\"'()]+(?<![.])", source.text)]
            found = [*pieces, *source.quotations(), *source.names()]
        else:
            found = string_candidates(source, at.name, at.description, sure=at.sure, phrases=not self.invent)
        return [value for value in dict.fromkeys(found) if value and _fits(value, schema)]

    def _invented(self, schema: Schema, kind: str, at: _Field) -> Any:
        if kind == "boolean":
            return False
        if kind in ("integer", "number"):
            return _number_within(schema)
        if kind != "string":
            return None
        if schema.get("format") in _INVENTED:
            return _INVENTED[schema["format"]]
        if pattern := schema.get("pattern"):
            return sample(pattern) or ""
        subject = next((source.subject() for source in self.sources if source.subject()), "")
        subject = " ".join(subject.split()[:_SUBJECT_WORDS])
        label = " ".join(words(at.name)) or "value"
        text = f"{label} for {subject}" if subject else label
        text = text[: schema.get("maxLength") or 200].strip() or label
        return text.ljust(schema.get("minLength") or 0, ".")


def _null(schema: Schema, at: _Field) -> Any:
    return None


def _implied_type(schema: Schema) -> str:
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _options_in(text: str, options: Sequence[Any]) -> list[tuple[int, Any]]:
    """The options that the text names, in its order; a longer option hides a shorter one inside it."""
    stems = content_stems(text) or words(text)
    plain = words(text)
    found = []
    for option in options:
        wanted = content_stems(str(option)) or words(str(option))
        where = _position(wanted, stems)
        if where < 0:
            where = _position(words(str(option)), plain)
        if where >= 0 and wanted:
            found.append((where, -len(wanted), option))
    found.sort(key=lambda entry: entry[:2])
    return [(where, option) for where, _, option in found]


def _position(wanted: Sequence[str], text: Sequence[str]) -> int:
    span = len(wanted)
    starts = (i for i in range(len(text) - span + 1) if list(text[i : i + span]) == list(wanted))
    return next(starts, -1) if span else -1


def _of_format(source: Source, kind: str) -> list[str]:
    if kind == "date":
        return [f"{y:04}-{m:02}-{d:02}" for y, m, d in source.dates()]
    if kind == "time":
        return [f"{clock}Z" for clock in source.clocks()]
    if kind == "date-time":
        clock = next(iter(source.clocks()), "00:00:00")
        return [f"{y:04}-{m:02}-{d:02}T{clock}Z" for y, m, d in source.dates()]
    return source.of_format(kind)


def _fits(value: str, schema: Schema) -> bool:
    if not (schema.get("minLength") or 0) <= len(value) <= (schema.get("maxLength") or 2048):
        return False
    try:
        return not schema.get("pattern") or bool(re.fullmatch(schema["pattern"], value))
    except re.error:
        return True


def _parsed(number: str) -> int | float:
    value = float(number)
    return int(value) if value.is_integer() and "." not in number else value


def _in_range(value: int | float, schema: Schema) -> bool:
    if schema.get("type") == "integer" and not isinstance(value, int):
        return False
    if "multipleOf" in schema and value % schema["multipleOf"]:
        return False
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and not value <= schema.get("exclusiveMinimum", value - 1)
        and not value >= schema.get("exclusiveMaximum", value + 1)
    )


def _number_within(schema: Schema) -> int | float:
    """The number nearest to 1 that the schema allows."""
    step = schema.get("multipleOf") or 1
    for value in (1, step, 0, 10, 100, schema.get("minimum"), schema.get("maximum")):
        if value is not None and _in_range(value, schema):
            return value
    low = schema.get("exclusiveMinimum", schema.get("minimum"))
    if low is not None:
        high = schema.get("exclusiveMaximum", schema.get("maximum", low + 2 * step))
        return low + step if schema.get("type") == "integer" else (low + high) / 2  # type: ignore[no-any-return]
    return schema.get("exclusiveMaximum", 2) - step  # type: ignore[no-any-return]
