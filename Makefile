# Every target has one line in `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GUESTS := target/guests/wasm32-wasip1/guest
GUEST_BUILD := --profile guest --target-dir target/guests
# Where `make clients` could not install them, their tests count as filtered out.
WITHOUT_CLIENTS = $$(test -f target/clients/installed || echo --skip clients::)
export CARGO_TERM_PROGRESS_WHEN := never

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## install what building and testing need (C compiler, WebAssembly target)
	@sh sdk/setup-guests.sh setup

guests: setup ## build the examples and the test guests to WebAssembly
	@sh sdk/setup-guests.sh build -p wask-examples -p wask-guests --bins $(GUEST_BUILD)
	@sh sdk/setup-guests.sh c $(GUESTS)

build: guests ## build the release binary with its demo actions: target/release/wask
	@WASK_DEMOS="$(CURDIR)/$(GUESTS)" cargo build --release -p wask

run: build ## build everything, start `wask dev` with the examples deployed, print URLs and curl lines
	@mkdir -p .wask/examples && for e in hello typed web-page long-job front tick hello-c; do \
	  if [ -f $(GUESTS)/$$e.wasm ]; then cp -u $(GUESTS)/$$e.wasm .wask/examples/; fi; done
	@exec target/release/wask dev .wask/examples

clients: ## install `aio rt` and the npm package openwhisk into target/clients for the tests (needs npm)
	@sh tests/clients/setup.sh

test: guests clients ## set up what the tests need and run them all
	@cargo build -p wask
	@cargo test --workspace --exclude wask-tests --no-fail-fast
	@cargo test -p wask-tests --no-fail-fast -- $(WITHOUT_CLIENTS)

test-clients: guests clients ## run only the tests that drive these clients
	@cargo test -p wask-tests --test it -- clients:: $(WITHOUT_CLIENTS)

lint: ## check format, lints, licences
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked"; fi

bench: build ## measure against bare HTTP on this machine; prints one table
	@cargo run --release -p wask-tests --bin bench

SECONDS_OF_CHAOS := 300
chaos: guests ## kill a server under load for 5 minutes (SECONDS_OF_CHAOS=60 for one) and check that it keeps its promises
	@cargo build -p wask && cargo run -p wask-tests --bin chaos -- $(SECONDS_OF_CHAOS)

ci: ## run every check that a change must pass
	@.ci/run

.PHONY: help setup guests clients build run test test-clients lint bench chaos ci
