# The commands of this project. Start with `make demo`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
READY := $(VENV)/.ready
PIP := $(BIN)/pip install -q --disable-pip-version-check
export TF_CPP_MIN_LOG_LEVEL := 3

.PHONY: help demo resume quick zoo tasks backends pytorch test storage slurm slurm-nodes install-slurm latex golden-check golden \
  figures lint docs site pictures paper-pictures lock clean setup faults licences ci-dag dist wheel-check platforms \
  arm64 field levels

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY) ## install, write the demo datasets, run the whole workflow, print the table
	$(BIN)/merflow demo
	$(BIN)/snakemake --cores all --resources gpu=1
	@echo; cat results/tables/scores.txt; echo "report: $(CURDIR)/results/report.html"

resume: $(READY) ## continue after a crash or a power cut
	$(BIN)/snakemake --unlock
	$(BIN)/merflow demo
	$(BIN)/snakemake --cores all --resources gpu=1 --rerun-incomplete
	@echo; cat results/tables/scores.txt; echo "report: $(CURDIR)/results/report.html"

# Runs in its own folder: its datasets have the same names as those of the demo.
quick: $(READY) ## the complete workflow on the small demo, in under a minute
	mkdir -p quick
	cd quick && ../$(BIN)/merflow demo data/quick --small --subjects 2 --clips 3
	cd quick && ../$(BIN)/snakemake --cores all --resources gpu=1 -s ../Snakefile --configfile ../config/quick.yaml
	@echo; cat quick/results/tables/scores.txt; echo "report: $(CURDIR)/quick/results/report.html"

zoo: $(READY) ## every network and method on a small demo, two factors; about 15 minutes
	mkdir -p zoo
	cd zoo && ../$(BIN)/merflow demo data/zoo --small --subjects 4 --clips 3
	cd zoo && ../$(BIN)/snakemake --cores all --resources gpu=1 -s ../Snakefile --configfile ../config/zoo.yaml
	@echo; cat zoo/results/tables/scores.txt zoo/results/tables/cost.md

# Each task in its own folder, on its own small demo.
tasks: $(READY) ## action units, spotting and spot-then-recognise on generated data; 15 minutes
	mkdir -p tasks/action_units
	cd tasks/action_units && for name in casme2 samm casme3; do \
	  ../../$(BIN)/merflow demo data/tasks --small --subjects 4 --clips 6 --dataset $$name || exit 1; done
	cd tasks/action_units && ../../$(BIN)/snakemake --cores all --resources gpu=1 -s ../../Snakefile \
	  --configfile ../../config/action_units.yaml
	for name in spotting str; do mkdir -p tasks/$$name && cd tasks/$$name && \
	  ../../$(BIN)/merflow demo data/tasks --recordings 3 --dataset casme_sq --subjects 4 --small && \
	  ../../$(BIN)/snakemake --cores all --resources gpu=1 -s ../../Snakefile \
	    --configfile ../../config/$$name.yaml || exit 1; cd ../..; done
	@echo; cat tasks/action_units/results/tables/scores.txt tasks/spotting/results/tables/spotting.md \
	  tasks/str/results/tables/spotting.md

backends: $(READY) ## every network and the small demo on JAX and PyTorch, in a separate environment
	$(BIN)/python benchmarks/backends.py all backends

# The program has its own environment; the demo's recordings stand in for new ones.
pytorch: $(READY) ## the PyTorch program of examples/ on a small demo: folds, final model, predictions
	mkdir -p pytorch
	$(PYTHON) -m venv pytorch/env
	pytorch/env/bin/pip install -q --disable-pip-version-check -r examples/pytorch_program/requirements.txt
	cd pytorch && ../$(BIN)/merflow demo data/pytorch --small --subjects 2 --clips 3
	cd pytorch && ../$(BIN)/snakemake --cores all -s ../Snakefile --configfile ../examples/pytorch_program/config.yaml
	cd pytorch && ../$(BIN)/snakemake finals --cores all -s ../Snakefile --configfile ../examples/pytorch_program/config.yaml
	cd pytorch && ../$(BIN)/merflow demo data --small --recordings 1
	cd pytorch && ../$(BIN)/merflow predict data/recordings/recording00.avi --run results/runs/torch/x10/seed0
	@echo; cat pytorch/results/tables/scores.txt

test: lint ## lint, every test, the dry-run checks of the workflow
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# The plugins have their own environment, beside merflow's: Python reads both.
storage: $(READY) ## results in a storage: jobs without a shared file system, an S3 server; 10 minutes
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v rsync && command -v bwrap; } >/dev/null; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends bubblewrap rsync; fi
	mkdir -p storage
	$(PYTHON) -m venv storage/env
	$(BIN)/pip freeze | grep '^snakemake-interface' > storage/constraints.txt
	storage/env/bin/pip install -q --disable-pip-version-check -c storage/constraints.txt -r tests/storage/requirements.txt
	$(BIN)/python tests/storage/both.py storage/env
	$(BIN)/python tests/storage/run.py storage/env

# `make test` makes the same comparison.
ci-dag: $(READY) ## dry-run every config on look-alikes, compare the job counts, write the rule graphs to dag/
	$(BIN)/python tests/dag/dag_check.py --graphs dag

slurm: $(READY) install-slurm ## the demo on a real one-node Slurm cluster, with jobs killed (root, Debian)
	$(BIN)/python tests/slurm/run.py

slurm-nodes: $(READY) install-slurm ## two nodes: job arrays, groups of folds, a node drained, a node killed; 20 minutes
	$(BIN)/python tests/slurm/two_nodes.py

install-slurm:
	if ! command -v slurmctld >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends slurm-wlm munge; fi

latex: $(READY) ## compile the LaTeX tables in one-column and two-column papers; nothing may be too wide
	if ! command -v pdflatex >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends texlive-latex-base texlive-latex-recommended; fi
	$(BIN)/python tests/latex/compile.py

golden-check: $(READY) ## compare every stage, one fold and the quick demo with the golden digests
	$(BIN)/python tests/golden/check.py

golden: $(READY) ## write the golden digests after an intended change
	$(BIN)/python tests/golden/check.py --write

figures: demo ## write the demo's scores into README.md
	$(BIN)/python benchmarks/demo_figures.py

levels: $(READY) ## emulate other instruction levels and processors; bytes must not change; 30 minutes
	if ! command -v qemu-x86_64 >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -qy --no-install-recommends qemu-user; fi
	$(BIN)/python tests/golden/levels.py

arm64: $(READY) ## run the stages and a step of training as arm64 code, emulated (Debian 12); 20 minutes
	$(BIN)/python tests/golden/arm64.py

lint: $(READY) ## ruff, snakefmt, import contracts (`snakemake --lint` is among the tests)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=src $(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow

field: $(READY) ## 442 flow pictures in every layout through the whole workflow, against a plain script; 25 minutes
	$(BIN)/python tests/field/flow_pictures.py

faults: $(READY) ## the long tests of docs/reliability.md: kills, failing calls, mutants, properties (hours)
	$(BIN)/python tests/faults/kill_writers.py 200
	$(BIN)/python tests/faults/nth_calls.py --network
	$(BIN)/python tests/faults/kill_runs.py 50
	$(BIN)/python tests/faults/tampers.py
	$(BIN)/python tests/faults/concurrent_saves.py 1000
	$(BIN)/python tests/hostile/bombs.py
	$(BIN)/python tests/hostile/mutants.py 120
	$(BIN)/python tests/hostile/altered_copies.py
	MERFLOW_EXAMPLES=10000 $(BIN)/python -m pytest -o timeout=0 tests/hostile/test_properties.py

licences: $(READY) ## write docs/licences.md from the installed packages
	$(BIN)/python envs/licences.py

site: $(READY) ## build the documentation into site/ (warnings are errors; no network)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean
	@echo "site: $(CURDIR)/site/index.html (with search: python3 -m http.server -d site)"

pictures: $(READY) ## draw the moving picture of README.md, and those of the studio (needs chromium)
	$(BIN)/python benchmarks/moving_picture.py
	$(BIN)/python benchmarks/studio_pictures.py

paper-pictures: demo ## draw the pictures of docs/paper.md from the demo run (needs pdflatex, pdftoppm)
	$(BIN)/python benchmarks/paper_pictures.py

docs: $(READY) ## write the config's schema and key reference from the settings, and the reference table
	$(BIN)/python -m merflow schema
	$(BIN)/python -m merflow literature --format md --out docs/reference_table.md

# `make lock UPGRADE=--upgrade` takes the newest versions; without it, versions that still fit stay.
lock: ## update the lock file (needs uv)
	uv pip compile pyproject.toml $(UPGRADE) --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -q -o requirements.lock

platforms: $(READY) ## a wheel of every locked package for arm64 and macOS? asks the package index; a minute
	$(BIN)/python envs/platforms.py

dist: $(READY) ## build the source archive and the wheel into dist/
	rm -rf dist
	$(BIN)/uv build -q -o dist

wheel-check: $(READY) ## install the wheel with the newest dependencies elsewhere, run the small demo; 3 GB
	$(BIN)/python tests/release/package_check.py

setup: $(READY) ## install only

# uv installs in one minute, pip in five. If uv fails (behind a proxy that only pip knows), pip
# installs. Both check every hash.
$(READY): requirements.lock envs/installer.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("merflow needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r envs/installer.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock \
	  || $(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python -c 'import cv2' || { echo "OpenCV needs system libraries; on Debian: apt-get install libgl1 libglib2.0-0"; exit 1; }
	touch $@

clean: ## remove results and build files; datasets stay
	rm -rf .snakemake results/* site dag dist quick zoo tasks backends pytorch storage .pytest_cache .ruff_cache .hypothesis
	touch results/.gitkeep
