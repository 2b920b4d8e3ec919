# make demo: see it work.  make test: everything.  make check: the quick part.  make install: the program, its manual and completions.

PYTHON  ?= $(shell command -v python3.11 || command -v python3)
PREFIX  ?= /usr/local
DESTDIR ?=

# ip and its like are not in every user's path.
export PATH := $(PATH):/usr/sbin:/sbin
export LVSARP_BIN ?= $(CURDIR)/target/release/lvsarp
export LVSARP_BENCH_BIN ?= $(CURDIR)/target/release/examples/lvsarp_bench
VENV   := $(CURDIR)/.venv
PY     := $(VENV)/bin/python
PYTEST := $(PY) -m pytest -q -p no:cacheprovider

.PHONY: all build demo check test lint rust python kernel faults bench install uninstall packages clean

all: build

build:
	cargo build --release --locked -p lvsarp-cli

demo: packages build
	@$(PYTHON) examples/demo.py

# The quick part: format, lints, Rust tests with the behaviour suite, and the Python tests that do not build packages.
check: packages lint rust python

test: check demo kernel faults
	$(PYTEST) -m slow tests/python

lint:
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

rust: build
	cargo test --locked --workspace --exclude lvsarp-python
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --exclude lvsarp-python

python: build $(VENV)/installed
	$(PY) -m mypy --strict python/lvsarp
	$(PY) -m mypy.stubtest lvsarp
	$(PYTEST) -m "not slow" tests/python

# The kernel as the oracle: storms on the wire, and every pair of levels.
kernel: build $(VENV)/installed
	cargo build --release --locked -p lvsarp --example lvsarp_bench
	$(PYTEST) -s tests/kernel

# Killed at every system call, every system call made to fail.
faults: build $(VENV)/installed
	$(PYTEST) tests/faults

bench: packages build $(VENV)/installed
	$(PY) -m pip install -q --disable-pip-version-check 'pyroute2==0.9.7'
	$(PY) benches/compare.py --out docs/benchmarks.md

# The Python package, built as a wheel and installed into a virtual environment of its own.
PYTHON_SOURCES := $(shell find crates bindings python -name '*.rs' -o -name '*.toml' -o -name '*.py' -o -name '*.pyi' -o -name py.typed) \
                  Cargo.toml Cargo.lock pyproject.toml
$(VENV)/tools: Makefile
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check 'maturin==1.16.0' 'pytest==9.*' 'mypy==1.*'
	touch $@
$(VENV)/installed: $(VENV)/tools $(PYTHON_SOURCES)
	rm -rf target/wheels
	$(VENV)/bin/maturin build --release --locked -q -i $(PY) -o target/wheels
	$(PY) -m pip install -q --disable-pip-version-check --force-reinstall --no-deps target/wheels/*.whl
	touch $@

# What the tests run besides cargo and Python. Only a missing package needs root.
packages:
	@missing=""; \
	for pair in ip:iproute2 unshare:util-linux setpriv:util-linux flock:util-linux strace:strace sysctl:procps; do \
	  command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ]; then echo "missing Debian packages, install them as root: apt-get install$$missing" >&2; exit 1; fi; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

install: build
	install -D -m 755 $(LVSARP_BIN) $(DESTDIR)$(PREFIX)/sbin/lvsarp
	install -d $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	  $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(LVSARP_BIN) man > $(DESTDIR)$(PREFIX)/share/man/man8/lvsarp.8
	$(LVSARP_BIN) completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lvsarp
	$(LVSARP_BIN) completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_lvsarp
	$(LVSARP_BIN) completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/lvsarp.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/lvsarp $(DESTDIR)$(PREFIX)/share/man/man8/lvsarp.8 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lvsarp $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_lvsarp \
	  $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/lvsarp.fish

clean:
	cargo clean
	rm -rf $(VENV) benches/raw/bin
