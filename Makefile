# One command for each habit. `make help` lists them.
GO ?= go
export CGO_ENABLED = 0

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: check
check: ## what must pass: format, vet, tests, the other platform's build
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) test ./...
	GOARCH=arm64 $(GO) vet ./...
	$(GO) -C internal/kernel/gen vet ./...
	$(GO) -C internal/kernel/gen test ./...

.PHONY: gen
gen: ## write the generated assembly again
	$(GO) generate ./internal/kernel

.PHONY: bench
bench: ## time the matrix products against the machine's peak
	$(GO) test ./internal/kernel -run '^$$' -bench Gemm -benchtime 20x

# ORACLE is a Python that has tools/oracle/requirements.txt.
ORACLE ?= python3

.PHONY: oracle
oracle: ## make the models' fixtures again with the reference implementations
	cd tools/oracle && $(ORACLE) make_models.py ../../model/testdata && $(ORACLE) make_curves.py ../../model/testdata
	$(ORACLE) tools/oracle/make_safetensors.py internal/safetensors/testdata
