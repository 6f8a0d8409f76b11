# Every target has one line in `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GUESTS := target/guests/wasm32-wasip1/guest
GUEST_BUILD := --profile guest --target-dir target/guests
# Where `make clients` could not install them, their tests count as filtered out.
WITHOUT_CLIENTS = $$(test -f target/clients/installed || echo --skip clients::)
PREFIX ?= $(HOME)/.local
# A person sees a progress bar, a log gets one line per crate.
export CARGO_TERM_PROGRESS_WHEN ?= auto

# The binary embeds its demo actions. Every target that builds it names the same folder, so that none recompiles what
# another has built.
build release test test-clients chaos bench attack fuzz: export WASK_DEMOS := $(CURDIR)/$(GUESTS)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## install what building and testing need (C compiler, WebAssembly target)
	@sh sdk/setup-guests.sh setup

guests: setup ## build the examples and the test guests to WebAssembly
	@sh sdk/setup-guests.sh build -p wask-examples -p wask-guests --bins $(GUEST_BUILD)
	@sh sdk/setup-guests.sh c $(GUESTS)

build: guests ## build the server for development, as `make run` and `make test` use it: target/debug/wask
	@cargo build --locked --workspace --bin wask

release: guests ## build the server with all optimisations: target/release/wask
	@cargo build --locked --release -p wask

install: release ## install the release binary, stripped, into ~/.local/bin (PREFIX=/usr/local: into its bin)
	@install -D -s -m 755 target/release/wask "$(PREFIX)/bin/wask"
	@echo "installed $(PREFIX)/bin/wask ($$(du -h --apparent-size "$(PREFIX)/bin/wask" | cut -f1))"
	@case ":$$PATH:" in *":$(PREFIX)/bin:"*) ;; *) echo "$(PREFIX)/bin is not in your PATH" ;; esac

run: build ## build everything, start `wask dev` with the examples deployed, print URLs and curl lines
	@mkdir -p .wask/examples && chmod 700 .wask && for e in hello typed web-page long-job front tick hello-c; do \
	  if [ -f $(GUESTS)/$$e.wasm ]; then cp -u $(GUESTS)/$$e.wasm .wask/examples/; fi; done
	@exec target/debug/wask dev .wask/examples

clients: ## install `aio rt` and the npm package openwhisk into target/clients for the tests (needs npm)
	@sh tests/clients/setup.sh

test: guests clients ## set up what the tests need and run them all
	@cargo build --locked --workspace --bin wask
	@cargo test --locked --workspace --no-fail-fast -- $(WITHOUT_CLIENTS)

test-clients: guests clients ## run only the tests that drive these clients
	@cargo test --locked -p wask-tests --test it -- clients:: $(WITHOUT_CLIENTS)

lint: ## check format, lints, documentation, licences
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --workspace --no-deps
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked"; fi

bench: release ## measure against bare HTTP on this machine; prints one table
	@cargo run --locked --release -p wask-tests --bin bench

SECONDS_OF_CHAOS := 300
chaos: guests ## kill a server under load for 5 minutes (SECONDS_OF_CHAOS=60 for one) and check that it keeps its promises
	@cargo build --locked --workspace --bin wask && cargo run --locked -p wask-tests --bin chaos -- $(SECONDS_OF_CHAOS)

attack: release ## attack a release server as one caller can, for at most 5 minutes; prints one table (ATTACKS="loops …")
	@cargo run --locked --release -p wask-tests --bin attack -- $(ATTACKS)

SECONDS_OF_FUZZ := 20
fuzz: guests ## give every parser random input, 20 seconds each (SECONDS_OF_FUZZ=60, FUZZ="cron web": only these)
	@sh tests/fuzz/run.sh $(SECONDS_OF_FUZZ) $(FUZZ)

ci: ## run every check that a change must pass
	@.ci/run

.PHONY: help setup guests clients build release install run test test-clients lint bench chaos attack fuzz ci
