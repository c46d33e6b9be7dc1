# Everything from a fresh checkout: `make run` and `make test` set up by themselves what is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PACKAGES := bot handlers content storage

.PHONY: help setup run test bench bench-retrieval lint lock clean

help:
	@echo "make run     start Tuanzhang with its demo shop (TUAN_HOME, TUAN_PORT and the other TUAN_… are honoured)"
	@echo "make test    the whole test suite          make lint   ruff, mypy, import rules"
	@echo "make bench   the benchmarks     make lock   pin the newest versions in requirements.lock"

setup: $(INSTALLED)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Tuanzhang needs Python 3.11 or newer, and «$(PYTHON)» is $$($(PYTHON) --version 2>&1 || true)."; \
		echo "On Debian 12: apt-get install python3 python3-venv. Or name another one: make PYTHON=python3.12"; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian: apt-get install python3-venv"; exit 1; }

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

run: $(INSTALLED)
	@exec $(BIN)/tuan run

test: $(INSTALLED)
	@$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

# The short ones, on SQLite; the long ones (posts, drop_storm, replay …) and PostgreSQL by hand: docs/benchmarks*.md.
bench: $(INSTALLED)
	@for name in ingest web_latency log_page crash lint calendar drop picklist redirects; do \
		echo "== $$name"; $(BIN)/tuan bench $$name || exit 1; done

# What only the retriever's training and comparison need: scikit-learn, scipy, jieba.
bench-retrieval: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[bench]'
	@$(BIN)/tuan bench retrieval

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# One lock for running, developing and testing, for every platform; hashes, and no index's address.
lock: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet --upgrade --output-file requirements.lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
