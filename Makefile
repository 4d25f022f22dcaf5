# Two commands matter: `make up` runs Postern on an embedded chain, `make test` proves everything.
export CGO_ENABLED ?= 0
GO ?= go

.PHONY: up demo build test test-long bench contracts check clean
.DEFAULT_GOAL := build

build: ## the binary, without cgo
	@[ -x bin/postern ] || echo "Building postern. The first build compiles an Ethereum node and takes a few minutes; later ones take seconds."
	@mkdir -p bin
	$(GO) build -o bin/postern ./cmd/postern

up: build ## chain, bundler, passkey server and wallet page on http://localhost:8080
	@exec ./bin/postern up $(ARGS)

demo: build ## the same journeys without a browser
	@exec ./bin/postern demo $(ARGS)

test: ## installs what is missing, then runs every check there is
	@bash scripts/test.sh

test-long: ## the full counts of random and edge vectors for P-256, on chain and off
	POSTERN_LONG=1 $(GO) test -timeout 60m ./p256table ./internal/p256gen/... ./contracts

check: ## the fast part of `make test`: formatting, vet, staticcheck, layers
	@bash scripts/check.sh

bench: ## speed and gas figures quoted in the docs
	$(GO) test -run '^$$' -bench . -benchmem -count 5 ./passkey/... ./flow ./userop/... ./relyingparty/... ./devnet/... ./p256table ./tableserver

contracts: ## compile the Solidity sources again
	$(GO) run ./internal/p256addresses
	cd contracts && npm ci --no-audit --no-fund --silent && node build.mjs

clean:
	rm -rf bin
