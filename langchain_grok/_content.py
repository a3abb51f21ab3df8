"""Content blocks of LangChain, in all their forms, to neutral parts: text, images, files.

LangChain has three generations of blocks (its own v0 with `source_type`, its standard v1, and OpenAI's), and people
mix them with Anthropic's. Each gets through; a block of a type that is not known is refused by name rather than
dropped. Knows no wire format and no message class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grok_adapter.types import ContentPart, FilePart, ImagePart, TextPart

__all__ = ["text_in", "to_parts"]

TEXT_TYPES = frozenset({"text", "input_text", "output_text", "text-plain"})


def to_parts(content: str | Sequence[str | Mapping[str, Any]], where: str) -> tuple[ContentPart, ...]:
    """The parts of a message's content.

    Args:
        content: `message.content`.
        where: Which message it is, for the error.

    Raises:
        GrokConfigurationError: A block is of a type that Grok does not take, or does not say where its data is.

    Example:
        >>> to_parts([{"type": "image", "url": "https://x.ai/a.png"}], "messages[0]")
        (ImagePart(url='https://x.ai/a.png', file_id=None, detail=None),)
    """
    if isinstance(content, str):
        return (TextPart(content),)
    return tuple(_to_part(block, where) for block in content)


def text_in(content: str | Sequence[str | Mapping[str, Any]]) -> str:
    """All text of an assistant message's content; blocks of other types count as none."""
    if isinstance(content, str):
        return content
    texts = [block if isinstance(block, str) else _block_text(block) for block in content]
    return "".join(texts)


def _block_text(block: Mapping[str, Any]) -> str:
    text = block.get("text")
    return text if block.get("type", "text") in TEXT_TYPES and isinstance(text, str) else ""


def _to_part(block: str | Mapping[str, Any], where: str) -> ContentPart:
    if isinstance(block, str):
        return TextPart(block)
    kind = block.get("type") or next((key for key in ("text", "image_url") if key in block), None)
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    part = reader(block) if reader is not None else None
    if part is None:
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

        if reader is None:
            known = ", ".join(sorted(_READERS))
            raise GrokConfigurationError(
                f"{where}: a content block of type {kind!r} cannot be sent to Grok: use one of {known}."
            )
        keys = ", ".join(sorted(block))
        raise GrokConfigurationError(
            f"{where}: the {kind!r} block has no data (keys: {keys}): give url, base64 or file_id."
        )
    return part


def _text(block: Mapping[str, Any]) -> ContentPart | None:
    text = block.get("text")
    if isinstance(text, str):
        return TextPart(text)
    return _file(block)  # "text-plain" may also be given by URL or base64


def _source(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block with its place in the v1 keys `url`, `base64`, `file_id`, whichever generation it is of."""
    if isinstance(source := block.get("source"), Mapping):  # Anthropic's
        return {**block, "url": source.get("url"), "base64": source.get("data"), "mime_type": source.get("media_type"),
                "file_id": source.get("file_id")}  # fmt: skip
    if "source_type" in block:  # LangChain v0
        ident = block.get("id") if block["source_type"] == "id" else block.get("file_id")
        return {**block, "base64": block.get("data"), "file_id": ident}
    return block


def _image(block: Mapping[str, Any]) -> ContentPart | None:
    block = _source(block)
    place = block.get("url") or block.get("image_url")
    detail = block.get("detail") or (block.get("extras") or {}).get("detail")
    if isinstance(place, Mapping):  # OpenAI's chat form
        detail, place = place.get("detail") or detail, place.get("url")
    if not place and block.get("base64"):
        place = f"data:{block.get('mime_type') or 'image/jpeg'};base64,{block['base64']}"
    if place or block.get("file_id"):
        return ImagePart(place, block.get("file_id"), detail)
    return None


def _file(block: Mapping[str, Any]) -> ContentPart | None:
    if isinstance(inner := block.get("file"), Mapping):  # OpenAI's chat form
        block = {**inner}
    block = _source(block)
    extras = block.get("extras") or {}
    meta = block.get("metadata") if isinstance(block.get("metadata"), Mapping) else {}
    name = block.get("filename") or extras.get("filename") or (meta or {}).get("filename") or block.get("name")
    url = block.get("url") or block.get("file_url")
    mime, data = block.get("mime_type"), block.get("base64") or block.get("file_data")
    if isinstance(data, str) and data.startswith("data:"):
        head, _, data = data.partition(",")
        mime = mime or head[5:].partition(";")[0]
    if block.get("file_id") or url or data:
        return FilePart(block.get("file_id"), url, data, name, mime)
    return None


_READERS: dict[str, Callable[[Mapping[str, Any]], ContentPart | None]] = {
    **dict.fromkeys(TEXT_TYPES, _text),
    "image": _image,
    "image_url": _image,
    "input_image": _image,
    "file": _file,
    "input_file": _file,
    "document": _file,
}
