"""What a user puts into a message: LlamaIndex content blocks -> neutral text, images and files.

Addresses are passed on as they are (xAI fetches them); bytes and paths become base64 here, the only place that reads a
file. Must not know: roles, the carrier, wire formats. Read `to_parts`, then the one function per block.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    CachePoint,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    VideoBlock,
)

from grok_adapter.types import ContentPart, FilePart, ImagePart, TextPart

__all__ = ["configuration_error", "to_parts"]

Note = Callable[[str], None]
"""Takes a sentence about something that was left out."""

_FILE_ID = re.compile(r"file[_-][A-Za-z0-9_-]+")
"""Ids of files kept at xAI: `file_<uuid>` (recorded August 2026)."""

_NOT_TAKEN: dict[type[Any], str] = {
    AudioBlock: "AudioBlock: Grok's chat endpoints take no audio; transcribe it first.",
    VideoBlock: "VideoBlock: Grok's chat endpoints take no video; give frames as ImageBlocks.",
}


def to_parts(blocks: Sequence[Any], note: Note) -> tuple[ContentPart, ...]:
    """The neutral parts of a user's, system's or tool's blocks.

    Args:
        blocks: Content blocks.
        note: Told about blocks that mean nothing here (cache points).

    Raises:
        GrokConfigurationError: A block that xAI cannot take; the text names it and the mend.
    """
    if len(blocks) == 1 and isinstance(block := blocks[0], TextBlock):  # nearly all, in a history of any length
        return (TextPart(block.text),)
    return tuple(part for block in blocks for part in _parts_of(block, note))


def _parts_of(block: Any, note: Note) -> Iterator[ContentPart]:
    match block:
        case TextBlock():
            yield TextPart(block.text)
        case ImageBlock():
            yield _image(block)
        case DocumentBlock():
            yield _document(block)
        case CitableBlock():
            yield TextPart(f"{block.title} ({block.source}):\n" if block.source else f"{block.title}:\n")
            yield from to_parts(block.content, note)
        case CitationBlock():
            yield from to_parts([block.cited_content], note)
        case ThinkingBlock():
            return
        case CachePoint():
            note("CachePoint was left out: xAI caches prompts by itself, the better with conversation_id=.")
        case _:
            mend = _NOT_TAKEN.get(type(block)) or (
                f"{type(block).__name__}: it has no place in such a message; "
                "give TextBlock, ImageBlock, DocumentBlock or CitableBlock."
            )
            raise configuration_error(f"a message holds a block that cannot be sent.\n{mend}")


def _image(block: ImageBlock) -> ImagePart:
    if block.url is not None and not block.image and block.path is None:
        return ImagePart(url=str(block.url), detail=block.detail)
    data = _base64_of(block.resolve_image(as_base64=False), "ImageBlock")
    mime = block.image_mimetype or _image_type(data) or "image/jpeg"
    return ImagePart(url=f"data:{mime};base64,{data}", detail=block.detail)


def _image_type(data: str) -> str | None:
    """PNG and JPEG, the kinds that xAI reads (its image documentation, October 2026), by their first bytes."""
    starts = {"iVBORw0K": "image/png", "/9j/": "image/jpeg"}
    return next((mime for start, mime in starts.items() if data.startswith(start)), None)


def _document(block: DocumentBlock) -> FilePart:
    title = block.title if block.title and block.title != "input_document" else None
    for place in (block.url, block.path):
        if place is not None and not block.data and _FILE_ID.fullmatch(str(place)):
            return FilePart(file_id=str(place), filename=title)
    if block.url is not None and not block.data and block.path is None and not str(block.url).startswith("data:"):
        return FilePart(url=str(block.url), filename=title)
    data = _base64_of(block.resolve_document(), "DocumentBlock")
    name = title or (str(block.path).replace("\\", "/").rpartition("/")[2] if block.path is not None else None)
    mime = block.document_mimetype
    return FilePart(data=data, filename=name or _file_name(mime), mime_type=mime)


def _file_name(mime: str | None) -> str:
    """Inline bytes need a file name (xAI's notes on `input_file`); its ending tells what they are."""
    return "document." + {"application/pdf": "pdf", "text/html": "html"}.get(mime or "", "txt")


def _base64_of(buffer: Any, kind: str) -> str:
    content = buffer.read()
    if not content:
        raise configuration_error(f"a message holds an empty {kind}: give its bytes, path or url.")
    return base64.b64encode(content).decode("ascii")


def configuration_error(text: str) -> Exception:
    """A `GrokConfigurationError`, imported on use: the errors load the SDK (0.7 s)."""
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415

    return GrokConfigurationError(text)
