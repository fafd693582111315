# Every target makes .venv first, where it is not there yet. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test soak lint format lock clean
bin := .venv/bin

# What follows the command: make test ARGS="-n 2 -k csv", make demo ARGS="--param fast_ema_period=5"
ARGS ?=
# A CPython 3.12 or 3.13 to use; found by itself where this is empty.
PYTHON ?=
export PYTHON

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## Make .venv (CPython 3.12 or 3.13; PYTHON=path names one)
	@scripts/setup

demo: setup  ## Import and fetch real bars and run backtests on them (ARGS="--param fast_ema_period=5")
	@scripts/demo $(ARGS)

test: setup lint  ## Check style, types and layers, then run every test on all cores (ARGS="-k csv" goes to pytest)
	$(bin)/python -m pytest $(or $(ARGS),-n auto --maxprocesses 4)

soak: setup  ## Run the long tests: kills, processes, damage, models (15 minutes; ARGS goes to pytest)
	$(bin)/python -m pytest -m soak -rP $(ARGS)

lint: setup  ## Check style, types and layers only
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

format: setup  ## Put the code into shape
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

lock:  ## Resolve pyproject.toml anew into requirements/ (ARGS="--upgrade-package click")
	@python=$$(scripts/find-python) && scripts/lock "$$python" $(ARGS)

clean:  ## Remove .venv, build/ and the tools' caches; data/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
