"""The caller's tools -> neutral ones, tool choices, and the calls that an answer asks for.

Must not know: wire APIs, messages beyond their tool call blocks, HTTP. Read `to_tools`, `to_tool_choice`,
`to_response_format`, then `tool_calls_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool, ToolMetadata
from pydantic import BaseModel

from grok_adapter.tools import SERVER_TOOL_TYPES, is_server_tool, server_tool
from grok_adapter.types import (
    FunctionTool,
    JsonSchemaFormat,
    NamedTool,
    ResponseFormat,
    ServerTool,
    ToolChoice,
)
from llama_index_grok._blocks import configuration_error

__all__ = [
    "format_spec",
    "to_response_format",
    "to_tool_choice",
    "to_tools",
    "tool_calls_of",
    "tool_spec",
    "with_own_names",
]


def to_tools(tools: Sequence[Any] | None) -> tuple[list[FunctionTool], list[ServerTool]]:
    """Sorts tools into the caller's functions and those that xAI runs.

    Args:
        tools: `BaseTool`s, function dicts (nested as for Chat Completions, or flat), server-side tools.

    Raises:
        GrokConfigurationError: Something in the list is none of these.

    Example:
        >>> to_tools([{"type": "function", "name": "now", "parameters": {"type": "object"}}])[0][0].name
        'now'
    """
    functions: list[FunctionTool] = []
    hosted: list[ServerTool] = []
    for tool in tools or ():
        if is_server_tool(tool):
            hosted.append(server_tool(tool))
        elif isinstance(tool, FunctionTool):
            functions.append(tool)
        else:
            functions.append(_function(tool_spec(tool) if isinstance(tool, BaseTool) else tool))
    return functions, hosted


def tool_spec(tool: BaseTool) -> dict[str, Any]:
    """A tool as the plain dict that travels through LlamaIndex's keywords and events."""
    metadata = tool.metadata
    if type(metadata) is ToolMetadata and metadata.fn_schema is not None:
        parameters = _parameters_of(metadata.fn_schema)
    else:  # a metadata class of someone's own may work its parameters out otherwise
        parameters = metadata.get_parameters_dict()
    description = _clean_description(metadata.description, metadata.name or "")
    function = {"name": _clean_name(metadata.name or ""), "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


@lru_cache(maxsize=1024)
def _parameters_of(fn_schema: type[BaseModel]) -> dict[str, Any]:
    """The parameters of a class, worked out once: pydantic takes 0.2 ms for it, and agents bind the same tools anew."""
    return ToolMetadata(description="", fn_schema=fn_schema).get_parameters_dict()


def _clean_description(description: str | None, name: str) -> str:
    """A description without the Python signature that `FunctionTool.from_defaults` puts in front.

    The schema says the same, and better. Where the signature is `(*args, **kwargs)` (pydantic programs) the docstring
    under it is the framework's own as well.
    """
    text = (description or "").strip()
    first, _, rest = text.partition("\n")
    if not re.fullmatch(re.escape(name) + r"\(.*\)(\s*->.*)?", first):
        return text
    return "" if first.startswith(f"{name}(*args: Any, **kwargs: Any)") else rest.strip()


def _function(tool: Any) -> FunctionTool:
    if not isinstance(tool, Mapping):
        from grok_adapter.error_bodies import shown  # noqa: PLC0415  only needed here

        raise configuration_error(
            f"tools holds {shown(tool)}: give LlamaIndex tools (FunctionTool.from_defaults(fn)), "
            "function dicts, or server-side tools such as WebSearch()."
        )
    function = tool.get("function", tool)
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or not name:
        mend = "give {'type': 'function', 'function': {'name': ..., 'parameters': ...}}."
        raise configuration_error(f"tools holds a dict without a function name: {mend}")
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return FunctionTool(name, str(function.get("description") or ""), parameters, function.get("strict"))


def to_tool_choice(choice: Any, functions: Sequence[FunctionTool]) -> ToolChoice | None:
    """The neutral tool choice.

    Args:
        choice: `None`, `"auto"`, `"none"`, `"required"` (also `"any"`, `True`), a function's name, a dict naming one.
        functions: The functions offered.

    Returns:
        The choice; one of a server-side tool is marked, since xAI cannot force one: the core reports and warns.

    Raises:
        GrokConfigurationError: It names a function that is not offered.
    """
    if choice is None or choice is False or choice == "":
        return None
    if choice is True or choice == "any":
        return "required"
    if choice in ("auto", "none", "required"):
        known: ToolChoice = choice
        return known
    if isinstance(choice, NamedTool):
        return choice
    if is_server_tool(choice):
        return NamedTool(str(server_tool(choice).to_wire()["type"]), hosted=True)
    name: Any = choice
    if isinstance(choice, Mapping):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, Mapping) else choice.get("name")
    offered = [function.name for function in functions]
    name = _clean_name(name) if isinstance(name, str) else name
    if name not in offered and name in SERVER_TOOL_TYPES:
        return NamedTool(str(name), hosted=True)
    if name not in offered:
        raise configuration_error(
            f"tool_choice={choice!r} is none of the functions: give 'auto', 'none', 'required' or one of {offered}."
        )
    return NamedTool(str(name))


def to_response_format(asked: Any) -> ResponseFormat | None:
    """The neutral response format.

    Args:
        asked: `None`, `"text"`, `"json_object"`, a pydantic class, or a dict as either API takes it.

    Raises:
        GrokConfigurationError: It is none of these.

    Example:
        >>> to_response_format({"type": "json_object"})
        'json_object'
    """
    if asked is None or isinstance(asked, JsonSchemaFormat):
        return asked
    if isinstance(asked, type) and issubclass(asked, BaseModel):
        return JsonSchemaFormat(_clean_name(asked.__name__), asked.model_json_schema())
    kind = asked.get("type") if isinstance(asked, Mapping) else asked
    if kind in ("text", "json_object"):
        simple: ResponseFormat = kind
        return simple
    if kind == "json_schema":
        inner = asked.get("json_schema", asked)
        if isinstance(inner, Mapping) and isinstance(inner.get("schema"), Mapping):
            name = str(inner.get("name") or "answer")
            return JsonSchemaFormat(name, inner["schema"], inner.get("strict"), inner.get("description"))
    raise configuration_error(
        f"response_format={asked!r} is none of 'text', 'json_object', a pydantic class, or "
        "{'type': 'json_schema', 'json_schema': {'name': ..., 'schema': ...}}."
    )


def _clean_name(name: str) -> str:
    """A name with what names on the wire may not hold (the brackets of generic models) replaced."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)


def format_spec(output_cls: type[BaseModel]) -> dict[str, Any]:
    """The response format for a class as the plain dict that travels through LlamaIndex's keywords and events."""
    schema = {"name": _clean_name(output_cls.__name__), "schema": output_cls.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


def tool_calls_of(response: ChatResponse, *, error_on_no_tool_call: bool = True) -> list[ToolSelection]:
    """The calls that an answer asks for, in order.

    Args:
        response: An answer.
        error_on_no_tool_call: Raise if there is none.

    Raises:
        ValueError: There is none.
    """
    blocks = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    calls = [(block.tool_call_id, block.tool_name, block.tool_kwargs) for block in blocks]
    if not calls:
        for n, raw in enumerate(response.message.additional_kwargs.get("tool_calls") or ()):
            function = raw.get("function") if isinstance(raw, Mapping) else None
            if isinstance(function, Mapping) and function.get("name"):
                calls.append((raw.get("id") or f"call_{n + 1}", function["name"], function.get("arguments") or {}))
    if not calls and error_on_no_tool_call:
        said = (response.message.content or "")[:200]
        raise ValueError(f"Expected at least one tool call, but got 0: the model answered {said!r}.")
    return [ToolSelection(tool_id=i or "", tool_name=name, tool_kwargs=_as_dict(kwargs)) for i, name, kwargs in calls]


def with_own_names(calls: Sequence[ToolSelection], tools: Sequence[BaseTool]) -> list[ToolSelection]:
    """The calls, by the tools' own names: `Box[int]` goes over the wire as `Box_int_`."""
    own = {_clean_name(tool.metadata.name): tool.metadata.name for tool in tools if tool.metadata.name}
    return [call.model_copy(update={"tool_name": own.get(call.tool_name, call.tool_name)}) for call in calls]


def _as_dict(kwargs: Any) -> dict[str, Any]:
    """Arguments as a dict; text that is no JSON object (the model was cut off) counts as none."""
    if isinstance(kwargs, str):
        try:
            kwargs = json.loads(kwargs or "{}")
        except ValueError:
            return {}
    return dict(kwargs) if isinstance(kwargs, Mapping) else {}
