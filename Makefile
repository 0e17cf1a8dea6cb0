# make report: everything from nothing to the demo company's report in both languages. make help: the rest.
PYTHON ?= python3
EXTRAS ?= dev
BIN = .venv/bin
KIT = $(BIN)/complaintkit

.PHONY: help setup demo report test training lint lab bench lock clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

setup: .venv/ready  ## the environment in .venv

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv is not to be had: installing with pip"
	if [ -x $(BIN)/uv ]; \
	then $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[$(EXTRAS)]'; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'; fi
	touch $@

demo: setup  ## the demo company: its messy sources and its store
	$(KIT) demo

report: demo  ## the demo company's report of October 2026, in English and in Chinese
	$(KIT) report 2026-10 --recipe monthly --store demo --lang en,zh

test: setup  ## lint and tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m pytest --numprocesses 2

training: demo  ## run the training course: every exercise untouched, right, and wrong in each known way
	$(BIN)/python -m complaintlib.training

lint: setup  ## put code and notebooks into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/nbstripout notebooks/*.ipynb notebooks/training/*/*.ipynb

lab: setup  ## JupyterLab in notebooks/
	cd notebooks && ../$(BIN)/jupyter lab --LabApp.news_url=None \
	  --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

bench: setup  ## every benchmark, as one table of ratios
	$(BIN)/python -m benchmarks

lock:  ## derive constraints.txt and environment.yml from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --universal --all-extras --python-version 3.11 --upgrade \
	  --no-header --no-annotate --no-emit-index-url --quiet --output-file constraints.txt
	$(BIN)/python .ci/environment.py

clean:  ## reports, stores and caches
	rm -rf reports data/store data/demo/sources data/demo/store .pytest_cache .ruff_cache .hypothesis
