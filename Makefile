# Two commands on a fresh machine: `make demo` shows it, `make test` proves it. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help demo test soak bench check format lock setup

# Real camera files for more test cases; without them the tests generate their media.
export ZHENGLU_SAMPLES ?= $(abspath $(wildcard ../shared/samples))
# The tests start hundreds of processes of ours: they need not each compile the same sources.
unexport PYTHONDONTWRITEBYTECODE
# make test T=tests/service/footage/uploads runs a part; T='-k name' works too.
T ?= tests
# make test COVERAGE=1 also says how much of the program ran. It costs half as much time again, so only when asked for.
MEASURED = $(filter-out 0,$(COVERAGE))
# Most tests wait more than they compute.
WORKERS ?= $(shell expr $$(nproc) + 2)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## everything running on this machine with a sample bureau (ONCE=1: check and end; FOOTAGE=dir; PORT=n)
	@deploy/setup.sh run
	@.venv/bin/zhenglu demo $(if $(filter-out 0,$(ONCE)),--once) \
		$(if $(FOOTAGE),--footage "$(FOOTAGE)") $(if $(PORT),--port $(PORT))

test: check ## all tests, on real PostgreSQL, Redis, S3, ffmpeg and Chromium (T=path: a part of them; COVERAGE=1)
	@.venv/bin/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(if $(MEASURED),--cov --cov-report=) $(T)
	@$(if $(MEASURED),.venv/bin/coverage report | awk '/^TOTAL/ {print "Lines and branches that ran: " $$NF}')

soak: ## what takes too long for every change; ends with a table of what ran (T=path: a part)
	@deploy/setup.sh test
	@.venv/bin/pytest -m soak -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(T)

bench: ## the benchmarks; the figures also go to build/bench/report.json
	@deploy/setup.sh test
	@.venv/bin/python -m tests.bench

check: ## style, types, arrows between modules, stale translations: no finding (make test begins with it)
	@deploy/setup.sh test
	@.venv/bin/ruff check --quiet . && .venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo --cache-dir build/imports > build/imports.txt || { cat build/imports.txt; exit 1; }
	@deploy/setup.sh node npm run --silent check
	@.venv/bin/python -m service.web.frame.catalogs --check

format: ## rewrite Python in the project's style
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

setup: ## only install what is missing
	@deploy/setup.sh test

lock: ## pin the newest allowed versions again, with hashes
	@deploy/setup.sh lock
