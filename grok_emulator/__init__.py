"""An xAI-compatible HTTP server on loopback, for tests, demos and CI without a key.

Written from what the xAI API was seen to send and refuse, and on its own: it shares no code with the adapters that
talk to it, so that a misunderstanding cannot hide on both sides. It answers by rules from what the request contains.

    from grok_emulator import Emulator

    with Emulator() as emulator:
        client = openai.OpenAI(base_url=emulator.base_url, api_key="xai-any")
"""

from .script import RecordedRequest
from .server import Emulator

__all__ = ["Emulator", "RecordedRequest"]
