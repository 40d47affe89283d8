# make help

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup test bench clean

# What to give pytest on top: make test ARGS="tests/scoring -k pesq"
ARGS ?=
# Test processes at a time, one thread each; files stay together, as they share what is slow to make.
JOBS ?= 2

ready := source egs2/urgent26/enh1/path.sh

help:  ## this list
	@printf 'make test   set up .venv on first use, then run all tests (ARGS="tests/audio -k scp" for some,\n            JOBS=0 for one process)\n'
	@printf 'make setup  set up .venv only\n'
	@printf 'make bench  measure speed against plain variants\n'
	@printf 'make clean  remove caches and what the recipe made (not .venv)\n'

setup:
	@bash local/install.sh

test:
	@$(ready) && OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} NUMBA_NUM_THREADS=$${NUMBA_NUM_THREADS:-1} \
	    python -m pytest -n $(JOBS) --dist loadfile --durations=15 $(ARGS)

bench:
	@$(ready) && uptime && \
	    for bench in tests/bench/bench_*.py; do \
	        name=$${bench##*/}; printf '\n== %s\n' "$$name"; python -m "tests.bench.$${name%.py}"; done

clean:
	@find . -path './.venv*' -prune -o -name __pycache__ -type d -print0 | xargs -0 -r rm -rf
	@rm -rf .pytest_cache .hypothesis build egs2/*/*/data egs2/*/*/dump egs2/*/*/exp
