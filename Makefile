# Patron: `make serve` runs it, `make test` proves it. Needs Python 3.11 or newer, make, and the package registries.
#
#   make serve    environment, database, demo shop, server and worker; Ctrl-C stops everything
#   make test     `make check`, then every test        (make test ARGS="tests/system -k restart")
#   make faults   the fault tests with long runs        (make faults ARGS="-k kill")
#   make fuzz     the fuzz tests with many more requests (make fuzz EXAMPLES=500)
#   make check    formatting, lint, types, import rules
#   make bench    measure this machine with 100,000 customers   (make bench ARGS="--customers 1000000")
#   make locks    compute the lock files anew           (make locks UPGRADE=--upgrade)
#   make zips     compute the table of ZIP codes anew, after a new release of the package it is made of
#   make clean    remove what make made; data folders stay
#
# PORT, PATRON_HOME, DATABASE_URL and every other setting count from the environment or as `make serve PORT=9000`.
# PYTHON chooses the interpreter of the environment: make serve PYTHON=/opt/python3.12/bin/python3

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test faults fuzz check bench locks zips clean rebuild

PYTHON  ?=
ARGS    ?=
UPGRADE ?=
VENV    := .venv
PY      := $(VENV)/bin/python
PIP     := $(PY) -m pip --disable-pip-version-check --no-input install --quiet --quiet
COMPILE := build/locks/bin/pip-compile --quiet --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
           --no-emit-trusted-host $(UPGRADE)
CLIENTS := tests/clients

# An environment whose Python was removed, or that was made in another folder, is made anew.
ifneq ($(wildcard $(VENV)),)
ifneq ($(shell $(PY) -P -c 'import patron; print(patron.__file__)' 2>/dev/null),$(CURDIR)/src/patron/__init__.py)
STALE := rebuild
endif
endif

help:
	@sed -n -e '/^#/!q' -e 's/^# \{0,1\}//p' Makefile

serve: $(VENV)/runtime.stamp
	@exec $(PY) -P -m patron.serve

test: check $(CLIENTS)/node_modules/stamp
	@$(PY) -m pytest -n 2 $(ARGS)

# About twenty minutes; `make test` runs the same tests with smaller numbers.
faults: $(VENV)/dev.stamp
	@FAULTS=long $(PY) -m pytest tests/faults $(ARGS)

fuzz: $(VENV)/dev.stamp
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(PY) -m pytest -n 2 tests/fuzz $(ARGS)

check: $(VENV)/dev.stamp
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

bench: $(VENV)/runtime.stamp
	@$(PY) -m bench $(ARGS)

$(VENV)/runtime.stamp: requirements.lock pyproject.toml $(STALE)
	@set -e; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Patron needs Python 3.11 or newer with its venv module, and found none ($(or $(PYTHON),python3.13, python3.12, python3.11, python3))." >&2; \
	  echo "Debian, Ubuntu: apt install python3 python3-venv. Elsewhere: python.org. Or name one: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	if [ -n "$(STALE)" ] || [ ! -x $(PY) ]; then \
	  echo "→ Making the environment in $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV); \
	fi
	@echo "→ Installing what requirements.lock names (the first time takes about a minute)"
	@$(PIP) -r requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/runtime.stamp
	@echo "→ Installing what the tests need besides (requirements-dev.lock)"
	@$(PIP) -r requirements-dev.lock
	@touch $@

# The official client packages, run by the Node.js that requirements-dev.lock brings.
$(CLIENTS)/node_modules/stamp: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json $(VENV)/dev.stamp
	@echo "→ Installing the official client packages for Node.js ($(CLIENTS)/package-lock.json)"
	@cd $(CLIENTS) && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

locks: $(VENV)/runtime.stamp
	@$(PY) -m venv build/locks
	@build/locks/bin/python -m pip --disable-pip-version-check install --quiet pip-tools
	@$(COMPILE) --output-file requirements.lock pyproject.toml
	@$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

zips: $(VENV)/dev.stamp
	@$(PY) tests/zip_table.py

clean:
	rm -rf $(VENV) build dist $(CLIENTS)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests -name __pycache__ -prune -exec rm -rf {} +

rebuild:
