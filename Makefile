# Every target sets up what it needs; only Python >= 3.11 with venv, and make, have to be there.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# The fast tests wait for a quarter of their time, so that two cores have work for three.
ABREAST := $(shell expr $$(nproc) + 1)
READY  := $(VENV)/.ready

.PHONY: run test test-slow demo check bench wheel lock clean

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Parley needs Python 3.11 or later: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(READY)        ## set up and run the service on config/ and seeds/
	$(BIN)/parley run

test: check          ## fast tests, lint, types, imports
	$(BIN)/python -m pytest -q -n $(ABREAST) -m "not slow and not bench"

test-slow: $(READY)  ## kill loops, full disks, a bare Debian, a month in virtual time, the demo, the wheel
	$(BIN)/python -m pytest -q -m "slow and not bench"

demo: $(READY)       ## a local newsroom, a mail server and a Slack-like endpoint; what people would receive
	$(BIN)/parley demo

check: $(READY)      ## lint, types, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)      ## speed and memory, as ratios against a baseline in the same run
	$(BIN)/python -m pytest -q -s tests/benchmarks -m bench

wheel: $(READY)      ## dist/: a wheel whose reading is compiled, in three fifths of the time; needs a C compiler
	HATCH_BUILD_HOOKS_ENABLE=true $(BIN)/python -m build --no-isolation --outdir dist .

lock: $(READY)       ## refresh requirements.lock, and of it requirements.run.lock, within the bounds of pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --extra dev --extra bench --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml
	cp requirements.lock requirements.run.lock
	$(BIN)/pip-compile --quiet --extra postgres --extra apprise --generate-hashes --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.run.lock pyproject.toml

clean:
	rm -rf $(VENV) dist build demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
