# SPDX-License-Identifier: GPL-2.0-or-later
#
# make demo    sets everything up and runs the office demo (ARGS="--json ring-all")
# make test    sets everything up and runs every check
# The rest are their parts. Set-up is done once; a second run takes a second.

PYTHON ?= /usr/bin/python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := build/stamps
INSTALLED := $(VENV)/.installed
NATIVE_FILES := $(wildcard native/build_core.py native/src/*.[ch] native/include/*.h)
PROMPT_FILES := $(addprefix firmware/media/,prompts.py prompts.toml speech.py tune.py)

.PHONY: demo test setup native micropython alsa prompts all lint bench clean
.DEFAULT_GOAL := all

all: native micropython alsa prompts

demo: all
	$(BIN)/tipring demo $(ARGS)

test: all
	$(BIN)/tox run $(ARGS)

lint: setup
	$(BIN)/tox run -e lint,types

bench: all
	$(BIN)/python -m bench $(ARGS)

setup: $(INSTALLED)

$(STAMPS)/packages: board/tools/packages.txt board/tools/install_packages.sh
	@mkdir -p $(STAMPS)
	board/tools/install_packages.sh
	@touch $@

$(INSTALLED): pyproject.toml $(STAMPS)/packages
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check \
		--config-settings editable_mode=compat -e '.[dev]'
	@touch $@

native: $(STAMPS)/native

$(STAMPS)/native: $(NATIVE_FILES) | $(INSTALLED)
	$(BIN)/python native/build_core.py
	@touch $@

# The script knows best what changed; it takes half a second when nothing did.
micropython: $(STAMPS)/packages
	board/tools/build_micropython.sh

alsa: $(STAMPS)/packages
	$(MAKE) --no-print-directory -C board/sim/alsa

prompts: $(STAMPS)/prompts

$(STAMPS)/prompts: $(PROMPT_FILES) | $(INSTALLED)
	$(BIN)/python -m firmware.media.speech build build/prompts
	@touch $@

clean:
	rm -rf build .tox .venv *.egg-info .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -prune -exec rm -rf {} +
	find native -name '*.so' -delete
