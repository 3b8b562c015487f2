# Two commands from a bare machine (python3 >= 3.11 with pip):
#   make demo               installs, measures a graph, trains two models, writes a report
#   make test               installs what the tests need and runs them
# SCATTER=1 adds torch-scatter, which is compiled here (a C++ compiler, some minutes, cached by pip).

PYTHON ?= python3
VENV ?= .venv
SCATTER ?= 0
DEMO ?= graphlocal-demo

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
CONSTRAINED := install --quiet -c constraints.txt
PROJECT := pyproject.toml constraints.txt graphlocal/version.py
TEST_STAMPS := $(VENV)/.dev
ifneq ($(filter-out 0,$(SCATTER)),)
TEST_STAMPS += $(VENV)/.scatter
endif

.PHONY: demo test doctest lint examples install scatter clean help

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -n 4

demo: $(VENV)/.demo
	$(PY) -m graphlocal demo -o $(DEMO)

test: $(TEST_STAMPS)
	$(PY) -m pytest

doctest: $(VENV)/.dev
	$(PY) -m pytest -q --doctest-modules graphlocal

lint: $(VENV)/.dev
	$(PY) -m ruff check .

examples: $(VENV)/.dev
	$(PY) examples/node_classification.py --dataset digits --runs 1 --epochs 2
	$(PY) examples/orbit_embedding.py --orbits 1,1,2 --runs 1 --dim 16
	$(PY) examples/ogbl_ncn.py --model ncnc --epochs 1 --hidden 8
	$(PY) examples/graph_transformer.py --runs 1 --epochs 2
	$(PY) examples/graph_mamba.py --runs 1 --epochs 2
	$(PY) examples/ogbn_largegt.py --runs 1 --epochs 1
	$(PY) examples/link_topology.py --epochs 1 --hidden 8 --runs 1 -o $(VENV)/link_topology.html

install: $(VENV)/.dev

scatter: $(VENV)/.scatter

# Some distributions ship venv without ensurepip: pip then installs itself from outside.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "GraphLocal needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make ... names one" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
		rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) && \
		$(PYTHON) -m pip --python $(PY) install --quiet pip; }

# torch first and pinned: an open range would fetch gigabytes of CUDA libraries.
$(VENV)/.torch: constraints.txt | $(PY)
	@echo "installing torch into $(VENV) ..." >&2
	@$(PIP) $(CONSTRAINED) torch setuptools
	@touch $@

$(VENV)/.demo: $(PROJECT) $(VENV)/.torch
	@echo "installing graphlocal into $(VENV) ..." >&2
	@$(PIP) $(CONSTRAINED) --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(PROJECT) $(VENV)/.torch
	@echo "installing graphlocal and what its tests need into $(VENV) ..." >&2
	@$(PIP) $(CONSTRAINED) --no-build-isolation -e ".[dev]"
	@touch $@

# pip's cache knows nothing of torch's version: a wheel built for another one installs and then
# fails to import, hence the second, uncached try.
$(VENV)/.scatter: $(VENV)/.torch
	@echo "building torch-scatter (minutes, once) ..." >&2
	@printf '[build_ext]\nparallel = 2\n' > $(VENV)/build.cfg
	@$(PY) -c 'import torch; raise SystemExit(torch.cuda.is_available())' && export FORCE_ONLY_CPU=1; \
	export CFLAGS=-g0 DIST_EXTRA_CONFIG=$(abspath $(VENV)/build.cfg); \
	works='import torch_scatter; torch_scatter.segment_csr'; \
	$(PIP) $(CONSTRAINED) --no-build-isolation 'torch-scatter>=2.1.2,<2.2' && \
	{ $(PY) -c "$$works" 2>/dev/null || \
	  { $(PIP) $(CONSTRAINED) --no-build-isolation --no-cache-dir --force-reinstall --no-deps \
	    'torch-scatter>=2.1.2,<2.2' && $(PY) -c "$$works"; }; }
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info $(DEMO)
