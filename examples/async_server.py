"""A web server that streams answers: one starlette app, one model, 100 callers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from examples.connection import connect
from langchain_grok import ChatGrok


def make_app(model: ChatGrok) -> Starlette:
    async def answer(request: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            async for chunk in model.astream(request.query_params["q"]):
                yield chunk.text

        return StreamingResponse(pieces(), media_type="text/plain")

    return Starlette(routes=[Route("/", answer)])


async def ask_all(app: Starlette, callers: int) -> list[str]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://demo", timeout=120) as http:
        questions = [f"Which parcel is for caller {n}? Parcel {n * 7} is for caller {n}." for n in range(callers)]
        return [r.text for r in await asyncio.gather(*(http.get("/", params={"q": q}) for q in questions))]


def main(callers: int = 100, **connection: str) -> None:
    answers = asyncio.run(ask_all(make_app(ChatGrok(**connection)), callers))
    print(f"{len(answers)} answers, {len(set(answers))} different ones; the last: {answers[-1]}")


if __name__ == "__main__":
    with connect() as connection:
        main(**connection)
