# Strata's commands. Everything lives inside the checkout: the environment in .venv, the data in .strata.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
STAMP := .venv/.installed
UV := $(shell command -v uv 2>/dev/null)
# Tests run beside each other on every core, file by file: what a file sets up (a scheduler, a release) is set up
# once. In the order of their names, which puts the long ones (integration) first. pytest-xdist's groups do nothing
# under pytest 9.2.
JOBS ?= auto
BESIDE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# `make lock` resolves as of this day, so that it gives the same pins until somebody moves it.
LOCK_DATE := 2026-11-20
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  \033[1mmake %-14s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## Make .venv with the pinned packages and the project, editable

# requirements.txt is the whole closure, so nothing is resolved again (--no-deps); the project is built with the
# setuptools of the lock (no build isolation). A failed install leaves no stamp and is taken up again.
$(STAMP): requirements.txt pyproject.toml
	@python=""; for candidate in $${PYTHON:-} python3.11 python3.12 python3 python; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
	    2>/dev/null; then python="$$(command -v "$$candidate")"; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "make setup: no Python 3.11 or 3.12 with the venv module is on the PATH." >&2; \
	  echo "  remedy: install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv; macOS: brew install python@3.11)" >&2; \
	  echo "          or name it: make setup PYTHON=/path/to/python3.11" >&2; exit 1; fi; \
	echo "Setting up .venv with $$("$$python" --version) and $(if $(UV),uv,pip) (some minutes the first time) ..."; \
	if [ -n "$(UV)" ]; then \
	  [ -x $(BIN)/python ] || "$(UV)" venv --quiet --no-python-downloads --python "$$python" .venv; \
	  "$(UV)" pip install --quiet --python $(BIN)/python --no-deps --compile-bytecode -r requirements.txt; \
	  "$(UV)" pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  [ -x $(BIN)/python ] && [ -x $(BIN)/pip ] || "$$python" -m venv --clear .venv; \
	  $(BIN)/python -m pip install --quiet --no-deps -r requirements.txt; \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

.PHONY: demo
demo: setup ## Airflow, two crawls and a release, live [RECIPE=path.yaml]
	@PYTHONPATH=plugins $(BIN)/python -m infra.local demo $(if $(RECIPE),--recipe "$(RECIPE)")

.PHONY: down
down: ## Stop what `make demo` started
	@if [ -x $(BIN)/python ]; then PYTHONPATH=plugins $(BIN)/python -m infra.local down; fi

.PHONY: test
test: lint kernels ## Linters, then every test, with coverage
	@$(BIN)/pytest $(BESIDE) --cov --cov-report=term:skip-covered

.PHONY: kernels
kernels: setup ## Compile the kernels ahead: the first refresh need not
	@$(BIN)/python -m beam_jobs.kernels

.PHONY: test-fast
test-fast: kernels ## The tests that take no scheduler, browser or Flink
	@$(BIN)/pytest $(BESIDE) -m "not slow"

# The servers of the portable runners. With OPTIONAL=1 one that cannot be had here is no failure: the test that wants it
# is skipped and says why.
.PHONY: test-portable
test-portable: setup ## The whole way on Prism, Beam's portable runner (needs go)
	@$(BIN)/python -m infra.runners prism $(if $(OPTIONAL),--optional)
	@$(BIN)/pytest tests/integration/test_portable_runners.py -k prism

.PHONY: test-flink
test-flink: setup ## The whole way on Flink's embedded master (needs java, mvn)
	@$(BIN)/python -m infra.runners flink $(if $(OPTIONAL),--optional)
	@$(BIN)/pytest tests/integration/test_portable_runners.py -k flink

.PHONY: lint
lint: setup ## ruff, mypy, one-way imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=plugins $(BIN)/lint-imports

.PHONY: lock
lock: ## Make requirements.txt out of requirements.in (needs uv)
	@command -v "$(UV)" >/dev/null || { echo "make lock: uv is not on the PATH. remedy: pip install uv" >&2; exit 1; }
	@echo "# Made by \`make lock\` from requirements.in and infra/overrides.txt: do not edit." > requirements.txt.new
	@"$(UV)" pip compile --quiet requirements.in --override infra/overrides.txt --python-version 3.11 \
	  --exclude-newer $(LOCK_DATE) --no-header --no-emit-index-url >> requirements.txt.new
	@mv requirements.txt.new requirements.txt
	@grep -c == requirements.txt | sed 's/$$/ packages pinned/'

.PHONY: clean
clean: down ## Stop the demo; remove .venv, .strata and the caches
	@rm -rf .venv .strata .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
