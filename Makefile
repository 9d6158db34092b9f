# leadops: everything a person or a machine runs. Needs Python >= 3.11, make and a shell.
# PYTHON=… chooses the Python, PORT=… the port, DATABASE_URL=… a server of your own, ARGS=… goes to the tool.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
PACKAGES := leadops capture routing qualification nurture reports
SERVER := $(PY) -m leadops.platform.postgres run
# production-like values for `check --deploy`; nothing here is secret
DEPLOYED := LEADOPS_MODE=serve LEADOPS_HTTPS=1 ALLOWED_HOSTS=leads.example.com \
	SECRET_KEY=checked-only-never-served-0123456789-abcdefghijklmnopqrstuvwxyz
# a process that keeps no bytecode compiles every package anew at each of the hundred starts of a test run
unexport PYTHONDONTWRITEBYTECODE
export PYTHON

.DEFAULT_GOAL := demo
.PHONY: demo serve test proof check bench chaos backup restore stop clean lock install install-dev

# the same as `manage.py up --demo`, a second sooner: the parent itself needs no Django
demo: install
	@LEADOPS_MODE=demo exec $(PY) -m leadops.platform.parent --demo

serve: install
	@LEADOPS_MODE=serve exec $(PY) -m leadops.platform.parent --serve

test: install-dev
	@$(PY) -m leadops.platform.translations
	@LEADOPS_MODE=test $(SERVER) $(PY) -m pytest -n 2 --dist loadfile $(ARGS)

# Every test in the size of its promise, hours on two cores, not minutes; then the table of gates. ARGS="F7 F14": those alone.
proof: install-dev
	@$(PY) -m leadops.platform.translations
	@LEADOPS_MODE=test $(SERVER) $(PY) -m benchmarks.proof $(ARGS)

check: install-dev
	@$(PY) -m leadops.platform.translations
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/lint-imports
	$(PY) -m mypy $(PACKAGES)
	$(DEPLOYED) $(PY) manage.py check --deploy --fail-level WARNING
	$(SERVER) $(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py lint_migrations
	$(PY) manage.py messages --check
	$(SERVER) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: install-dev
	@$(PY) -m leadops.platform.translations
	@$(SERVER) $(PY) -m benchmarks.run $(ARGS)

# the server is the house's own, private or DATABASE_URL's
backup: install
	@LEADOPS_MODE=$${LEADOPS_MODE:-serve} $(SERVER) $(PY) manage.py backup $(ARGS)

restore: install
	@if [ -z "$(FROM)" ]; then echo "make restore FROM=folder of a backup [ARGS=--over]" >&2; exit 2; fi
	@LEADOPS_MODE=$${LEADOPS_MODE:-serve} $(SERVER) $(PY) manage.py restore "$(FROM)" $(ARGS)

# Real processes hurt while they are posted to; exit status 0 only when nothing was lost, doubled or left.
chaos: install-dev
	@$(PY) -m leadops.platform.translations
	@$(PY) -m benchmarks.chaos $(ARGS)

stop:
	@if [ -x $(PY) ]; then $(PY) -m leadops.platform.parent --stop; fi

clean: stop
	@if [ -x $(PY) ]; then $(PY) -m leadops.platform.postgres remove; fi
	@rm -rf .venv var
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -path '*/LC_MESSAGES/*.mo' -exec rm -f {} +

# Pins every package with its hashes, for every Python and system we support. Needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes -o requirements.txt requirements.in $(ARGS)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes -o requirements-dev.txt requirements-dev.in $(ARGS)

install:
	@.ci/python leadops/platform/install.py

install-dev:
	@.ci/python leadops/platform/install.py dev
