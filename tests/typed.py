"""What users write must type-check: mypy reads this file with the packages, and nothing runs it.

A line that must not pass has an ignore on it: mypy is strict, so an ignore that is not needed is an error.
"""

from __future__ import annotations

from pydantic import BaseModel, SecretStr

from grok_adapter import GrokClient, GrokModel
from langchain_grok import ChatGrok, WebSearch, get_usage_cost
from llama_index_grok import Grok


class City(BaseModel):
    name: str


def vault() -> str:
    return "xai-from-a-vault"


async def async_vault() -> str:
    return "xai-from-a-vault"


def fields_of_every_kind() -> list[ChatGrok | Grok]:
    return [
        ChatGrok(),
        ChatGrok(api_key="xai-demo"),
        ChatGrok(api_key=SecretStr("xai-demo"), model="grok-4.3", temperature=0),
        ChatGrok(api_key=vault, timeout=3, max_retries=0, server_tools=[WebSearch()]),
        ChatGrok(api_key=async_vault, stop=["END"], model_info=GrokModel("mine")),
        ChatGrok(output_version="v1", disable_streaming="tool_calling", tags=["a"], streaming=True, n=2),
        Grok(),
        Grok(api_key="xai-demo", reasoning_effort="low"),
        Grok(api_key=vault, extra_body={"a": 1}),
        ChatGrok(temprature=0),  # type: ignore[call-arg]
        ChatGrok(api="completions"),  # type: ignore[arg-type]
        Grok(max_tokens="many"),  # type: ignore[arg-type]
    ]


async def calls(model: ChatGrok) -> str:
    GrokClient(api_key="xai-demo")
    with get_usage_cost() as cost:
        answer = await model.bind_tools([City]).ainvoke("Hi", temperature=0)
        model.with_structured_output(City, method="json_schema").invoke("Hi")
    texts = [chunk.text async for chunk in model.astream("Hi")]
    return f"{answer.text} {texts} {cost.total.cost_usd}"
