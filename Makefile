# Every command that a contributor types. Everything sets itself up; `make help` lists them.

PYTHON ?= python3.13
PORT ?= 3000

.DEFAULT_GOAL := help
.PHONY: help run demo serve clean setup test test-fast test-sam-local bench lint format build docs release-docs lock

# sam: no telemetry, its own settings in this folder, and our Python and uv first on PATH for its builds.
SAM := SAM_CLI_TELEMETRY=0 __SAM_CLI_APP_DIR="$(CURDIR)/.local/sam" AWS_DEFAULT_REGION=us-east-1 PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-tools/bin/sam
SETUP := .venv/.installed .venv-tools/.installed

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(SETUP) ## start everything, do the main job, show what exists, keep serving (PORT=3000)
	@.venv/bin/python -m local run --port $(PORT)

demo: $(SETUP) ## the same, but exit afterwards
	@.venv/bin/python -m local demo --port $(PORT)

serve: $(SETUP) ## serve with a demo agency that is not provisioned yet (PORT=3000)
	@.venv/bin/python -m local serve --port $(PORT)

clean: ## forget what earlier runs stored
	@rm -rf .local

setup: $(SETUP) ## install everything that is needed, pinned

test: $(SETUP) ## run every test
	@.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: $(SETUP) ## run the tests that need no back end
	@.venv/bin/python -m pytest tests/unit

bench: $(SETUP) build ## measure, and compare with the goals
	@.venv/bin/python -m tests.benchmarks

lint: $(SETUP) ## check style and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

format: $(SETUP) ## rewrite in our style
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

build: $(SETUP) docs ## build the bundle as it is deployed, its API's document included, into .aws-sam/
	@$(SAM) build

docs: $(SETUP) ## write what is made from the code: docs/openapi.json, docs/examples/, events/
	@PYTHONPATH=shared .venv/bin/python -m apidocs

release-docs: $(SETUP) ## the same, and hold later releases to this one's API and tables
	@PYTHONPATH=shared .venv/bin/python -m apidocs --release
	@.venv/bin/python -m tests.infrastructure.tables

test-sam-local: $(SETUP) ## run every event under sam local, in containers (BIND=address they reach this machine at)
	@PYTHONPATH=shared .venv/bin/python -m tests.sam_local

lock: $(SETUP) ## pin the newest versions that requirements/*.in allow
	@for name in uv tools dev; do $(COMPILE) requirements/$$name.in -o requirements/$$name.txt || exit 1; done
	@# botocore and what it brings come with the Lambda runtime; pycparser is used at no run time.
	@$(COMPILE) requirements/runtime.in -c requirements/dev.txt -o layers/dependencies/requirements.txt \
	  $(addprefix --no-emit-package ,botocore python-dateutil six pycparser)

COMPILE := .venv/bin/uv pip compile --quiet --upgrade --python .venv/bin/python --universal --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links

# Virtual environments: hashed pins, installed by uv, which pip installs hashed as well.

.venv/.installed: requirements/uv.txt requirements/dev.txt
	$(call create_environment,.venv,requirements/dev.txt)
	@.venv/bin/python -m local.dynamodb
	@touch $@

.venv-tools/.installed: requirements/uv.txt requirements/tools.txt
	$(call create_environment,.venv-tools,requirements/tools.txt)
	@touch $@

define create_environment
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found on PATH; install Python 3.13 or name yours: make PYTHON=..."; exit 1; }
	@echo "Setting up $(1) (once)"
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(1)/bin/uv pip sync --quiet --python $(1)/bin/python --require-hashes $(2)
endef
