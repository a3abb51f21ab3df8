"""LangChain's tools, tool choices and schemas to neutral ones.

`bound_tools` runs once, when tools are bound; `to_tools` sorts them for a call. Knows no wire format but the shape of
function dicts that LangChain itself passes around.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from grok_adapter.tools import SERVER_TOOL_TYPES, is_server_tool, server_tool
from grok_adapter.types import (
    FunctionTool,
    JsonSchemaFormat,
    NamedTool,
    ResponseFormat,
    ServerTool,
    ToolChoice,
)

__all__ = [
    "as_choice_dict",
    "bound_tools",
    "checked_choice",
    "to_response_format",
    "to_tool_choice",
    "to_tools",
    "without_credentials",
]


def bound_tools(tools: Sequence[Any], *, strict: bool | None = None) -> list[Any]:
    """Tools in the form they are bound in: functions as dicts in OpenAI's form, server-side tools as they are.

    MCP servers given as dicts become objects, whose repr shows no credentials: tracing sees what is bound.

    Raises:
        GrokConfigurationError: Something is no tool.
    """
    return [without_credentials(t) if is_server_tool(t) else _function_dict(t, strict) for t in tools]


def without_credentials(tool: Any) -> Any:
    """A server-side tool that may be shown: an MCP dict becomes an object, anything else is left as it is."""
    return server_tool(tool) if isinstance(tool, Mapping) and tool.get("type") == "mcp" else tool


def _function_dict(tool: Any, strict: bool | None) -> dict[str, Any]:
    if isinstance(tool, Mapping) and tool.get("type") == "function" and "function" not in tool:
        inner = {key: value for key, value in tool.items() if key != "type"}  # the flat form of Responses
        tool = {"type": "function", "function": inner}
    try:
        converted: dict[str, Any] = convert_to_openai_tool(tool, strict=strict)
    except (ValueError, TypeError, KeyError):
        from grok_adapter.error_bodies import shown  # noqa: PLC0415  only needed here
        from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

        what = f"a dict with the keys {sorted(tool)}" if isinstance(tool, Mapping) else shown(tool)
        mend = "give a function, a tool, a Pydantic class, a TypedDict, a function dict or a server-side tool."
        # LangChain's own text and traceback repeat the whole tool, and what may be a credential in it.
        raise GrokConfigurationError(f"tools: {what} is no tool: {mend}") from None
    return converted


def to_tools(tools: Sequence[Any], *, strict: bool | None = None) -> tuple[list[FunctionTool], list[ServerTool]]:
    """The caller's functions, and the tools that xAI runs.

    Args:
        tools: Bound tools, or anything that can be bound.
        strict: For functions that do not say themselves.

    Raises:
        GrokConfigurationError: Something is no tool.
    """
    functions: list[FunctionTool] = []
    servers: list[ServerTool] = []
    for tool in tools:
        if is_server_tool(tool):
            servers.append(server_tool(tool))
            continue
        is_dict = isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping)
        function = (tool if is_dict else _function_dict(tool, strict))["function"]
        functions.append(
            FunctionTool(
                function.get("name") or "",
                function.get("description") or "",
                function.get("parameters") or {"type": "object", "properties": {}},
                function.get("strict", strict),
            )
        )
    return functions, servers


def to_tool_choice(choice: Any, tools: Sequence[Any] = ()) -> ToolChoice | None:
    """The neutral tool choice.

    Args:
        choice: `"auto"`, `"none"`, `"any"`, `"required"`, a tool's name, True (one must be called), False or `None`,
            or a dict in the form of either API.
        tools: The tools to choose from.

    Raises:
        GrokConfigurationError: It is none of these.
    """
    if choice is None or choice is False:
        return None
    if choice is True or choice in ("any", "required"):
        return "required"
    if choice in ("auto", "none"):
        return "none" if choice == "none" else "auto"
    if is_server_tool(choice):
        return NamedTool(str(server_tool(choice).to_wire()["type"]), hosted=True)
    if isinstance(choice, Mapping):
        if choice.get("type") in ("auto", "none", "required", "any"):
            return to_tool_choice(choice["type"], tools)
        inner = choice.get("function")
        name = inner.get("name") if isinstance(inner, Mapping) else choice.get("name")
        name = name or choice.get("type")
    else:
        name = choice
    if isinstance(name, str) and name:
        return NamedTool(name)
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    raise GrokConfigurationError(
        f"tool_choice={choice!r} is no tool choice: give 'auto', 'none', 'any', True, a tool's name or "
        "{'type': 'function', 'function': {'name': ...}}."
    )


def checked_choice(choice: ToolChoice | None, functions: Sequence[FunctionTool]) -> ToolChoice | None:
    """The choice; one that names a tool of xAI's own is marked, since it cannot be sent: the core reports and warns.

    Raises:
        GrokConfigurationError: No tool has the name that was chosen.
    """
    if not isinstance(choice, NamedTool) or choice.hosted or any(f.name == choice.name for f in functions):
        return choice
    if choice.name in SERVER_TOOL_TYPES:
        return NamedTool(choice.name, hosted=True)
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    names = ", ".join(repr(function.name) for function in functions) or "none"
    raise GrokConfigurationError(f"tool_choice={choice.name!r} names no tool (there are: {names}): give one of them.")


def as_choice_dict(choice: ToolChoice) -> str | dict[str, Any]:
    """A choice as it is bound: LangChain passes plain data around."""
    if not isinstance(choice, NamedTool):
        return choice
    return {"type": choice.name} if choice.hosted else {"type": "function", "function": {"name": choice.name}}


def to_response_format(asked: Any) -> ResponseFormat | None:
    """The neutral response format for a dict in the form of either API, a class, or a bare JSON schema.

    Raises:
        GrokConfigurationError: It is none of these.
    """
    if asked is None:
        return None
    if isinstance(asked, Mapping):
        kind = asked.get("type")
        if kind == "text":
            return "text"
        if kind == "json_object":
            return "json_object"
        if kind == "json_schema":
            inner = asked.get("json_schema")
            asked = inner if isinstance(inner, Mapping) else asked
            if isinstance(schema := asked.get("schema"), Mapping):
                name = str(asked.get("name") or schema.get("title") or "answer")
                return JsonSchemaFormat(name, schema, asked.get("strict"), asked.get("description"))
        elif "properties" in asked or "$ref" in asked:
            return JsonSchemaFormat(str(asked.get("title") or "answer"), asked)
    elif isinstance(asked, type):
        return JsonSchemaFormat(*_schema_of(asked))
    from grok_adapter.errors import GrokConfigurationError  # noqa: PLC0415  errors imports the SDK, 0.7 s

    raise GrokConfigurationError(
        f"response_format={asked!r} is no format: give {{'type': 'json_object'}}, a Pydantic class or "
        "{'type': 'json_schema', 'json_schema': {'name': ..., 'schema': ...}}."
    )


def _schema_of(cls: type) -> tuple[str, dict[str, Any]]:
    from langchain_core.utils.function_calling import convert_to_json_schema  # noqa: PLC0415

    schema = convert_to_json_schema(cls)
    return str(schema.get("title") or cls.__name__), schema
