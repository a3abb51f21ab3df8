"""``python -m grok_emulator --port 8000``: the emulator in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import threading

from .server import Emulator


def main(arguments: list[str] | None = None) -> None:
    """Parses the command line and serves until interrupted."""
    description = "An xAI-compatible server on loopback."
    parser = argparse.ArgumentParser(prog="python -m grok_emulator", description=description)
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes a free one (default 8000)")
    parser.add_argument("--api-key", help="the only key to accept; without it any key that starts with xai- is")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with Emulator(port=options.port, api_key=options.api_key) as emulator:
        print(f"Serving an xAI-compatible API at {emulator.base_url}\n")
        print(f"  export XAI_BASE_URL={emulator.base_url}")
        print(f"  export XAI_API_KEY={options.api_key or 'xai-emulator'}\n")
        print("Ctrl-C stops it.", flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
