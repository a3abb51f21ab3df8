"""A LlamaIndex query engine over this project's own documents: a real retriever, an answer with its sources."""

from __future__ import annotations

from pathlib import Path

from llama_index.core import Document
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.retrievers.bm25 import BM25Retriever

from examples.connection import connect
from llama_index_grok import Grok

ROOT = Path(__file__).parent.parent


def main(**connection: str) -> None:
    files = [ROOT / name for name in ("docs/xai.md", "CONTRIBUTING.md")]
    documents = [Document(text=file.read_text(), metadata={"file": file.name}) for file in files]
    nodes = MarkdownNodeParser().get_nodes_from_documents(documents)
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=3)
    engine = RetrieverQueryEngine.from_args(retriever, llm=Grok(**connection))
    answer = engine.query("Which HTTP status does xAI answer to a bad API key?")
    print(answer)
    for source in answer.source_nodes:
        print(f"  from {source.metadata['file']}: {' '.join(source.text.split())[:70]}...")


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
