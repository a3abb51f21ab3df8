"""The laws of the design, as property tests: over generated answers always, over recordings where they are at hand."""
