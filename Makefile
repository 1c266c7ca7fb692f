PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test lint bench docs clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

test: lint
	$(RUN) -m pytest -n 2

lint: $(VENV)/installed
	$(RUN) -m ruff check src tests benchmarks
	$(RUN) -m ruff format --check src tests benchmarks
	$(RUN) -m mypy

docs: $(VENV)/installed
	$(RUN) -m havoc.tools.reference docs/reference

clean:
	rm -rf $(VENV) demo build dist
