# Yumen's commands. `make help` lists them. Everything runs in .venv of this checkout, made on first use.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
ARGS ?=
WORKERS ?= auto

.PHONY: help demo serve test check bench chaos eval policies wheel lock clean env-run env-dev

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env-run:
	@tools/environment.sh run

env-dev:
	@tools/environment.sh dev

demo: env-run ## play the five lenders' stories against the real service (under two minutes, leaves nothing running)
	@.venv/bin/yumen demo $(ARGS)

serve: env-run ## start the service on the embedded default (ARGS="--help" for its options)
	@.venv/bin/yumen serve $(ARGS)

test: env-dev ## run all tests, one process per core (ARGS="tests/vault -x" for some of them, WORKERS=0 for one process)
	@YUMEN_OPA="$$(tools/opa.sh)" $(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: env-dev ## lint, types, room directions, policies, house rules: what needs no service
	@YUMEN_OPA="$$(tools/opa.sh)" $(PY) -m tools.check $(ARGS)

bench: env-dev ## measure reads and batches beside two baselines (docs/benchmarks.md); ARGS=--proof: log, ledger, replay, questions
	@YUMEN_OPA="$$(tools/opa.sh)" $(PY) -m tests.bench $(ARGS)

chaos: env-dev ## two replicas under faults, their history checked (ARGS=--long for ten minutes and longer faults)
	@YUMEN_OPA="$$(tools/opa.sh)" $(PY) -m tests.chaos $(ARGS)

eval: env-dev ## measure classification on labelled sets (docs/evaluation.md)
	@$(PY) -m tests.evaluation $(ARGS)

policies: env-dev ## rebuild the embedded policy bundle from the Rego sources (needs OPA)
	@YUMEN_OPA="$$(tools/opa.sh)" $(PY) tools/policies.py build $(ARGS)

wheel: env-dev ## build the sdist and the wheel into dist/
	@$(PY) -m tools.build dist

lock: env-dev ## resolve the dependencies anew and write the lock files (needs uv)
	uv lock
	$(PY) -m tools.requirements
	$(PY) -m tools.dependencies

clean: ## remove what builds and tests left; keeps .venv
	rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
