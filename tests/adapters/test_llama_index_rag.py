"""Retrieval: query engines, synthesizers, chat engines with memory, routers, evaluators, extractors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core import PromptTemplate, Settings, get_response_synthesizer
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import CondensePlusContextChatEngine, ContextChatEngine, SimpleChatEngine
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.schema import Document, NodeWithScore, TextNode
from llama_index.core.selectors import LLMSingleSelector, PydanticSingleSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata
from llama_index.retrievers.bm25 import BM25Retriever

from grok_emulator import Emulator
from llama_index_grok import UsageCostHandler, WebSearch
from tests.adapters.llama_index_support import (
    APIS,
    called,
    chat_body,
    grok,
    responses_body,
    said,
    searched,
    sent,
    turns,
)

FACTS = [
    "The lighthouse of Brenna was built in 1887 by the engineer Tova Lind.",
    "The lighthouse of Brenna is 41 metres high and painted red.",
    "The harbour of Brenna was deepened in 1922.",
    "The ferry to Skarv island leaves at seven in the morning.",
    "Skarv island has a colony of nine hundred puffins.",
]
NODES = [TextNode(text=text, id_=f"n{n}", metadata={"page": n}) for n, text in enumerate(FACTS)]
QUESTION = "How high is the lighthouse of Brenna?"


def retriever(top: int = 2) -> BM25Retriever:
    """A real retriever over the facts."""
    return BM25Retriever.from_defaults(nodes=NODES, similarity_top_k=top)


def engine(llm: Any, **options: Any) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(retriever(), llm=llm, **options)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("how", ["query", "aquery", "stream"])
def test_a_query_is_answered_from_the_passages(emulator: Emulator, api: str, how: str) -> None:
    llm = grok(emulator, api=api)
    if how == "query":
        response = engine(llm).query(QUESTION)
    elif how == "aquery":
        response = asyncio.run(engine(llm).aquery(QUESTION))
    else:
        response = engine(llm, streaming=True).query(QUESTION)
    assert "41 metres" in str(response)
    assert response.source_nodes[0].node.id_ == "n1"


MODES = [mode for mode in ResponseMode if mode not in (ResponseMode.NO_TEXT, ResponseMode.CONTEXT_ONLY)]
NOT_STREAMED = (ResponseMode.ACCUMULATE, ResponseMode.COMPACT_ACCUMULATE)  # the framework refuses


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("streaming", [False, True])
def test_every_synthesizer(emulator: Emulator, mode: ResponseMode, streaming: bool) -> None:
    if streaming and mode in NOT_STREAMED:
        streaming = False
    synthesizer = get_response_synthesizer(llm=grok(emulator), response_mode=mode, streaming=streaming)
    nodes = [NodeWithScore(node=node, score=1.0) for node in NODES[:2]]
    assert str(synthesizer.synthesize(QUESTION, nodes=nodes)).strip()

    async def asynchronous() -> str:
        response = await synthesizer.asynthesize(QUESTION, nodes=nodes)
        if hasattr(response, "async_response_gen"):
            return "".join([piece async for piece in response.async_response_gen()])
        return str(response)

    assert asyncio.run(asynchronous()).strip()


def test_settings_llm(emulator: Emulator) -> None:
    before = Settings._llm
    Settings.llm = grok(emulator)
    try:
        assert "41 metres" in str(RetrieverQueryEngine.from_args(retriever()).query(QUESTION))
    finally:
        Settings._llm = before


def test_prompts_are_packed_by_the_real_window(emulator: Emulator) -> None:
    helper = PromptHelper.from_llm_metadata(grok(emulator).metadata)
    assert helper.context_window == 500_000
    long = ["word " * 2_000] * 20
    assert len(helper.repack(PromptTemplate("{context_str}"), long)) == 1


@pytest.mark.parametrize("streaming", [False, True])
def test_citation_query_engine(emulator: Emulator, streaming: bool) -> None:
    citing = CitationQueryEngine.from_args(
        None, retriever=retriever(), llm=grok(emulator), citation_chunk_size=512, streaming=streaming
    )
    response = citing.query(QUESTION)
    assert "41 metres" in str(response)
    assert response.source_nodes[0].node.get_content().startswith("Source 1:")


def test_web_results_beside_retrieved_passages(emulator: Emulator) -> None:
    mark = {"type": "url_citation", "url": "https://example.com/b", "title": "1", "start_index": 18, "end_index": 45}
    text = "It is 41 metres.  [[1]](https://example.com/b)"
    emulator.reply(responses_body(searched("Brenna"), said(text, mark)))
    llm = grok(emulator, server_tools=[WebSearch()])
    with UsageCostHandler() as ledger:
        response = CitationQueryEngine.from_args(None, retriever=retriever(), llm=llm).query(QUESTION)
    assert "[[1]](https://example.com/b)" in str(response)
    assert ledger.total.server_tool_calls == 1
    assert sent(emulator)["tools"] == [{"type": "web_search"}]


# --- chat engines ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
def test_simple_chat_engine_replays_reasoning(emulator: Emulator, api: str) -> None:
    chat = SimpleChatEngine.from_defaults(llm=grok(emulator, api=api), memory=Memory.from_defaults())
    chat.chat("The lighthouse of Brenna is 41 metres high. Remember it.")
    assert "41" in str(chat.chat(QUESTION))
    roles = [item.get("role", item.get("type")) for item in turns(sent(emulator))]
    thought = ["reasoning"] if api == "responses" else []
    assert roles == ["user", *thought, "assistant", "user"]


@pytest.mark.parametrize("kind", [ContextChatEngine, CondensePlusContextChatEngine])
@pytest.mark.parametrize("streamed", [False, True])
def test_chat_engines_with_memory(emulator: Emulator, kind: Any, streamed: bool) -> None:
    memory = ChatMemoryBuffer.from_defaults(token_limit=50_000)
    chat = kind.from_defaults(retriever=retriever(), llm=grok(emulator), memory=memory)
    answer = "".join(chat.stream_chat(QUESTION).response_gen) if streamed else str(chat.chat(QUESTION))
    assert "41 metres" in answer
    assert str(chat.chat("Who built the lighthouse of Brenna?"))
    assert len(memory.get_all()) == 4


def test_async_chat_engine_stream(emulator: Emulator) -> None:
    async def main() -> str:
        chat = ContextChatEngine.from_defaults(retriever=retriever(), llm=grok(emulator))
        response = await chat.astream_chat(QUESTION)
        return "".join([piece async for piece in response.async_response_gen()])

    assert "41 metres" in asyncio.run(main())


# --- routing, sub-questions, extraction, evaluation ------------------------------------------------------------------


def tools(llm: Any) -> list[QueryEngineTool]:
    return [
        QueryEngineTool(engine(llm), ToolMetadata(name="lighthouse", description="Facts about the lighthouse.")),
        QueryEngineTool(engine(llm), ToolMetadata(name="puffins", description="Facts about birds of Skarv.")),
    ]


@pytest.mark.parametrize("selector", [LLMSingleSelector, PydanticSingleSelector])
def test_router(emulator: Emulator, selector: Any) -> None:
    llm = grok(emulator)
    text = '[{"choice": 1, "reason": "It asks about the lighthouse."}]'
    call = called("SingleSelection", '{"index": 0, "reason": "It asks about the lighthouse."}')
    emulator.reply(responses_body(said(text) if selector is LLMSingleSelector else call))
    router = RouterQueryEngine.from_defaults(tools(llm), llm=llm, selector=selector.from_defaults(llm=llm))
    assert "41 metres" in str(router.query(QUESTION))


def test_sub_questions(emulator: Emulator) -> None:
    from llama_index.core.question_gen import LLMQuestionGenerator

    llm = grok(emulator)
    items = '{"items": [{"sub_question": "How high is it?", "tool_name": "lighthouse"}]}'
    emulator.reply(responses_body(said(f"```json\n{items}\n```")))
    sub = SubQuestionQueryEngine.from_defaults(
        tools(llm),
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        use_async=False,
        verbose=False,
    )
    assert str(sub.query(QUESTION)).strip()


@pytest.mark.parametrize("api", APIS)
def test_evaluators(emulator: Emulator, api: str) -> None:
    from llama_index.core.evaluation import CorrectnessEvaluator, FaithfulnessEvaluator

    llm = grok(emulator, api=api)

    def answer(text: str) -> None:
        emulator.reply(responses_body(said(text)) if api == "responses" else chat_body({"content": text}))

    answer("YES")
    assert FaithfulnessEvaluator(llm=llm).evaluate(QUESTION, "41 metres.", [FACTS[1]]).passing
    answer("4.5\nRight, and brief.")
    assert CorrectnessEvaluator(llm=llm).evaluate(QUESTION, "41 metres.", reference=FACTS[1]).score == 4.5


def test_ingestion_extractors(emulator: Emulator) -> None:
    from llama_index.core.extractors import SummaryExtractor, TitleExtractor
    from llama_index.core.ingestion import IngestionPipeline

    llm = grok(emulator)
    splitter = SentenceSplitter(chunk_size=64, chunk_overlap=0)
    pipeline = IngestionPipeline(transformations=[splitter, TitleExtractor(llm=llm), SummaryExtractor(llm=llm)])
    nodes = pipeline.run(documents=[Document(text=" ".join(FACTS))], show_progress=False)
    assert all(node.metadata["document_title"] and node.metadata["section_summary"] for node in nodes)


def test_structured_extraction_in_a_query(emulator: Emulator) -> None:
    from pydantic import BaseModel

    class Lighthouse(BaseModel):
        """A lighthouse."""

        metres: int

    structured = engine(grok(emulator).as_structured_llm(Lighthouse))
    assert structured.query(QUESTION).response.metres == 41


def test_plain_history_of_a_chat_engine(emulator: Emulator) -> None:
    chat = SimpleChatEngine.from_defaults(llm=grok(emulator))
    history = [ChatMessage(content="My cat is called Minka."), ChatMessage(role="assistant", content="Noted.")]
    assert "Minka" in str(chat.chat("What is my cat called?", chat_history=history))
