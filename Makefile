# Every task of the project. `make` alone lists them.
# Nothing needs activating: all run in .venv, which the first of them makes.

# Settings, as in `make test WORKERS=4`:
# a Python 3.11 or 3.12 to install with; empty: the first one found
PYTHON ?=
# processes that run the tests, each with its own tensorflow (0.6 GB)
WORKERS ?= 2
# where `make demo` writes
OUT ?= out/demo

INSTALLED := .venv/installed
RUN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install demo synthesize test fuzz outside lint format types lock wheel clean

help: ## list the tasks
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## install everything into .venv (the other tasks do it by themselves)

# An environment that was moved or copied with its checkout still points to the old place.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif
$(INSTALLED): requirements.txt pyproject.toml scripts/install.sh
	PYTHON='$(PYTHON)' sh scripts/install.sh

demo: $(INSTALLED) ## predict the photos that come with the install, and say where to look
	$(RUN)/fpp demo --out $(OUT)

synthesize: $(INSTALLED) ## render the faces in data/ anew (20 minutes; `fpp rig fetch makehuman` first)
	$(RUN)/fpp synthesize --out out/train --faces 22000 --seed 1 --table data/train/faces.parquet
	$(RUN)/fpp synthesize --out out/test --faces 2600 --seed 2 --table data/test/faces.parquet
	$(RUN)/fpp synthesize --out out/planted --faces 618 --seed 3 --one-slider --table data/planted/faces.parquet
	$(RUN)/fpp synthesize --out data/samples --portraits 8 --seed 5

test: $(INSTALLED) ## run the tests
	$(RUN)/python -m pytest -m 'not opengl' -n $(WORKERS) --dist loadfile
	$(RUN)/python -m pytest -m opengl

fuzz: $(INSTALLED) ## read 10,000 damaged files with every loader (10 minutes)
	$(RUN)/python -m tests.hostile.fuzz --inputs 10000

outside: ## install what tests/outside opens exports with: Blender, three.js, the glTF validator
	PYTHON='$(PYTHON)' sh scripts/outside.sh

lint: $(INSTALLED) ## check style and format
	$(RUN)/ruff check --quiet .
	$(RUN)/ruff format --quiet --check .

format: $(INSTALLED) ## put the code in format
	$(RUN)/ruff check --quiet --fix .
	$(RUN)/ruff format --quiet .

types: $(INSTALLED) ## check the types
	$(RUN)/mypy

lock: .lock/bin/uv ## make requirements.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	sh scripts/lock.sh .lock/bin/uv $(if $(UPGRADE),--upgrade)

.lock/bin/uv: $(INSTALLED)
	$(RUN)/python -m venv .lock
	.lock/bin/pip install --quiet uv==0.13.9

wheel: $(INSTALLED) ## build the package into dist/
	$(RUN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## remove the environment and everything made, but no data and no models
	rm -rf .venv .lock .outside out build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
