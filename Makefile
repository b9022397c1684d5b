# Each target makes what it needs: compilers and QEMU through apt-get, Python packages in .venv.

BIN := .venv/bin
DIGITS := examples/digits

# Real models for the tests that want them; without the folder those tests are skipped.
ifeq ($(AOT_MODELS),)
ifneq ($(wildcard ../shared/models),)
export AOT_MODELS := $(abspath ../shared/models)
endif
endif

# What tests and tools share.
export PYTHONPATH := $(abspath tests/support)

.PHONY: help demo test conformance fuzz lint bench costs readme clean system system-dev environment environment-dev

help:
	@echo "make demo   run the digits example on an emulated Cortex-M4, compare every byte with the model"
	@echo "make test   lint, then all tests"
	@echo "make conformance  the longer proofs: more samples and cases, on every board; writes docs/operators.md"
	@echo "make fuzz   thousands of damaged models, images and archives, and of hostile devices"
	@echo "make lint   ruff, mypy, import-linter"
	@echo "make bench  sizes and instruction counts, compared with tests/tools/bench.json"
	@echo "make costs  measure anew what kernels cost, which decides what is chosen"
	@echo "make readme  write anew what README.md shows of the output"
	@echo "make clean  remove everything that make made here"

demo: system environment
	@mkdir -p build
	$(BIN)/aot run $(DIGITS)/digits.tflite --board mps2-an386 --inputs $(DIGITS)/samples.npz --outputs build/demo.npz
	@$(BIN)/python $(DIGITS)/show.py build/demo.npz

test: lint system-dev
	$(BIN)/python -m pytest -n 2

conformance: system-dev environment-dev
	rm -rf build/counts
	AOT_SAMPLES=16 AOT_CASES=15 AOT_COUNTS=build/counts $(BIN)/python -m pytest -n 2 tests/ops tests/passes tests/plan \
	    tests/compile/test_models.py tests/compile/test_random_graphs.py tests/compile/test_topologies.py \
	    tests/frontends tests/kernels tests/lower tests/emit/test_emit.py
	$(BIN)/python tests/tools/operators_table.py build/counts
	AOT_CASES=125 $(BIN)/python -m pytest tests/device/test_faults.py tests/project/test_mlperf.py
	$(BIN)/python -m venv build/torch
	build/torch/bin/python -m pip install --quiet --editable ".[dev,torch]"
	AOT_CASES=2 build/torch/bin/python -m pytest tests/frontends/pytorch tests/repository/test_pages.py

fuzz: system-dev environment-dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/tools/fuzz.py $(DIGITS)/digits.tflite examples/sine/sine.tflite --objects --count 2000
	$(BIN)/python tests/tools/fuzz_samples.py images --count 1000
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/tools/fuzz_samples.py archives --count 1000
	$(BIN)/python tests/tools/fuzz_devices.py --count 500
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/tools/fuzz_onnx.py --count 2000
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/tools/fuzz_keras.py tests/frontends/keras/models/*.keras tests/frontends/keras/models/*.h5 --count 2000

lint: environment-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: system environment-dev
	$(BIN)/python tests/tools/bench.py

costs: system environment-dev
	$(BIN)/python tests/tools/fit_costs.py

readme: system environment-dev
	$(BIN)/python tests/tools/readme.py

clean:
	rm -rf .venv build dist .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find aot tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@.ci/system-packages

system-dev:
	@.ci/system-packages dev

environment:
	@.ci/environment

environment-dev:
	@.ci/environment dev
