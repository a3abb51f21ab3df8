"""The demo: a chain, a tool call, a structured output, RAG and a web search, each with what it cost.

With `XAI_API_KEY` set it talks to xAI, without it to the emulator; it says which.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # so that it runs as a script, from anywhere

from examples import chain, rag, structured, tool_call, web_search
from examples.connection import connect, emulated
from langchain_grok import get_usage_cost
from llama_index_grok import UsageCostHandler

STEPS = [
    ("LangChain: a chain, streamed", chain),
    ("LangChain: a tool call, answered", tool_call),
    ("LangChain: a structured output", structured),
    ("LlamaIndex: a RAG query over this project's documents", rag),
    ("LangChain: a web search with citations", web_search),
]

if __name__ == "__main__":
    with connect() as connection:
        for title, step in STEPS:
            print(f"--- {title}")
            started = time.perf_counter()
            with get_usage_cost() as langchain_ledger, UsageCostHandler() as llama_index_ledger:
                step.main(**connection)
            spent = (langchain_ledger.total, llama_index_ledger.total)
            dollars, tokens = sum(s.cost_usd for s in spent), sum(s.total_tokens for s in spent)
            seconds = time.perf_counter() - started
            print(f"    [{tokens} tokens, ${dollars:.6f}{emulated(connection)}, {seconds:.1f} s]\n")
