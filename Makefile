# `make` alone lists what there is. Flags of the program go in ARGS: make up ARGS="--http 127.0.0.1:9000 --slots 4"

ARGS ?=
export PATH := $(CURDIR)/.rookery/tools/bin:$(PATH)
export CARGO_TERM_COLOR ?= auto
# with_python,test: Python with the packages that scripts/setup installed for it
with_python = PYTHONPATH=$(CURDIR)/.rookery/tools/python-$(1) python3

.DEFAULT_GOAL := help
.PHONY: help up test check bench fmt doc clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

up: ## install what is missing, build, start everything, show a first session; Ctrl-C ends it
	@scripts/setup run
	@cargo build --release --locked --package cli
	@target/release/rookery up --first-session $(ARGS)

test: ## install what is missing, run every test (ARGS: a filter for nextest, and the Rust tests alone)
	@scripts/setup test
	cargo build --locked --workspace --examples
	cargo nextest run --locked --workspace --all-targets $(ARGS)
	cargo test --locked --workspace --doc --quiet
	$(if $(ARGS),,$(call with_python,test) -m pytest clients/python)

check: ## the gate: format, lints, types, licences and layers, unused dependencies, docs
	@scripts/setup check
	cargo fmt --all --check
	cargo deny --locked --log-level warn check -A unused-wrapper bans licenses sources
	cargo machete
	cd clients/python && python3 generate.py --check
	cd clients/python && $(call with_python,check) -m ruff check --config pyproject.toml . ../../bus/examples
	cd clients/python && $(call with_python,check) -m ruff format --check --config pyproject.toml . ../../bus/examples
	cd clients/python && $(call with_python,check) -m mypy
	cd edge/ui && npm run --silent check && npm test --silent
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

bench: ## compare with raw Chromium (ARGS: lifecycle, command, frames, footprint, cdp, view)
	@scripts/setup bench
	@cargo build --release --locked --package cli --package load-tests
	target/release/rookery-bench $(ARGS)

fmt: ## format the code
	cargo fmt --all

doc: ## build the API docs of all crates
	cargo doc --workspace --no-deps --open

clean: ## remove what was built and the tools of this checkout
	cargo clean
	rm -rf .rookery
