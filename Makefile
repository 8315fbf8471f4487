# make demo | test | test-slow | fuzz | coverage | bench | lint | format | constraints
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
# One thread a process and two processes beat two threads in one on small images.
ONE := OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python

.PHONY: demo test test-slow fuzz coverage bench lint format constraints clean
demo: $(READY)
	$(BIN)/python -m sksegment demo -o demo
test: $(READY)
	$(ONE) -m pytest -n 2 -m "not slow and not gpu"
test-slow: $(READY)
	$(ONE) -m pytest -m "slow or gpu"
# Thousands of made images, label maps and damaged files; other ones in every run.
fuzz: $(READY)
	SKSEGMENT_FUZZ=1 $(ONE) -m pytest -n 2 tests/fuzz
# Lines and branches that the tests reach; WHAT=tests/losses for a part of them.
WHAT ?= tests
coverage: $(READY)
	$(ONE) -m pytest -n 2 -m "not slow and not gpu" --cov --cov-report=term-missing:skip-covered --cov-report=html $(WHAT)
bench: $(READY)
	$(ONE) benchmarks/layers.py --repeats 2
	$(ONE) benchmarks/scaling.py --largest 512
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt -e ".[plot,test,lint]"
	touch $@
# Pin what a clean environment resolves to today.
constraints: clean
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet torch==2.13.0 -e ".[plot,test,lint]"
	$(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt
clean:
	rm -rf .venv demo
