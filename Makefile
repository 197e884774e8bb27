# The two commands: `make weekly` (set up, demo shops, weekly reports) and `make test` (set up, all tests).
# While at work `make check`: style, types, examples and tests of single functions, in three minutes on two cores.
# `make fuzz` tries random inputs anew, `make lab` opens JupyterLab, `make lint` checks style, `make bench` runs benchmarks.
PYTHON ?= python3
JOBS ?= 0
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Trust what this machine trusts: behind a company's proxy uv's own list of authorities is not enough.
export UV_SYSTEM_CERTS ?= true

# Installs a requirements file into a virtual environment: $(call install,venv,requirements file).
# uv from the PATH where there is one, else brought by pip into the environment itself.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "aftersales needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1). Name one with: make PYTHON=/path/to/python3.12 $@"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then UV=uv; \
	  [ -x $(1)/bin/python ] || uv venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(1) || exit 1; \
	else UV=$(1)/bin/uv; \
	  [ -x $(1)/bin/pip ] || $(PYTHON) -m venv --clear $(1) || { echo "Python cannot make virtual environments here; install its venv package (Debian: apt-get install python3-venv)"; exit 1; }; \
	  [ -x $$UV ] || $(1)/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt || exit 1; \
	fi; \
	echo "installing $(2) into $(1)"; \
	$$UV pip install -q --python $(1)/bin/python --compile-bytecode --require-hashes -r $(2) && \
	$$UV pip install -q --python $(1)/bin/python --no-deps --no-build-isolation -e . && \
	$(1)/bin/python -m compileall -q -j 0 lib
	@touch $@
endef

.PHONY: help weekly chromium check test test-kills test-cluster test-browser test-s3 test-wheel fuzz lab wheel docs lint bench lock audit
help:
	@sed -n '1,3s/^# //p' Makefile

.venv/.run: requirements/run.txt pyproject.toml
	$(call install,.venv,requirements/run.txt)

.venv/.test: requirements/test.txt pyproject.toml
	$(call install,.venv,requirements/test.txt)
	@touch .venv/.run

# The lab asks nobody for news: it must open as fast where the network is slow or not there.
.venv-lab/.lab: requirements/lab.txt pyproject.toml
	$(call install,.venv-lab,requirements/lab.txt)
	@mkdir -p .venv-lab/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
	  > .venv-lab/share/jupyter/lab/settings/overrides.json

.venv/.dask: requirements/dask.txt pyproject.toml
	$(call install,.venv,requirements/dask.txt)
	@touch .venv/.run

data/demo/.made: | .venv/.run
	@.venv/bin/aftersales demo data/demo
	@touch $@

weekly: .venv/.run data/demo/.made
	@.venv/bin/aftersales weekly --jobs $(JOBS)

# The browser tests want Debian's Chromium, some Chinese font, and Latin letters as wide as the Arial that readers have:
# where a machine has none, wider ones stand in. Where apt may install them it does, once and only if missing; else those
# tests are skipped, with the reason.
chromium:
	@{ command -v "$${CHROMIUM:-chromium}" && fc-match Arial | grep -qE "Liberation|Arial|Arimo"; } >/dev/null 2>&1 || \
	  ! command -v apt-get >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && SUDO= || SUDO="sudo -n"; \
	  GET="$$SUDO env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60"; \
	  WANTED="--no-install-recommends -y install chromium fonts-wqy-microhei fonts-liberation fontconfig"; \
	  if $$SUDO true 2>/dev/null; then \
	    echo "installing Chromium and fonts for the browser tests (once)"; \
	    { $$GET $$WANTED || { $$GET update && $$GET $$WANTED; }; } >/dev/null 2>&1 || echo "apt could not install Chromium: the browser tests will be skipped"; \
	  fi; }

# What one runs while at work: style, types, examples in docstrings, and the tests that need no shop, server or browser.
CHECKED = lib tests/test_architecture.py $(addprefix tests/,words charts stats measures advice findings)
check: .venv/.test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m pytest -q -n 2 --dist worksteal -m "not slow" $(CHECKED)

# What changed is compiled first: where Python may write no bytecode, each of hundreds of processes would do so anew.
# The tests of JupyterLab want its environment; where it cannot be made they are skipped, with the reason.
test: .venv/.test chromium
	@$(MAKE) -s .venv-lab/.lab || echo "the lab's environment could not be made: its tests will be skipped"
	@.venv/bin/python -m compileall -q lib
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m pytest -n 2 --dist worksteal

# One kind of tests by itself.
test-kills test-cluster test-browser test-s3 test-wheel: .venv/.test chromium
	@.venv/bin/python -m pytest -m $(@:test-%=%)

# `make test` tries the same made-up inputs every time; here they are drawn anew, round after round. What fails is fixed,
# and the input becomes a named @example of its test.
ROUNDS ?= 20
fuzz: .venv/.test
	@for round in $$(seq $(ROUNDS)); do echo "== round $$round of $(ROUNDS)"; \
	  .venv/bin/python -m pytest -q -n 2 -m hypothesis --hypothesis-profile=free tests || exit 1; done

lab: .venv-lab/.lab .venv/.run data/demo/.made
	@.venv/bin/aftersales import --new
	@AFTERSALES_CONFIG="$(CURDIR)/shops.toml" .venv-lab/bin/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) --notebook-dir=. notebooks/00-start-here.ipynb

# The program as one file to install elsewhere; from a clean build folder, so that no module that is gone stays in it.
wheel: .venv/.run
	@rm -rf build/lib build/bdist.* dist && .venv/bin/python -c "from setuptools import build_meta as b; b.build_wheel('dist')" >/dev/null
	@rm -rf build/lib build/bdist.* && ls dist/*.whl

# The documentation in both languages, with the demo's report where one was made; warnings are errors, nothing is fetched.
docs: .venv/.test
	@.venv/bin/python docs/build.py

lint: .venv/.test
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo

bench: .venv/.test
	@for b in benchmarks/*.py; do echo "== $$b"; .venv/bin/python $$b || exit 1; done

# Asks the advisory database about every pin; needs uv and the network.
audit:
	@for f in run test lab; do echo "== $$f"; uvx pip-audit -r requirements/$$f.txt --require-hashes --disable-pip || exit 1; done

# Pins anew what pyproject.toml asks for; only with uv at hand.
COMPILE = uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock:
	$(COMPILE) --upgrade --extra build pyproject.toml -o requirements/run.txt
	$(COMPILE) -c requirements/run.txt --extra build --extra docs --extra test pyproject.toml -o requirements/test.txt
	$(COMPILE) -c requirements/run.txt --extra build --extra lab pyproject.toml -o requirements/lab.txt
	$(COMPILE) -c requirements/run.txt --extra build --extra dask pyproject.toml -o requirements/dask.txt
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(PYTHON) requirements/make_environment.py
