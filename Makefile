# One word for each thing one does here. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help install run services stop test check bench shots messages docs lock format

PY := .venv/bin/python
BOOT := python3 -I config/bootstrap.py

help:  ## list these words
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | expand -t 12

run:  ## start everything here and print the address and the logins; Ctrl-C stops it
	@$(BOOT) run

services:  ## start PostgreSQL and Valkey only, in the background
	@$(BOOT) install && $(PY) -m config.embedded start

stop:  ## stop whatever runs from this folder
	@$(PY) -m config.embedded stop

lock:  ## choose the newest versions anew and write both lock files
	$(PY) -m uv pip compile -q -U --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra embedded -o requirements.lock pyproject.toml
	$(PY) -m uv pip compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --extra embedded --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

install:  ## install what development needs
	@$(BOOT) install-dev
