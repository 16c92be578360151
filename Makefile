.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# overrides for the run: make train ARGS="data=captcha_v2 seed=3"
ARGS ?=

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 20

$(READY): pyproject.toml .constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint .constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint .constraints.txt --editable '.[dev]'
	@touch $@

setup: $(READY)  ## make .venv and install the pinned dependencies

train: setup  ## train ten epochs on synthetic captchas (ARGS="data=folder data.dir=PATH" for your own)
	$(BIN)/python train.py $(ARGS)

test: setup  ## run the unit and integration tests (about 5 minutes on two cores)
	$(BIN)/python -m pytest tests/unit tests/integration $(ARGS)

test-slow: setup  ## run the rest: killed processes, many trainings, databases
	$(BIN)/python -m pytest tests/slow $(ARGS)

lint: setup  ## check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## mend style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## build the manual in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:  ## remove .venv and caches (runs/ and data/ stay)
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache *.egg-info build site

.PHONY: help setup train test test-slow lint format docs clean
