# Two commands: `make demo` and `make test`. Both make .venv and install what they need; nothing else is touched.

PYTHON ?= python3
VENV ?= .venv
OPENAI ?=
BIN := $(VENV)/bin
SOURCES := grok_adapter langchain_grok llama_index_grok grok_emulator
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint types contracts unit docs clean

demo: $(VENV)/.examples
	@$(BIN)/python examples/quickstart.py

test: lint types contracts unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto tests $(SOURCES)

docs: $(VENV)/.dev
	$(BIN)/python -m tests.readme --write

$(VENV)/.examples: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[examples]' $(OPENAI)
	@touch $@

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	$(PIP) --editable '.[dev]' $(OPENAI)
	@touch $@

clean:
	rm -rf $(VENV) .venv-openai2 .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
