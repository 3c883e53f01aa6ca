# Everything a checkout needs is made here; `make help` lists what can be asked for.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The stamp is newer than the lock exactly when the environment is as the lock says.
$(VENV)/.made: uv.lock pyproject.toml
	@.ci/bootstrap $(PYTHON) $(VENV)
	touch $@

.PHONY: lint
lint: $(VENV)/.made  ## formatting, lint, types, layers
	@$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/basedpyright
	PYTHONPATH=. $(BIN)/lint-imports

.PHONY: format
format: $(VENV)/.made  ## let ruff format the tree
	@$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: test
test: lint  ## everything a checkout needs to be trusted
	@$(BIN)/pytest -n auto --cov --cov-report=
