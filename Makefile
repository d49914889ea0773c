# A fresh clone needs Python 3.11 or newer with pip and venv, make and git; nothing else.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV ?= .venv
FLOOR ?= .venv-floor
FLOOR_PYTHON ?= python3.11
PYTHONS ?= $(shell for p in python3.11 python3.12 python3.13; do $$p -c '' >/dev/null 2>&1 && echo $$p; done)
EVERYWHERE := build/everywhere
BIN := $(VENV)/bin
BOOK ?= fixtures/twin/book.toml
MONTH ?= 2026-03
SIZES ?= 500x2 1000x5 2000x10 5000x20
OUT ?= out
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help report walk found test floor everywhere slow bench scale lint docs wheel fixtures clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): setup.cfg setup.py pyproject.toml $(wildcard riskmodel/estimation/kernel/*.[ch])
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found. Install it, or say: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt install python3-venv)"; exit 1; }
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -e '.[report,sources,construct,scale,test,docs]'  # Python compiles what it uses
	@touch $@

report: $(STAMP)  ## set up, and explain a month on the simulated market in fixtures/twin
	$(BIN)/attribution report $(BOOK) --month $(MONTH) --out $(OUT)

walk: $(STAMP)  ## walk both strategies of fixtures/twin over six months, and explain the last one with what each rule cost
	@set -e; for strategy in major next_major; do \
		$(BIN)/attribution walk $(BOOK) $$strategy --from 2025-10 --to $(MONTH) --out $(OUT)/walk/$$strategy || test $$? = 1; \
		$(BIN)/attribution explain $(OUT)/walk/$$strategy/book.toml $$strategy --month $(MONTH) --table rules; done

found: export PYTHONDONTWRITEBYTECODE :=
found: $(STAMP)  ## set up, find every test and keep it compiled: each of the processes of `make test` would compile it
	@found=$$($(BIN)/python -m pytest --collect-only -qq 2>&1) || { echo "$$found"; exit 1; }

test: export PYTHONDONTWRITEBYTECODE :=  # each of pytest's processes would compile every test again
test: export OMP_NUM_THREADS := 1  # a process for every core: threads of their linear algebra would wait for each other
test: $(STAMP)  ## set up, and run the tests
	$(BIN)/python -m pytest -n auto --dist worksteal -q

# The overrides stand above what other packages ask for: no peer of the tests may lift a version that is ours to promise.
floor:  ## the tests on the oldest Python and the lowest versions that setup.cfg declares, in .venv-floor
	@$(FLOOR_PYTHON) -c '' || { echo "Say which Python is the oldest: make floor FLOOR_PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(FLOOR)/bin/python || $(FLOOR_PYTHON) -m venv $(FLOOR)
	$(FLOOR)/bin/python -m pip install --quiet --disable-pip-version-check uv
	sed -n 's/^    \([a-z].*\)>=/\1==/p' setup.cfg > $(FLOOR)/lowest.txt
	$(FLOOR)/bin/uv pip install --quiet --python $(FLOOR)/bin/python --overrides $(FLOOR)/lowest.txt -e '.[report,sources,construct,scale,test]'
	$(FLOOR)/bin/python -m pytest -n auto -q

# Each Python has the newest versions of everything; the lowest are among them where `make floor` has installed them. The core that
# OpenBLAS is told is an old one stands for other processors: sums go in another order.
everywhere: export PYTHONPATH := $(CURDIR)
everywhere: $(STAMP)  ## the tables of a month on every Python that is here (PYTHONS), side by side
	@rm -rf $(EVERYWHERE); mkdir -p $(EVERYWHERE) .venv-everywhere
	@set -e; for python in $(PYTHONS); do \
		name=$$($$python -c 'import platform; print(platform.python_version())'); venv=.venv-everywhere/$$name; \
		test -x $$venv/bin/python || $$python -m venv $$venv; \
		$$venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade -e '.[report,sources,construct,scale,test]'; \
		echo $(EVERYWHERE)/$$name $$venv/bin/python; done > $(EVERYWHERE)/list
	@test ! -x $(FLOOR)/bin/python || echo $(EVERYWHERE)/lowest $(FLOOR)/bin/python >> $(EVERYWHERE)/list
	@echo $(EVERYWHERE)/other_processor env OPENBLAS_CORETYPE=Nehalem $(BIN)/python >> $(EVERYWHERE)/list
	@set -e; while read -r folder python; do \
		echo "$$folder"; $$python -m pytest -q tests/attribution/reporting/test_golden.py; \
		$$python fixtures/make_golden.py $$folder --whole; done < $(EVERYWHERE)/list
	$(BIN)/python -m tests.golden $$(cut -d' ' -f1 $(EVERYWHERE)/list)

slow: $(STAMP)  ## the slow checks: simulations over many draws, properties of many more, every month of the real market
	$(BIN)/python -m pytest -m slow -q -rA
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=many -n auto -q

bench: $(STAMP)  ## the benchmarks, as ratios to a peer in the same run
	$(BIN)/python -m pytest -m slow tests/benchmarks -q -s

scale: $(STAMP)  ## raw tables to model, forecast and 20 years of attribution at four sizes (SIZES), in build/scale; stopped, it goes on
	$(BIN)/python -m tests.benchmarks.scale_run build/scale $(SIZES)

lint: $(STAMP)  ## ruff and mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

wheel: $(STAMP)  ## a wheel for this kind of machine and every Python, in dist/: who installs it needs no compiler
	@rm -rf build/wheel; mkdir -p build/wheel dist
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	@$(BIN)/python -m zipfile -l build/wheel/*.whl | grep -E 'kernel/_loops[^ ]*[.](so|pyd) ' >/dev/null || { \
		echo "The wheel lacks the compiled part: GCC or Clang, or Python's headers, were not found. None was put into dist/."; exit 1; }
	mv build/wheel/*.whl dist/

docs: $(STAMP)  ## the pages and the reference of every public name as a site in build/docs; a warning is an error
	@$(BIN)/python -m sphinx -E -q -W --keep-going -d build/doctrees docs build/docs
	@echo "read build/docs/index.html"

fixtures: $(STAMP)  ## make the simulated markets anew from their seeds, the exports of one, and the golden tables
	$(BIN)/python fixtures/make_small.py fixtures/small
	$(BIN)/python fixtures/make_twin.py fixtures/twin
	$(BIN)/python fixtures/make_exports.py fixtures/exports
	$(BIN)/python fixtures/make_golden.py fixtures/golden

clean:  ## remove what the targets above made
	rm -rf $(VENV) $(FLOOR) .venv-everywhere $(OUT) build dist riskmodel/estimation/kernel/*.so .pytest_cache .mypy_cache .ruff_cache
