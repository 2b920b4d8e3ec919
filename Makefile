# make: the program, the C libraries, their manuals.  make demo, make lab: see it work.  make check: the quick tests.  make test: everything.
# make install: what make built, nothing else; it runs neither cargo nor Python, so it may run as root.

PYTHON     ?= $(shell command -v python3.11 || command -v python3)
DESTDIR    ?=
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
TARGET     ?= $(or $(CARGO_TARGET_DIR),target)
VERSION    := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
MAJOR      := $(firstword $(subst ., ,$(VERSION)))

# ip and its like are not in every user's path.
export PATH := $(PATH):/usr/sbin:/sbin
export LVSARP_BIN ?= $(abspath $(TARGET))/release/lvsarp
LDIRECTORD := $(abspath $(TARGET))/debian/usr/sbin/ldirectord
LDIRECTORD_PERL := libauthen-radius-perl libcrypt-ssleay-perl libdbi-perl libdigest-hmac-perl libio-socket-inet6-perl libmail-pop3client-perl \
                   libmailtools-perl libnet-dns-perl libnet-imap-simple-perl libnet-imap-simple-ssl-perl libnet-ldap-perl libsocket6-perl libwww-perl
export LVSARP_LDIRECTORD ?= $(LDIRECTORD)
export LVSARP_DR_CHECK ?= $(abspath $(TARGET))/c/examples/dr_check
export LVSARP_DR_AUDIT ?= $(abspath $(TARGET))/c/examples/dr_audit
export LVSARP_BENCH_BIN ?= $(abspath $(TARGET))/release/examples/lvsarp_bench
export LVSARP_RESOLVE_BIN ?= $(abspath $(TARGET))/release/examples/lvsarp_resolve
VENV   := $(CURDIR)/.venv
PY     := $(VENV)/bin/python
# Salt has an environment of its own, and its wheels are kept: a test installs it anew without the network.
SALT_VENV   := $(CURDIR)/.venv-salt
SALT_PY     := $(SALT_VENV)/bin/python
SALT_WHEELS := $(CURDIR)/target/salt-wheels
# Tests run make and cargo themselves, and are no parts of this make.
RUN_PYTEST = env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(1) -m pytest -q -p no:cacheprovider
PYTEST := $(call RUN_PYTEST,$(PY))

# What a recipe has begun and not ended is not there.
.DELETE_ON_ERROR:
.PHONY: all build program library demo lab check test lint rust python c capi packaging examples kernel test-kernel wire watch second programs \
        cluster faults documents salt test-salt slow wheel bench fuzz install uninstall packages clean

all: build

build: program library

program:
	cargo build --release --locked -p lvsarp-cli
	@mkdir -p $(TARGET)/share
	@$(TARGET)/release/lvsarp man > $(TARGET)/share/lvsarp.8
	@for shell in bash zsh fish; do $(TARGET)/release/lvsarp completions $$shell > $(TARGET)/share/$$shell || exit 1; done

library:
	cargo xtask lib
	cargo xtask man

demo: packages program
	@$(PYTHON) examples/demo.py

# A real cluster in user-mode Linux, with ip_vs, keepalived and ldirectord: a table of what was done and counted, in up to five minutes.
# DOCUMENT=docs/lab.md: the table there is replaced by this one.
IN_A_CLUSTER := linux.uml:user-mode-linux depmod:kmod ipvsadm:ipvsadm keepalived:keepalived
lab: NEEDED += $(IN_A_CLUSTER)
lab: packages program examples $(LDIRECTORD)
	@cd tests && $(PYTHON) -m cluster $(if $(DOCUMENT),--into $(abspath $(DOCUMENT)))

# The quick part: format, lints, Rust tests with the behaviour suite, the Python tests that do not build packages, and the C header.
check: NEEDED += $(CXX):g++
check: packages
	$(MAKE) --no-print-directory -j2 --output-sync=target lint rust python c

test: NEEDED += pkg-config:pkg-config cmake:cmake abidiff:abigail-tools mandoc:mandoc valgrind:valgrind /usr/lib/debug/.build-id:libc6-dbg \
                /usr/include/jansson.h:libjansson-dev nft:nftables arptables-legacy:arptables \
                ebtables-legacy:ebtables /usr/lib/systemd/systemd-sysctl:systemd nsenter:util-linux $(IN_A_CLUSTER) \
                arping:iputils-arping ping:iputils-ping arp-scan:arp-scan $(PYTHON_H):python3-dev
# What check has not run already, three parts at a time, because each of them waits most of its time. The longest first.
test: check demo
	$(MAKE) --no-print-directory -j3 --output-sync=target \
	  faults capi kernel test-salt documents packaging second programs salt wire cluster watch slow

lint:
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

rust: program
	cargo test --locked --workspace --exclude lvsarp-python
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --exclude lvsarp-python

python: program $(VENV)/installed
	$(PY) -m mypy --strict python/lvsarp
	$(PY) -m mypy.stubtest lvsarp
	$(PYTEST) -m "not slow" tests/python

# The header and the version script are those of bindings/c, every C and C++ compiler takes the header, and no struct has moved.
ALONE := -Iinclude -pedantic -Wall -Wextra -Werror -fsyntax-only
c:
	cargo xtask check
	$(CC) -std=c99 $(ALONE) tests/c/header_alone.c
	$(CC) -std=c11 $(ALONE) tests/c/layout.c
	$(CXX) -std=c++11 $(ALONE) tests/c/header_alone.cpp

# The library through its C functions.
capi: library $(VENV)/tools
	$(PYTEST) tests/c

# What make install installs, as its users find and use it.
packaging: build $(VENV)/tools
	$(PYTEST) tests/packaging

# Those that ask the wire need the whole library.
WITH_FULL := dr_audit dr_watch
examples: library
	@mkdir -p $(TARGET)/c/examples
	@for source in $(wildcard examples/c/*.c); do \
	  name=$$(basename $$source .c); program=$(TARGET)/c/examples/$$name; \
	  case " $(WITH_FULL) " in *" $$name "*) library=lvsarp-full;; *) library=lvsarp;; esac; \
	  $(CC) -std=c11 -pedantic -Wall -Wextra -Werror -O2 -Iinclude $$source -o $$program \
	    -L$(TARGET)/c/lib -Wl,-rpath,$(abspath $(TARGET))/c/lib -l$$library && echo $$program || exit 1; \
	done

# The kernel as the oracle: storms on the wire, every pair of levels, observed cases, random hosts, and random sysctl files.
kernel: program $(VENV)/installed
	cargo build --release --locked -p lvsarp --example lvsarp_bench --example lvsarp_resolve
	$(PYTEST) -s tests/kernel
	@if [ "$$(id -u)" = 0 ]; then cargo test --locked -q -p lvsarp --lib managers::real -- --ignored; \
	else echo "systemd-networkd runs as root only: its test was left out" >&2; fi

# The model against the kernel for as long as asked, on random hosts: make test-kernel N=50000 SEED=1.
N    ?= 50000
SEED ?= 1
test-kernel: packages $(VENV)/installed
	cd tests && $(PY) -m lab.differential --requests $(N) --seed $(SEED)

# The same oracle, the behaviour suite and the probe on a second kernel, user-mode Linux 6.1, which has VRF, VLAN, bond and dummy devices.
# And a reboot: one such kernel persists, others boot with its files.
IN_A_GUEST = cd tests && $(PY) -m lab.uml sh -ec 'modprobe ipv6; exec "$$@"' guest
second: library program $(VENV)/installed
	$(IN_A_GUEST) $(PYTEST) kernel/test_levels_table.py kernel/test_undo_restores_addresses.py kernel/test_arp_cases.py
	export LVSARP_REQUESTS=1000; $(IN_A_GUEST) $(PYTEST) -s kernel/test_arp_model.py -k 'the_model_says'
	$(IN_A_GUEST) $(PYTEST) c/test_c_conformance.py -k test_case
	$(IN_A_GUEST) $(PYTEST) wire/on_other_devices.py
	$(PYTEST) tests/second

# keepalived and ldirectord run the example as their health check, on a second kernel that has ip_vs.
programs: examples $(VENV)/tools $(LDIRECTORD)
	$(PYTEST) tests/programs

# make lab in short.
cluster: NEEDED += $(IN_A_CLUSTER)
cluster: packages program examples $(VENV)/tools $(LDIRECTORD)
	$(PYTEST) tests/cluster

# ldirectord is unpacked and not installed, because its package starts it.
$(LDIRECTORD):
	@mkdir -p $(TARGET)/debian
	@cd $(TARGET)/debian && { apt-get download -qq ldirectord || { apt-get update -qq && apt-get download -qq ldirectord; }; }
	@cd $(TARGET)/debian && dpkg -x ldirectord_*.deb .
	@perl -c $@ 2>/dev/null || { \
	  if [ "$$(id -u)" != 0 ]; then echo "missing Debian packages, install them as root: apt-get install $(LDIRECTORD_PERL)" >&2; exit 1; fi; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(LDIRECTORD_PERL); }
	@perl -c $@
	@touch $@

# Probe, listen and announce among hosts in namespaces on one bridge, and under a storm of hostile frames.
wire: NEEDED += arping:iputils-arping ping:iputils-ping arp-scan:arp-scan nft:nftables
wire: packages program $(VENV)/tools
	$(PYTEST) tests/wire

# Killed at every system call, every system call made to fail.
faults: program $(VENV)/installed
	$(PYTEST) tests/faults

# Every disturbance is told once and mended, in a flood too, and idle it costs next to nothing.
watch: packages program $(VENV)/tools
	$(PYTEST) -s tests/watch

# What reads files and frames of others, on any bytes, for ten minutes each. Needs a nightly toolchain and cargo-fuzz (cargo install cargo-fuzz).
FUZZ_SECONDS ?= 600
fuzz:
	cargo +nightly fuzz run resolver -- -max_total_time=$(FUZZ_SECONDS) -max_len=4096
	cargo +nightly fuzz run wire -- -max_total_time=$(FUZZ_SECONDS) -max_len=256

# The Salt extension by Salt's own loader, and docs/salt.md as it stands, from an empty environment on; without daemons.
salt: $(SALT_VENV)/installed
	$(call RUN_PYTEST,$(SALT_PY)) tests/salt --ignore=tests/salt/fleet

# A fleet with the real daemons of Salt: a master, a director and five real servers, each in its own namespaces on one bridge.
test-salt: NEEDED += nsenter:util-linux $(PYTHON_H):python3-dev
test-salt: packages $(SALT_VENV)/installed
	PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(call RUN_PYTEST,$(SALT_PY)) -s -x --confcutdir=tests/salt/fleet tests/salt/fleet

bench: NEEDED += pkg-config:pkg-config /usr/include/libnl3/netlink/route/link.h:libnl-route-3-dev
bench: packages build $(VENV)/installed
	$(PY) -m pip install -q --disable-pip-version-check 'pyroute2==0.9.7'
	$(PY) benches/compare.py --out docs/benchmarks.md
	cd benches/model && cargo bench --locked

# The Python package, built as a wheel and installed into a virtual environment of its own.
PYTHON_SOURCES := $(shell find crates/lvsarp crates/lvsarp-svg crates/lvsarp-cli bindings/python python -name '*.rs' -o -name '*.toml' -o -name '*.py' -o -name '*.pyi' -o -name py.typed) \
                  Cargo.toml Cargo.lock pyproject.toml
$(VENV)/tools: Makefile
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check 'maturin==1.16.0' 'pytest==9.*' 'mypy==1.*' 'abi3audit==0.0.26'
	touch $@
$(VENV)/installed: $(VENV)/tools $(PYTHON_SOURCES)
	rm -rf target/python
	$(VENV)/bin/maturin build --release --locked -q -i $(PY) -o target/python
	$(PY) -m pip install -q --disable-pip-version-check --force-reinstall --no-deps target/python/*.whl
	touch $@

# The wheel for other machines, in target/dist: for every CPython from 3.9 on and every glibc from 2.17 on, which zig links for.
wheel: $(VENV)/tools
	$(PY) -m pip install -q --disable-pip-version-check 'maturin[zig]==1.16.0'
	rm -rf target/dist
	PATH="$(VENV)/bin:$$PATH" CARGO_TARGET_DIR=$(abspath $(TARGET))/wheel \
	  $(VENV)/bin/maturin build --release --locked -q --zig --compatibility manylinux2014 -i $(PY) -o target/dist
	$(VENV)/bin/abi3audit --strict target/dist/*.whl
	@ls target/dist/*.whl

# Salt needs timelib, which is compiled, by gcc and with the headers of Python. Later releases need a certifi that not every index has.
PYTHON_H = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
IN_SALT_VENV := 'salt==3008.3' 'pytest-salt-factories==1.0.5' 'pytest==9.*'
$(SALT_WHEELS)/complete: Makefile $(VENV)/tools
	@mkdir -p $(SALT_WHEELS)
	$(PY) -m pip wheel -q --disable-pip-version-check -w $(SALT_WHEELS) $(IN_SALT_VENV)
	touch $@
$(SALT_VENV)/tools: $(SALT_WHEELS)/complete
	$(PYTHON) -m venv $(SALT_VENV)
	$(SALT_PY) -m pip install -q --disable-pip-version-check --no-index -f $(SALT_WHEELS) $(IN_SALT_VENV)
	touch $@
$(SALT_VENV)/installed: $(SALT_VENV)/tools $(VENV)/installed
	$(SALT_PY) -m pip install -q --disable-pip-version-check --force-reinstall --no-deps --no-index target/python/*.whl
	touch $@

# The Python tests that build packages.
slow: $(VENV)/installed
	$(PYTEST) -m slow tests/python

# What README and docs/ tell their reader to type, on a network of its own for each of them.
documents: build $(VENV)/installed $(VENV)/wheels
	$(PYTEST) tests/documents
# What a clean clone is built with, for those who have no way to the package index.
$(VENV)/wheels: $(VENV)/tools
	$(PY) -m pip download -q --disable-pip-version-check --no-deps -d $@ 'maturin==1.16.0'
	touch $@

# What is run besides cargo, gcc and Python, and the Debian package that has it. Only a missing package needs root.
NEEDED := ip:iproute2 unshare:util-linux setpriv:util-linux flock:util-linux strace:strace sysctl:procps
packages:
	@missing=""; \
	for pair in $(NEEDED); do \
	  command -v $${pair%%:*} >/dev/null || test -e $${pair%%:*} || missing="$$missing $${pair##*:}"; \
	done; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ]; then echo "missing Debian packages, install them as root: apt-get install$$missing" >&2; exit 1; fi; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

# What is installed: with which mode, from where, to where. A link is to what stands in the middle; fill puts the paths and the version in.
SO := liblvsarp.so
FULL := liblvsarp-full
define INSTALLED
755  $(TARGET)/release/lvsarp $(SBINDIR)/lvsarp
755  $(TARGET)/c/lib/$(SO).$(VERSION) $(LIBDIR)/$(SO).$(VERSION)
link $(SO).$(VERSION) $(LIBDIR)/$(SO).$(MAJOR)
link $(SO).$(MAJOR) $(LIBDIR)/$(SO)
755  $(TARGET)/c/lib/$(FULL).so.$(VERSION) $(LIBDIR)/$(FULL).so.$(VERSION)
link $(FULL).so.$(VERSION) $(LIBDIR)/$(FULL).so.$(MAJOR)
link $(FULL).so.$(MAJOR) $(LIBDIR)/$(FULL).so
644  $(TARGET)/c/lib/liblvsarp.a $(LIBDIR)/liblvsarp.a
link liblvsarp.a $(LIBDIR)/$(FULL).a
644  include/lvsarp.h $(INCLUDEDIR)/lvsarp.h
fill bindings/c/packaging/lvsarp.pc.in $(LIBDIR)/pkgconfig/lvsarp.pc
fill bindings/c/packaging/lvsarp-full.pc.in $(LIBDIR)/pkgconfig/lvsarp-full.pc
fill bindings/c/packaging/LvsarpConfig.cmake.in $(LIBDIR)/cmake/Lvsarp/LvsarpConfig.cmake
fill bindings/c/packaging/LvsarpConfigVersion.cmake.in $(LIBDIR)/cmake/Lvsarp/LvsarpConfigVersion.cmake
644  $(TARGET)/share/lvsarp.8 $(DATADIR)/man/man8/lvsarp.8
644  $(TARGET)/c/man/lvsarp.3 $(DATADIR)/man/man3/lvsarp.3
644  $(TARGET)/share/bash $(DATADIR)/bash-completion/completions/lvsarp
644  $(TARGET)/share/zsh $(DATADIR)/zsh/site-functions/_lvsarp
644  $(TARGET)/share/fish $(DATADIR)/fish/vendor_completions.d/lvsarp.fish
endef
export INSTALLED

# The paths in files that are below PREFIX are relative to it, so that they still hold when all of it is moved.
RELATIVE = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
FILL = sed -e 's|@VERSION@|$(VERSION)|' -e 's|@MAJOR@|$(MAJOR)|' -e 's|@PREFIX@|$(PREFIX)|' \
           -e 's|@LIBDIR@|$(call RELATIVE,$(LIBDIR))|' -e 's|@INCLUDEDIR@|$(call RELATIVE,$(INCLUDEDIR))|' \
           -e "s|@INCLUDE_FROM_CMAKE@|$$(realpath -ms --relative-to='$(LIBDIR)/cmake/Lvsarp' '$(INCLUDEDIR)')|" \
           -e "s|@PRIVATE_LIBS@|$$(sed -n 's/^Libs.private: //p' bindings/c/packaging/lvsarp.pc.in | tr ' ' ';')|"

install:
	@echo "$$INSTALLED" | while read -r how from to; do \
	  [ $$how = link ] || [ -e "$$from" ] || { echo "$$from is not there: run make first" >&2; exit 1; }; \
	done
	@echo "$$INSTALLED" | while read -r how from to; do \
	  echo "$(DESTDIR)$$to"; \
	  install -d "$(DESTDIR)$${to%/*}" && \
	  case $$how in \
	    link) ln -sf "$$from" "$(DESTDIR)$$to" ;; \
	    fill) $(FILL) "$$from" | install -m 644 /dev/stdin "$(DESTDIR)$$to" ;; \
	    *) install -m $$how "$$from" "$(DESTDIR)$$to" ;; \
	  esac || exit 1; \
	done
# The dynamic linker finds a library by its cache, which knows the usual places.
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && ldconfig -NXv 2>/dev/null | grep -q '^$(LIBDIR):'; then ldconfig; fi

uninstall:
	@echo "$$INSTALLED" | while read -r how from to; do echo "$(DESTDIR)$$to"; rm -f "$(DESTDIR)$$to"; done
	@folder="$(DESTDIR)$(LIBDIR)/cmake/Lvsarp"; [ ! -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder"

clean:
	cargo clean
	rm -rf $(VENV) $(SALT_VENV) benches/raw/bin
