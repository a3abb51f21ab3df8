"""Twenty calls that check against xAI itself what everything else here only knows from recordings.

`make live` runs them: with `XAI_API_KEY` set against xAI, capped at a quarter of a dollar, and without a key against
the emulator, which shows that the calls themselves are sound and proves nothing about xAI. What came over the wire
is written to `live/fixtures/` (git-ignored) as candidates for the recordings.
"""
