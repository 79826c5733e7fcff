# One command for each habit. `make help` lists them.
GO ?= go
export CGO_ENABLED = 0

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: check
check: ## all that a change must pass: .ci/run
	./.ci/run

.PHONY: test
test: ## the tests alone
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: gen
gen: ## write the generated assembly again
	$(GO) generate ./internal/kernel

# BENCH selects benchmarks by name, PKG packages: make bench BENCH=Gemm/bf16 PKG=./internal/kernel
BENCH ?= .
PKG ?= ./internal/kernel ./tensor ./optim ./checkpoint ./dataset ./tokenizer

.PHONY: bench
bench: ## time kernels, operations, data and training steps; BENCH=name and PKG=./pkg select
	$(GO) test $(PKG) -run '^$$' -bench '$(BENCH)'
	$(GO) run ./cmd/athanor bench train
	$(GO) run ./cmd/athanor bench train --preset gpt2 --ctx 512 --batch 2 --steps 5

# ORACLE is a Python that has tools/oracle/requirements.txt; DATA holds the corpora and tokenizers that the tokenizer's fixtures are hashed from.
ORACLE ?= python3
DATA ?= ../shared/data

.PHONY: oracle
oracle: ## make the fixtures again with the reference implementations; ORACLE=python
	cd tools/oracle && $(ORACLE) make_models.py ../../model/testdata && $(ORACLE) make_curves.py ../../model/testdata
	$(ORACLE) tools/oracle/make_safetensors.py internal/safetensors/testdata
	$(ORACLE) tools/oracle/tokenizer_golden.py $(DATA)
	$(ORACLE) tools/oracle/tokenizer_parts.py
	$(ORACLE) tools/oracle/wordpiece_golden.py $(DATA)
	$(ORACLE) tools/oracle/sentencepiece_golden.py $(DATA)
	$(ORACLE) tools/oracle/reader_files.py corpus/read/testdata
