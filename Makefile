# make demo | test | test-slow | test-oldest | test-napari | fuzz | coverage | bench | lint |
#      format | docs | linkcheck | figures | audit | constraints
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
NAPARI := .venv-napari
DOCS := .venv-docs
OLDEST := .venv-oldest
AUDIT := .venv-audit
SPHINX = OMP_NUM_THREADS=1 MPLBACKEND=Agg $(DOCS)/bin/sphinx-build -d docs/_build/doctrees
XVFB := $(if $(DISPLAY),,$(if $(shell command -v xvfb-run),xvfb-run -a))
# One thread a process and two processes beat two threads in one on small images.
ONE := OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python

.PHONY: demo test test-slow test-oldest test-napari fuzz coverage bench lint format docs \
	linkcheck figures audit constraints clean
demo: $(READY)
	$(BIN)/python -m sksegment demo -o demo
	@echo "look at demo/coffee/overlay.png; then: source .venv/bin/activate; sksegment --help"
test: $(READY)
	$(ONE) -m pytest -n 2 -m "not slow and not gpu"
test-slow: $(READY)
	$(ONE) -m pytest -m "slow or gpu"
# With the oldest version of every dependency that pyproject.toml allows.
test-oldest: $(OLDEST)/.ready
	OMP_NUM_THREADS=1 MPLBACKEND=Agg nice -n 5 $(OLDEST)/bin/python -m pytest -n 2 \
		-p no:cacheprovider -m "not slow and not gpu"
# A viewer needs OpenGL: without a display, a virtual one (xvfb).
test-napari: $(NAPARI)/.ready
	OMP_NUM_THREADS=1 $(XVFB) $(NAPARI)/bin/python -m pytest tests/plugin
# Thousands of made images, label maps and damaged files; other ones in every run.
fuzz: $(READY)
	SKSEGMENT_FUZZ=1 $(ONE) -m pytest -n 2 tests/fuzz
# Lines and branches that the tests reach; WHAT=tests/losses for a part of them.
WHAT ?= tests
coverage: $(READY)
	$(ONE) -m pytest -n 2 -m "not slow and not gpu" --cov --cov-report=term-missing:skip-covered --cov-report=html $(WHAT)
bench: $(READY)
	$(ONE) benchmarks/layers.py --repeats 2
	$(ONE) benchmarks/pairs.py --turns 5
	$(ONE) benchmarks/scaling.py --largest 512
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
# GALLERY=0 leaves out running the examples, which takes minutes the first time.
docs: $(DOCS)/.ready
	rm -rf docs/api/generated  # pages of names that are no more
	$(SPHINX) -W --keep-going docs docs/_build/html
	$(DOCS)/bin/python docs/check_links.py docs/_build/html
# Links within the site first, files and anchors; then those to elsewhere, by network.
linkcheck: $(DOCS)/.ready
	rm -rf docs/api/generated
	GALLERY=0 $(SPHINX) -W --keep-going docs docs/_build/links
	$(DOCS)/bin/python docs/check_links.py docs/_build/links
	GALLERY=0 $(SPHINX) -b linkcheck docs docs/_build/linkcheck
# Write the tables of the documents anew from benchmarks/results.
figures: $(READY)
	$(BIN)/python benchmarks/figures.py
# Known holes in what is pinned. It asks a service: without a network it fails.
audit: $(AUDIT)/.ready
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt
	$(AUDIT)/bin/pip-audit --strict --no-deps --disable-pip -r constraints-napari.txt

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt -e ".[plot,test,lint]"
	touch $@
$(NAPARI)/.ready: pyproject.toml constraints.txt constraints-napari.txt
	$(PYTHON) -m venv $(NAPARI)
	$(NAPARI)/bin/python -m pip install --quiet --constraint constraints.txt \
		--constraint constraints-napari.txt torch==2.13.0 -e ".[napari-test]"
	touch $@
$(DOCS)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --constraint constraints.txt -e ".[docs]"
	touch $@
$(OLDEST)/.ready: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --constraint constraints-oldest.txt \
		-e ".[plot,data,test]"
	touch $@
$(AUDIT)/.ready:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet pip-audit
	touch $@
# Pin what clean environments resolve to today; napari gets along with the first pins.
constraints: clean
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet torch==2.13.0 -e ".[plot,test,lint,docs]"
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt
	$(PYTHON) -m venv $(NAPARI)
	$(NAPARI)/bin/python -m pip install --quiet --constraint constraints.txt \
		torch==2.13.0 -e ".[napari-test]"
	$(NAPARI)/bin/python -m pip freeze --exclude-editable | sed 's/+cpu//' \
		| grep -vxFf constraints.txt > constraints-napari.txt
clean:
	rm -rf .venv $(NAPARI) $(DOCS) $(OLDEST) $(AUDIT) demo docs/_build docs/auto_examples docs/api/generated
