# Two commands: `make demo` and `make test`. Both make .venv and install what they need; nothing else is touched.

PYTHON ?= python3
VENV ?= .venv
OPENAI ?=
EXTRAS ?= dev,scale
ROUNDS ?= 5
BIN := $(VENV)/bin
CLIENTS := .venv-clients
VERCEL := tests/clients/vercel
SOURCES := grok_adapter langchain_grok llama_index_grok grok_emulator
SDK_TESTS := $(shell grep -l openai tests/adapters/test_*.py) $(filter-out %/test_fuzz.py %/test_laws_requests.py %/test_rows.py, $(wildcard tests/contract/test_*.py)) \
	$(addprefix tests/core/test_, client.py errors.py lookups.py retry.py transport.py)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo live test bench mutants lint types contracts unit sdk clients docs clean soak environment clients-environment

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

# The longest test comes first, lest one core waits for it at the end.
unit: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto tests/test_scale_out.py tests $(SOURCES)

# What goes through the SDK: CI repeats it with openai 2.x. The other tests do not know which SDK is installed: the import
# contracts keep the providers from it, and all that they have in common with each other is in tests/contract.
sdk: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n auto $(SDK_TESTS)

live: $(VENV)/.examples
	@$(BIN)/python -m live

# 5,000 mixed calls, a fifth of them failing at first; nothing may be wrong, and nothing left behind.
soak: $(VENV)/.dev
	$(BIN)/python -m tests.soak 5000

# Other people's clients against the emulator, in an environment of their own; needs Node 20 and npm too.
clients: clients-environment
	$(CLIENTS)/bin/python -m pytest -q -c tests/clients/pytest.ini tests/clients

# Our cost beside the peers', in an environment of its own: they still want openai 2.x.
bench: .venv-bench/.ready
	.venv-bench/bin/python -m benchmarks --rounds $(ROUNDS)

.venv-bench/.ready: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[all]' 'openai<3' langchain-xai llama-index-llms-openai-like matplotlib tqdm
	@touch $@

environment: $(VENV)/.dev

clients-environment: $(CLIENTS)/.ready $(VERCEL)/node_modules/.ready

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants

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
	$(PIP) --editable '.[$(EXTRAS)]' $(OPENAI)
	@touch $@

# litellm asks for mcp as soon as a tool is offered or Responses is called, and does not name it as a dependency.
$(CLIENTS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(CLIENTS)
	@echo "Installing into $(CLIENTS) ..."
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[emulator]' \
		'openai<3' 'langchain-xai>=1.3' 'litellm>=1.100' mcp pytest pytest-timeout
	@touch $@

$(VERCEL)/node_modules/.ready: $(VERCEL)/package.json $(VERCEL)/package-lock.json
	cd $(VERCEL) && npm ci --silent
	@touch $@

clean:
	rm -rf $(VENV) .venv-openai2 .venv-bench $(CLIENTS) $(VERCEL)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
