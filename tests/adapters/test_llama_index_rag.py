"""Retrieval: query engines, synthesizers, chat engines with memory, routers, evaluators, extractors."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from llama_index.core import PromptTemplate, Settings, get_response_synthesizer
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import (
    CondensePlusContextChatEngine,
    CondenseQuestionChatEngine,
    ContextChatEngine,
    SimpleChatEngine,
)
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent
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
    assert helper.num_output == 8_192  # room for an answer, not the 128,000 tokens that xAI would allow
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


class Cited(BaseEventHandler):
    """Keeps the addresses that answers cite: a query engine's `Response` has no place for them."""

    urls: list[str]

    def handle(self, event: Any, **kwargs: Any) -> None:
        if isinstance(event, LLMChatEndEvent) and event.response is not None:
            self.urls += [entry["url"] for entry in event.response.additional_kwargs["citations"]]


@pytest.mark.parametrize("streaming", [False, True])
def test_web_citations_are_links_in_the_text_and_come_through_events(emulator: Emulator, streaming: bool) -> None:
    llm, cited = grok(emulator, server_tools=[WebSearch()]), Cited(urls=[])
    handlers = get_dispatcher().event_handlers
    handlers.append(cited)
    try:
        citing = CitationQueryEngine.from_args(None, retriever=retriever(), llm=llm, streaming=streaming)
        text = str(citing.query("How does a monsoon form?"))
    finally:
        handlers.remove(cited)
    assert len(cited.urls) == 1
    assert f"[[1]]({cited.urls[0]})" in text


# --- chat engines ----------------------------------------------------------------------------------------------------


def asked_twice(chat: Any, how: str) -> None:
    """Two turns with a chat engine, in one of the four ways."""
    questions = (QUESTION, "Who built the lighthouse of Brenna?")
    if how == "chat":
        _ = [chat.chat(question) for question in questions]
    elif how == "stream_chat":
        _ = [list(chat.stream_chat(question).response_gen) for question in questions]
    else:

        async def main() -> None:
            for question in questions:
                response = await getattr(chat, how)(question)
                if how == "astream_chat":
                    _ = [piece async for piece in response.async_response_gen()]

        asyncio.run(main())


KEEPS_REASONING = [(SimpleChatEngine, "chat"), (SimpleChatEngine, "achat")]
"""LlamaIndex's other chat engines, and the streamed forms of this one, put text into their memory (docs)."""


@pytest.mark.parametrize("how", ["chat", "achat", "stream_chat", "astream_chat"])
@pytest.mark.parametrize(
    "kind", [SimpleChatEngine, ContextChatEngine, CondensePlusContextChatEngine, CondenseQuestionChatEngine]
)
def test_what_chat_engines_keep(emulator: Emulator, kind: Any, how: str) -> None:
    llm, memory = grok(emulator), Memory.from_defaults()
    options: dict[str, Any] = {"llm": llm, "memory": memory}
    if kind is CondenseQuestionChatEngine:
        options["query_engine"] = engine(llm)
    elif kind is not SimpleChatEngine:
        options["retriever"] = retriever()
    asked_twice(kind.from_defaults(**options), how)
    kept = [[block.block_type for block in message.blocks] for message in memory.get_all()]
    answer = ["thinking", "text"] if (kind, how) in KEEPS_REASONING else ["text"]
    assert kept == [["text"], answer, ["text"], answer]


@pytest.mark.parametrize("api", APIS)
def test_simple_chat_engine_replays_reasoning(emulator: Emulator, api: str) -> None:
    chat = SimpleChatEngine.from_defaults(llm=grok(emulator, api=api), memory=Memory.from_defaults())
    chat.chat("The lighthouse of Brenna is 41 metres high. Remember it.")
    assert "41" in str(chat.chat(QUESTION))
    roles = [item.get("role", item.get("type")) for item in turns(sent(emulator))]
    thought = ["reasoning"] if api == "responses" else []
    assert roles == ["user", *thought, "assistant", "user"]


def test_a_conversation_is_stored_as_its_messages(emulator: Emulator) -> None:
    """`ChatMemoryBuffer.to_string` fails with pydantic 2.14, for every provider; the messages themselves do not."""
    llm = grok(emulator)
    memory = ChatMemoryBuffer.from_defaults(llm=llm)
    SimpleChatEngine.from_defaults(llm=llm, memory=memory).chat(QUESTION)
    stored = json.dumps([message.model_dump(mode="json") for message in memory.get_all()])
    again = ChatMemoryBuffer.from_defaults([ChatMessage.model_validate(m) for m in json.loads(stored)], llm=llm)
    assert again.get_all() == memory.get_all()
    bodies = []
    for each in (memory, again):
        llm.chat([*each.get(), ChatMessage(content="And?")])
        bodies.append(emulator.requests[-1].raw)
    assert bodies[0] == bodies[1]


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


@pytest.mark.parametrize("api", APIS)
def test_router_by_itself(emulator: Emulator, api: str) -> None:
    llm = grok(emulator, api=api)
    router = RouterQueryEngine.from_defaults(
        tools(llm), llm=llm, selector=PydanticSingleSelector.from_defaults(llm=llm)
    )
    response = router.query(QUESTION)
    assert "41 metres" in str(response)
    assert response.metadata["selector_result"].selections[0].index in (0, 1)


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


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("claim", "passing"), [(FACTS[1], True), ("The lighthouse of Brenna is 99 metres wide.", False)]
)
def test_evaluators_by_themselves(emulator: Emulator, api: str, claim: str, passing: bool) -> None:
    from llama_index.core.evaluation import FaithfulnessEvaluator, RelevancyEvaluator

    llm = grok(emulator, api=api)
    for judge in (FaithfulnessEvaluator(llm=llm), RelevancyEvaluator(llm=llm)):
        assert judge.evaluate(QUESTION, claim, [FACTS[1]]).passing is passing


def test_an_evaluator_that_asks_for_json(emulator: Emulator) -> None:
    from llama_index.core.evaluation import GuidelineEvaluator

    judge = GuidelineEvaluator(llm=grok(emulator), guidelines="Name a number.")
    assert isinstance(judge.evaluate(QUESTION, "41 metres.", [FACTS[1]]).passing, bool)


def test_ingestion_extractors(emulator: Emulator) -> None:
    from llama_index.core.extractors import (
        KeywordExtractor,
        PydanticProgramExtractor,
        QuestionsAnsweredExtractor,
        SummaryExtractor,
        TitleExtractor,
    )
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.program import FunctionCallingProgram
    from pydantic import BaseModel

    class Place(BaseModel):
        """A place that a text is about."""

        place: str

    llm = grok(emulator)
    program = FunctionCallingProgram.from_defaults(Place, llm=llm, prompt_template_str="Which place? {input}")
    extractors = [
        TitleExtractor(llm=llm),
        SummaryExtractor(llm=llm),
        KeywordExtractor(llm=llm, keywords=3),
        QuestionsAnsweredExtractor(llm=llm, questions=1),
        PydanticProgramExtractor(program=program, input_key="input"),
    ]
    splitter = SentenceSplitter(chunk_size=64, chunk_overlap=0)
    pipeline = IngestionPipeline(transformations=[splitter, *extractors])
    nodes = pipeline.run(documents=[Document(text=" ".join(FACTS))], show_progress=False)
    found = {"document_title", "section_summary", "excerpt_keywords", "questions_this_excerpt_can_answer", "place"}
    assert all(node.metadata[name] for node in nodes for name in found)


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
