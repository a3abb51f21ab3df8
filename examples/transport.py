"""Timeouts, proxies, pool limits and a local address, for whichever HTTP library the installed openai SDK uses."""

from __future__ import annotations

import asyncio
import os
from importlib import import_module
from typing import Any

import openai

from examples.connection import connect
from langchain_grok import ChatGrok
from llama_index_grok import Grok

# openai 3.x is built on httpx2, 2.x on httpx; `openai.Timeout` and `openai.DefaultHttpxClient` are of the right one.
http: Any = import_module("httpx2" if int(openai.__version__.split(".")[0]) >= 3 else "httpx")


def main(**connection: Any) -> None:
    limits = http.Limits(max_connections=20, max_keepalive_connections=5, keepalive_expiry=30)

    # HTTPS_PROXY and NO_PROXY are honoured without any of this; a proxy of one's own goes into the client.
    proxy = os.environ.get("EXAMPLE_PROXY") or None
    with openai.DefaultHttpxClient(proxy=proxy, limits=limits) as client:
        timeout = openai.Timeout(120, connect=5)
        model = ChatGrok(http_client=client, timeout=timeout, **connection)
        print("LangChain, own pool:", model.invoke("The gate is red. What colour is the gate?").text)

    address = None  # such as "10.0.0.7" on a machine with several; it replaces HTTPS_PROXY
    with http.Client(transport=http.HTTPTransport(local_address=address, retries=0, limits=limits)) as client:
        llm = Grok(http_client=client, timeout=60, **connection)
        print("LlamaIndex, own address:", llm.complete("The gate is red. What colour is the gate?"))

    async def ask() -> str:
        async with openai.DefaultAsyncHttpxClient(limits=limits) as client:
            return str(
                await Grok(http_async_client=client, **connection).acomplete(
                    "The gate is red. What colour is the gate?"
                )
            )

    print("LlamaIndex, async:", asyncio.run(ask()))


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
