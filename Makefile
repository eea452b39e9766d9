# Short names for the commands of CONTRIBUTING.md; `make` alone lists them.

.PHONY: help build install quick test lint ci fuzz documents package bench

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the server, optimised: target/release/cos-ftp-server
	cargo build --release --locked

install: ## build and install it, see docs/installing.md
	./install.sh

quick: ## the tests that need nothing but Rust
	cargo test --lib --bins
	cargo test --test suite -- local_store:: the_local_store config:: fuzz:: server_lifecycle:: tidy:: transfers::

test: ## all tests; installs what they need: on a machine that you can throw away
	tests/run

lint: ## formatting and lints
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

ci: ## what must pass before a change goes in
	.ci/run

fuzz: ## two minutes for each property that is fuzzed
	ARBTEST_BUDGET_MS=120000 tests/run --test suite fuzz:: -- --nocapture
	ARBTEST_BUDGET_MS=120000 tests/run --lib no_ -- --nocapture

documents: ## write what is generated: reference, example, manual pages
	UPDATE_DOCUMENTS=1 cargo test --test suite documentation::generated

package: ## the package for Debian and Ubuntu, and the archive with a static server
	packaging/deb
	packaging/tarball

bench: ## measure the parts that need no store
	cargo bench
