"""LangChain's model profile for a row of `grok_adapter.models`: what agents ask before they choose a strategy."""

from __future__ import annotations

from langchain_core.language_models import ModelProfile

from grok_adapter.models import GrokModel

__all__ = ["profile_for"]

MAX_OUTPUT_TOKENS = 128_000
"""xAI's default limit for the visible answer, for all models (xAI OpenAPI, Oct 2026)."""


def profile_for(row: GrokModel) -> ModelProfile:
    """The profile of a model; an unknown one gets what all current models can do.

    Example:
        >>> from grok_adapter.models import model_for
        >>> profile_for(model_for("grok-4.7"))["structured_output"]
        True
    """
    sees = "image" in row.inputs
    profile = ModelProfile(
        name=row.id,
        max_input_tokens=row.context_window,
        max_output_tokens=MAX_OUTPUT_TOKENS,
        text_inputs=True,
        image_inputs=sees,
        image_url_inputs=sees,
        image_tool_message=sees,
        pdf_inputs=True,
        pdf_tool_message=True,
        audio_inputs=False,
        video_inputs=False,
        text_outputs=True,
        image_outputs=False,
        audio_outputs=False,
        video_outputs=False,
        reasoning_output=row.reasoning,
        tool_calling=row.client_tools,
        tool_choice=row.client_tools,
        tool_call_streaming=row.client_tools,
        structured_output=True,
        mid_conversation_system_messages=True,
    )
    if row.reasoning and row.efforts:
        profile["reasoning_effort_levels"] = list(row.efforts)
        if row.default_effort:
            profile["reasoning_effort_default"] = row.default_effort
    if row.released:
        profile["release_date"] = row.released.isoformat()
    return profile
