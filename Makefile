# Commands for development and operation; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: $(shell sed -nE 's/^([a-z-]+):.*/\1/p' Makefile)

PYTHON ?= python3
PY := .venv/bin/python
BOOT := $(PYTHON) -I config/local/bootstrap.py
CPUS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); [ $$n -gt 4 ] && echo 4 || echo $$n)
COMPILE := $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml --extra embedded
# Placeholder values for the check of the production settings.
AS_PRODUCTION := PRODUCTION=yes DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost \
	ALLOWED_HOSTS=example.org EMAIL_HOST=mail.example.org CONTACT_KEYS=1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= \
	SECRET_KEY=only-for-this-check-0123456789-abcdefghijklmnopqrstuvwxyz ENV_FILE= \
	TRACKING_SECRET=only-for-this-check-too-0123456789-abcdefghijklmnopqrst

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run:  ## start everything, print the address and the log-ins; Ctrl-C stops it
	@$(BOOT) run
	@ENV_FILE= exec $(PY) -m config.local.supervisor

test:  ## run the tests; browser tests need a Chromium; ARGS="-k word"
	@$(BOOT) dev browser
	$(PY) -m pytest -n $(CPUS) --dist loadfile --no-loadscope-reorder $(ARGS)

canaries:  ## privacy tests in full: canaries, hostile files, guessing, key rotation
	@$(BOOT) dev
	CANARIES=full $(PY) -m pytest -n 0 -s --show-capture=no tests/privacy $(ARGS)

MATRIX_TESTS := tests/test_access.py tests/test_access_admin.py tests/test_access_residents.py \
	tests/test_counts.py tests/test_leaks.py tests/test_withdrawal.py tests/test_admin_parameters.py

matrix:  ## access matrix: every role, route and kind of object; timing of refusals (minutes)
	@$(BOOT) dev
	MATRIX=full $(PY) -m pytest -n $(CPUS) --dist load $(MATRIX_TESTS) $(ARGS)
	MATRIX=full $(PY) -m pytest -n 0 tests/support/timing_side_channel.py

sentences:  ## 10,000 cases: every sentence names a body with a verb and a deadline (minutes)
	@$(BOOT) dev
	SENTENCES=full $(PY) -m pytest -n 0 tests/petitions/rules/test_duties.py $(ARGS)

fuzz:  ## thousands of requests generated from the API's description (minutes)
	@$(BOOT) dev
	$(PY) -m pytest -n $(CPUS) --dist load -rP tests/fuzz.py $(ARGS)

check: export DATABASE_URL :=
check:  ## format, lint, import contracts, names, templates, types, settings, migrations
	@$(BOOT) dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/lint-imports --no-cache
	$(PY) -m tests.support.structure_rules
	.venv/bin/djlint templates --lint --quiet
	$(PY) -m mypy
	$(AS_PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run

services:  ## start only PostgreSQL and Valkey, in the background
	@$(BOOT) run
	@$(PY) -m config.local.embedded start

stop:  ## stop whatever runs from this folder
	@if [ -e .venv/installed ]; then $(PY) -m config.local.supervisor stop; else echo "Nothing is installed here yet."; fi

install:  ## install the development dependencies
	@$(BOOT) dev

format:  ## format the source
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench:  ## run the benchmark; ARGS="--against REF" compares with another version
	@$(BOOT) dev
	$(PY) -m benchmarks $(ARGS)

mutants:  ## mutation testing: change the rules at random; ARGS="--seed 7 --count 200 --module sides"
	@$(BOOT) dev
	$(PY) -m tests.mutation $(ARGS)

chaos:  ## fault injection under load; ARGS="deadlines --scale 0.1"; results go to var/chaos
	@$(BOOT) dev
	$(PY) -m tests.chaos $(ARGS)

.PHONY: backup restore restore-drill upgrade-drill
backup:  ## back up database and photos in operation; into BACKUP_DIR (backups/)
	@$(BOOT) run
	@$(PY) -m config.backup take

restore:  ## restore a backup into an empty database: make restore FROM=backups/...
	@$(BOOT) run
	@$(PY) -m config.backup restore $(FROM)

restore-drill:  ## restore a backup of 100,000 cases taken under load (minutes)
	@$(BOOT) dev
	$(PY) -m tests.drill $(ARGS)

upgrade-drill:  ## run every later migration under load; no request may wait over two seconds
	@$(BOOT) dev
	$(PY) -m tests.upgrades $(ARGS)

shots:  ## take screenshots of every page in both widths and themes
	@$(BOOT) dev browser
	$(PY) -m tests.shots $(ARGS)

messages:  ## collect and compile the translations (needs gettext)
	$(PY) manage.py makemessages -l en --no-location --no-obsolete --ignore '.venv' --ignore 'var'
	$(PY) manage.py compilemessages -l en --ignore '.venv'

docs:  ## generate the state diagram in README.md, and docs/openapi.yaml
	$(PY) manage.py state_diagram --write README.md
	$(PY) manage.py spectacular --file docs/openapi.yaml

lock:  ## resolve the newest versions and write the lock files
	$(COMPILE) -U -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --extra bench -c requirements.lock -o benchmarks/helpdesk/requirements.lock
