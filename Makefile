# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
# Data sets whose alpha is right to the last bit.
EXACT = alphamatting27 synth-hair-composites
# The runs that made the released weights, first to last.
RUNS = two_looks second_two_looks third_two_looks fourth_two_looks fifth_two_looks second_refiner
# Where a virtual environment keeps its programs.
BIN = $(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP = $(BIN)/python -m pip --disable-pip-version-check -q
BROWSER = src/tress/browser/built

.PHONY: demo test test-lowest lock web wheel figures card check lint types imports bench-quality bench-gaps bench-speed bench-browser bench-colours bench-marks bench-server bench-batch clean
.PHONY: docs reference dist installs weights

demo: .venv-runtime/.ready
	@mkdir -p demo
	@.venv-runtime/$(BIN)/tress cut examples/lemur.jpg -o demo/lemur.cutout.png --overwrite
	@echo "The cut-out is in demo/lemur.cutout.png"

test: .venv/.ready .venv-runtime/.ready
	.venv/$(BIN)/python -m pytest
	.venv-runtime/$(BIN)/python -m pytest -m "not train" tests/unit tests/contract tests/e2e

# With the oldest versions that pyproject.toml admits.
test-lowest: .venv-lowest/.ready
	.venv-lowest/$(BIN)/python -m pytest -m "not train" tests/unit tests/contract tests/e2e

# The versions in the images, with hashes; afterwards run the tests with them.
LOCK = .venv-lowest/$(BIN)/uv pip compile -q --python-version 3.12 --python-platform linux --generate-hashes --no-header \
  --no-annotate --no-emit-index-url --upgrade
lock: .venv-lowest/.ready
	$(LOCK) --extra cpu --extra server pyproject.toml -o deploy/requirements.lock
	$(LOCK) --extra gpu --extra server pyproject.toml -o deploy/requirements-cuda.lock
	echo hatchling | $(LOCK) - -o deploy/build.lock

# What browsers load, checked and put where the Python package finds it. Needs npm; see docs/browser.md.
web: $(BROWSER)/src/runtime.js

$(BROWSER)/src/runtime.js: web/build.js tools/pack_wasm.py web/tsconfig.json web/node_modules/.package-lock.json $(shell find web/src -type f)
	npm run --silent --prefix web check
	node web/build.js $(BROWSER)
	$(PYTHON) tools/pack_wasm.py $(BROWSER)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json web/.npmrc
	npm ci --silent --prefix web

# The wheel as it is released: with what browsers load.
wheel: web
	$(PYTHON) -m pip --disable-pip-version-check wheel -q --no-deps -w dist .

figures: .venv/.ready
	.venv/$(BIN)/python -m benchmarks.figures.strip
	.venv/$(BIN)/python -m benchmarks.figures.hair
	.venv/$(BIN)/python -m benchmarks.figures.page
	.venv/$(BIN)/python -m benchmarks.figures.tutorial

# Both networks from the start (hours; goes on where it was stopped): gather, labels, locator, refiner, export, scores, card.
# CLONES is a folder of clones of the repositories in docs/datasets.md, DATA the other data; LIST=1 only says what it would run,
# PACK=1 stops before the training and packs all of the data in parts of 60 MB, for a machine with a GPU.
WORK = runs/weights
weights: $(if $(LIST),,.venv/.ready .cache/peers/.ready)
	@test -n "$(CLONES)" -a -n "$(DATA)" || { echo "say where: make weights CLONES=path/to/clones DATA=path/to/data"; exit 2; }
	PATH="$(CURDIR)/.venv/$(BIN):$$PATH" LIST="$(LIST)" PACK="$(PACK)" tools/weights.sh "$(CLONES)" "$(DATA)" "$(WORK)"

# The model card, from the records of the runs that made the weights and from the benchmark.
card: .venv/.ready
	.venv/$(BIN)/tress-train card $(addprefix weights/runs/,$(RUNS)) --scores benchmarks/results/quality.json \
	  --about weights/about.md --notes weights/failures.md

check: lint types imports

lint: .venv/.ready
	.venv/$(BIN)/ruff check .
	.venv/$(BIN)/ruff format --check .

types: .venv/.ready
	.venv/$(BIN)/mypy

imports: .venv/.ready
	.venv/$(BIN)/lint-imports --no-cache

# The site in site/, warnings are errors.  `make docs SITE=serve` shows it while it is written.
SITE = build --strict
docs: .venv-site/.ready
	NO_MKDOCS_2_WARNING=1 .venv-site/$(BIN)/python -m mkdocs $(SITE)

# The pages that are made from the declarations and commands.
reference: .venv/.ready
	.venv/$(BIN)/python -m tools.site.reference

# Wheel and source distribution, built twice and compared, installed without the network, with a bill of materials.
dist: web .venv-release/.ready
	.venv-release/$(BIN)/python tools/release/dist.py

# The wheel in dist/ beside other builds of ONNX Runtime and OpenCV; loads about 1 GB.
installs: .venv-release/.ready
	.venv-release/$(BIN)/python tools/release/fresh_installs.py

# Side by side with rembg; see benchmarks/README.md.
bench-quality: .venv-runtime/.ready .venv-rembg/.ready .cache/peers/.ready
	@test -n "$(DATA)" -a -n "$(MORE)" || { echo "say which data: make bench-quality DATA=path/to/val MORE=path/to/val-more"; exit 2; }
	.venv-runtime/$(BIN)/python -m benchmarks.quality.run --data "$(DATA)" --plain
	.venv-runtime/$(BIN)/python -m benchmarks.quality.run --data "$(MORE)" --plain --work .cache/bench-more \
	  --out benchmarks/results/quality_more.json
	.venv-runtime/$(BIN)/python -m benchmarks.quality.run --data "$(DATA)" --sets $(EXACT) \
	  --out benchmarks/results/quality_matting.json

# Gaps between arms and body, in handles and rings, on a list of pictures of two folders.
bench-gaps: .venv-runtime/.ready .venv-rembg/.ready .cache/peers/.ready
	@test -n "$(DATA)" -a -n "$(MORE)" || { echo "say which data: make bench-gaps DATA=path/to/val MORE=path/to/val-more"; exit 2; }
	.venv-runtime/$(BIN)/python -m benchmarks.quality.gaps --data "$(DATA)" --data "$(MORE)"

bench-colours: .venv-runtime/.ready .venv-rembg/.ready
	@test -n "$(DATA)" || { echo "say which data: make bench-colours DATA=path/to/data"; exit 2; }
	.venv-runtime/$(BIN)/python -m benchmarks.quality.colours --data "$(DATA)"

bench-marks: .venv-runtime/.ready
	@test -n "$(DATA)" || { echo "say which data: make bench-marks DATA=path/to/data"; exit 2; }
	.venv-runtime/$(BIN)/python -m benchmarks.quality.marks --data "$(DATA)"

# The server's promises under load, on loopback.
bench-server: .venv/.ready
	.venv/$(BIN)/python -m benchmarks.speed.server_load

# Photos a second against the bare pipeline, memory, planning, and Ray on this machine.
bench-batch: .venv/.ready
	.venv/$(BIN)/python -m benchmarks.speed.batch

bench-speed: .venv-runtime/.ready .venv-rembg/.ready .cache/peers/.ready
	.venv-runtime/$(BIN)/python -m benchmarks.speed.run

bench-browser: .venv/.ready web
	.venv/$(BIN)/python -m benchmarks.speed.browser

.venv-rembg/.ready:
	test -x .venv-rembg/$(BIN)/python || $(PYTHON) -m venv .venv-rembg
	.venv-rembg/$(PIP) install 'rembg[cpu,cli]==2.0.86'
	touch $@

.cache/peers/.ready: benchmarks/fetch_peers.py
	$(PYTHON) -m benchmarks.fetch_peers .cache/peers
	touch $@

# Everything, with torch: for development, training and the full test suite.
.venv/.ready: pyproject.toml constraints.txt
	test -x .venv/$(BIN)/python || $(PYTHON) -m venv .venv
	.venv/$(PIP) install -c constraints.txt torch
	.venv/$(PIP) install -c constraints.txt -e '.[cpu,server,batch,s3,gcs,parquet,watch,ray,mcp,train,gcp,sweep,dev]'
	touch $@

# What a user installs, plus pytest: proves that the runtime needs nothing of the training.
.venv-runtime/.ready: pyproject.toml
	test -x .venv-runtime/$(BIN)/python || $(PYTHON) -m venv .venv-runtime
	.venv-runtime/$(PIP) install -e '.[cpu]' pytest hypothesis
	touch $@

# The tools of the site and of a release, each with its pinned versions.
.venv-%/.ready: tools/%/requirements.txt
	test -x .venv-$*/$(BIN)/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/$(PIP) install -r $<
	touch $@

.venv-lowest/.ready: pyproject.toml
	test -x .venv-lowest/$(BIN)/python || $(PYTHON) -m venv .venv-lowest
	.venv-lowest/$(PIP) install uv
	.venv-lowest/$(BIN)/uv pip install -q --python .venv-lowest/$(BIN)/python --resolution lowest-direct -e '.[cpu,server]'
	.venv-lowest/$(PIP) install pytest hypothesis httpx2 'requests>=2.32'
	touch $@

clean:
	rm -rf .venv .venv-runtime .venv-lowest .venv-site .venv-release $(BROWSER) web/node_modules site demo .pytest_cache .mypy_cache .ruff_cache
