# Every target sets up what it needs in .venv; nothing is installed anywhere else, except by `make peers`.

PYTHON ?= python3
VENV := .venv
BASE ?= main
READY := $(VENV)/.ready

# Compiled modules are kept whatever the shell says: each process of the tests would compile them all anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check peers bench pictures types format clean

demo: $(READY)  ## start a node and a stand-in PACS, send three generated studies; on a terminal the pages stay up
	@if [ -t 1 ] && [ -z "$$CI" ]; then exec $(VENV)/bin/triage-node demo; else exec $(VENV)/bin/triage-node demo --once; fi

test: $(READY) types  ## the whole suite
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pytest -n 2 -m "not benchmark"

check: $(READY) types  ## the fast loop: format, lint, types, unit tests of what changed against BASE and of what imports it; ALL=1: of everything
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/pytest -q -n 2 -m "not slow and not benchmark" $(if $(ALL),tests/unit,$$(PYTHONPATH=build/installed $(VENV)/bin/python -P tests/support/affected_tests.py $(BASE)))

types: $(READY)  ## mypy and import-linter read the package as it is installed: models/ and train/ belong to triage_node there
	rm -rf build
	$(VENV)/bin/pip install -q --no-deps --no-build-isolation --no-warn-conflicts --target build/installed .
	cd build/installed && ../../$(VENV)/bin/mypy --config-file ../../setup.cfg --cache-dir ../../.mypy_cache -p triage_node
	cd build/installed && ../../$(VENV)/bin/lint-imports --no-logo --no-cache ../../setup.cfg

bench: $(READY)  ## rates and times of this machine, printed
	$(VENV)/bin/pytest -q -s -m benchmark tests/benchmarks

pictures: $(READY)  ## the pictures of the README, from a node and Chromium
	$(VENV)/bin/python tests/support/pictures.py docs/pictures

peers:  ## the programs that the acceptance tests talk to
	./deploy/install-peers
	./deploy/fetch-ohif

clean:
	rm -rf $(VENV) .peers build *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(READY): setup.cfg pyproject.toml constraints.txt
	@echo "Installing what triage-node needs into $(VENV): about 5 GB, some minutes at the first time."
	@$(PYTHON) -m venv $(VENV) || { echo "Install the venv module first: apt-get install python3-venv"; exit 1; }
	@$(VENV)/bin/pip install -q --disable-pip-version-check --no-warn-script-location -c constraints.txt -e '.[test]'
	@touch $(READY)
