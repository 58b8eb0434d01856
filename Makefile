# make run [PORT=8501]   set up, import the sample if the store is new, open the app
# make test              set up, style, types, layers, tests on two cores, then those in a real Chromium
# make bench             the full counts and the ratios against the peers
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8501
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: run test bench check clean

run: $(VENV)/.run
	$(PY) -m socialml demo
	$(PY) -m streamlit run app.py --server.port $(PORT)

test: check
	$(PY) tests/browser/chromium.py
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/browser
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses 2 --dist worksteal tests/browser

check: $(VENV)/.test
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache

bench: $(VENV)/.test
	$(PY) -m tests.benchmarks

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "SocialML needs Python 3.11 or newer; none was found on PATH."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: tests/requirements.txt requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) data .pytest_cache .mypy_cache .ruff_cache .hypothesis
