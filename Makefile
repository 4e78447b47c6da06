# lvskit: `make demo` shows it, `make test` tests it; both install what they need and say so.

PREFIX     ?= /usr
BINDIR     ?= $(PREFIX)/bin
# The rendered files name this folder, so it is compiled in.
LIBEXECDIR ?= $(PREFIX)/libexec/keepalived
MANDIR     ?= $(PREFIX)/share/man
DATADIR    ?= $(PREFIX)/share
DOCDIR     ?= $(DATADIR)/doc/lvskit
# Where systemd looks, whatever LIBDIR the distribution has for libraries.
UNITDIR    ?= $(PREFIX)/lib/systemd/system
GENERATORDIR ?= $(PREFIX)/lib/systemd/system-generators
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR    ?= $(DATADIR)/bash-completion/completions
FISHDIR    ?= $(DATADIR)/fish/vendor_completions.d
ZSHDIR     ?= $(DATADIR)/zsh/site-functions
CARGO      ?= cargo
INSTALL    ?= install
TARGET     := $(or $(CARGO_TARGET_DIR),target)
DEPS       := tests/deps

export CARGO INSTALL
export LVSKIT_LIBEXECDIR = $(LIBEXECDIR)
export LVSKIT_SYSCTL_FILE = $(DATADIR)/lvskit/sysctl.conf

# In their folders, so that the links of the installed README lead somewhere.
DOCS := keepalived/README.md keepalived/inventory.yml $(wildcard keepalived/*/keepalived.conf keepalived/samples/*) \
	$(wildcard packaging/*.md packaging/prometheus/*) packaging/rolling-restart packaging/ansible/README.md $(wildcard packaging/ansible/*.yml packaging/ansible/meta/* packaging/ansible/playbooks/*) \
	$(wildcard packaging/ansible/roles/node/*/*) \
	src/guard/README.md src/guard/forwarding.svg tests/bench/README.md $(wildcard tests/lab/*.md) $(wildcard LICENSE-* *.md)

# How long each fuzz target runs, in seconds.
FUZZ_TIME  ?= 600

# What writes the pages is not installed. Cargo builds least with the profile that is built already.
DOCS_PROFILE ?= release

# Where `make dist` has its own.
PROGRAMS   ?= $(TARGET)/release
CRATES     ?= $(TARGET)/docs/crates

.PHONY: all build check deny quick test demo lab matrix packages bench fuzz docs rpm deb dist clean \
	install install-lvskit install-node activate uninstall

all: build

build:
	$(CARGO) build --release --locked

# Format, lints as errors (incompatible_msrv among them), documentation, oldest supported Rust.
check:
	$(DEPS) build
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	$(CARGO) clippy --locked --lib --bins --no-default-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --lib --quiet
	tests/msrv

# Licences, sources and versions of all crates, as packaging/deny.toml wants them; known faults, where their
# database can be fetched. The first time builds cargo-deny.
DENY := target/deny-tools/bin/cargo-deny --config packaging/deny.toml --locked
deny:
	$(DEPS) deny
	$(DENY) check bans licenses sources
	@if $(DENY) fetch db 2>/dev/null; then $(DENY) check advisories; \
		else echo 'make deny: known faults are not looked for: the database of RustSec is out of reach'; fi

# While you work: unit tests, and the answers to mistakes in inventories. Without network, root and packages.
quick:
	$(CARGO) test --locked --lib --bins --test arrows --test ui

# Unit, command line, namespaces, packaging; then the lab. What a machine lacks is installed.
test:
	$(DEPS) namespaces lab smtp rpm deb crates systemd ansible firewall versions schema browser prometheus
	$(CARGO) test --locked --lib --bins
	$(CARGO) test --locked --test arrows --test ui --test smtp_check --test gen_conf --test import --test node --test see --test bypass_ipvs --test guard
	$(CARGO) test --locked --test firewall
	$(CARGO) test --locked --test packaging
	$(CARGO) test --locked --release --test lab -- test ordinary

# The article's cluster on this machine: four nodes, one address, a failover.
demo:
	$(DEPS) lab
	$(CARGO) test --locked --release --test lab -- demo

# The scenarios alone, the proofs too: more than an hour; `make lab SCENARIOS="link_death probe"` runs some.
lab:
	$(DEPS) lab firewall ansible
	$(CARGO) test --locked --release --test lab -- test $(SCENARIOS)

# Some scenarios on Debian 12, 11, 13 and testing, each with its own kernel, keepalived and nft: an hour without KVM.
# `make matrix SCENARIOS=switch` runs others. Linked statically, our programs run on each of them.
matrix:
	$(DEPS) lab matrix
	RUSTFLAGS='-C target-feature=+crt-static' OPENSSL_STATIC=1 \
		OPENSSL_INCLUDE_DIR=/usr/include OPENSSL_LIB_DIR=/usr/lib/$(shell uname -m)-linux-gnu \
		$(CARGO) test --locked --release --target $(shell uname -m)-unknown-linux-gnu --test lab -- \
		matrix $(SCENARIOS)

# Proofs of what is released: the same bytes wherever it is built, sources that need no network, static programs,
# the debs on Debian 12 and 13, README's way to a cluster there, the playbooks with all Ansibles, the lab's cluster from
# installed debs. Three quarters of an hour, of what is committed.
packages:
	$(DEPS) rpm deb deb_roots dist crates ansible firewall lab
	$(CARGO) test --locked --test packaging -- --ignored --test-threads=1
	LVSKIT_LAB_DEBS=$(CURDIR)/target/deb $(CARGO) test --locked --release --test lab -- test converged link_death probe switch

# What a hook, the guard and a check cost, beside what others do, in one run; eight minutes on
# two cores, once it is built. `make bench SECTION=packets` runs a part, `make bench SECTION=help` names them.
# The last part of `status` needs IPVS, so the lab runs it.
BENCH_LAB := $(if $(filter status,$(or $(SECTION),status)),status_cost)
bench:
	$(DEPS) bench $(if $(BENCH_LAB),lab)
	$(CARGO) test --locked --release --test bench -- $(SECTION)
	$(if $(BENCH_LAB),$(CARGO) test --locked --release --test lab -- test $(BENCH_LAB))

# Hostile input, ten minutes for each target that has a corpus. The compiler is the one that is there:
# RUSTC_BOOTSTRAP lets it instrument. What is found worth keeping stays below target/; `tests/fuzz/keep`
# takes what covers more into the corpus, which `make test` replays.
fuzz:
	$(DEPS) fuzz
	for name in $(notdir $(wildcard tests/fuzz/corpus/*)); do \
		mkdir -p $(TARGET)/fuzz/corpus/$$name && \
		RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$(TARGET)/fuzz PATH="$(CURDIR)/target/fuzz-tools/bin:$$PATH" \
			$(CARGO) fuzz run --fuzz-dir tests/fuzz $$name \
			$(TARGET)/fuzz/corpus/$$name tests/fuzz/corpus/$$name -- \
			-max_total_time=$(FUZZ_TIME) -timeout=10 -print_final_stats=1 || exit 1; done

# Manual pages and completions, made of the programs' own definitions of their command lines; which crates
# are in the programs, and their licences.
docs:
	rm -rf $(TARGET)/docs
	$(CARGO) run --profile $(DOCS_PROFILE) --locked --quiet --features docs --bin lvskit-docs -- pages $(TARGET)/docs
	$(CARGO) run --profile $(DOCS_PROFILE) --locked --quiet --features docs --bin lvskit-docs -- crates $(TARGET)/docs/crates

# $(call put,MODE,FOLDER,FILES)
put = packaging/dist/put $(1) $(DESTDIR)$(2) $(3)

UNITS := bypass-ipvs.service bypass-ipvs@.service lvskit-settings.service lvskit-metrics.service lvskit-metrics.timer
# The folders in what systemd reads.
filled = sed 's|@LIBEXECDIR@|$(LIBEXECDIR)|; s|@BINDIR@|$(BINDIR)|; s|@DATADIR@|$(DATADIR)|' $(1) >$(2)
NODE_PROGRAMS := bypass-ipvs smtp-check-tls smtp-check

# What a controller needs: it renders, and nothing on it changes.
install-lvskit: build docs
	$(call put,0755,$(BINDIR),$(PROGRAMS)/lvskit)
	$(call put,0644,$(MANDIR)/man8,$(TARGET)/docs/man/lvskit*.8)
	$(call put,0644,$(MANDIR)/man5,$(TARGET)/docs/man/*.5)
	$(call put,0644,$(BASHDIR),$(TARGET)/docs/completions/bash/*lvskit*)
	$(call put,0644,$(FISHDIR),$(TARGET)/docs/completions/fish/*lvskit*)
	$(call put,0644,$(ZSHDIR),$(TARGET)/docs/completions/zsh/*lvskit*)
	$(call put,0644,$(DOCDIR),$(CRATES)/lvskit.cdx.json $(CRATES)/THIRD-PARTY.txt)
	$(foreach doc,$(DOCS),$(call put,0644,$(DOCDIR)/$(dir $(doc)),$(doc)) &&) :

# What a node needs beside it.
install-node: build docs
	$(call put,0755,$(LIBEXECDIR),$(addprefix $(PROGRAMS)/,$(NODE_PROGRAMS)))
	for program in bypass-ipvs smtp-check; do \
		$(call put,0644,$(MANDIR)/man8,$(TARGET)/docs/man/$$program.8) && \
		$(call put,0644,$(BASHDIR),$(TARGET)/docs/completions/bash/$$program*) && \
		$(call put,0644,$(FISHDIR),$(TARGET)/docs/completions/fish/$$program*) && \
		$(call put,0644,$(ZSHDIR),$(TARGET)/docs/completions/zsh/_$$program) || exit 1; done
	$(call put,0644,$(DATADIR)/lvskit,packaging/lvskit/sysctl.conf)
	$(call put,0644,$(TMPFILESDIR),packaging/tmpfiles.d/lvskit.conf)
	$(call put,0644,$(SYSUSERSDIR),packaging/sysusers.d/lvskit.conf)
	mkdir -p $(TARGET)/systemd
	for unit in $(UNITS); do \
		$(call filled,packaging/systemd/$$unit,$(TARGET)/systemd/$$unit) || exit 1; done
	$(call filled,packaging/systemd/system-generators/lvskit,$(TARGET)/systemd/lvskit)
	$(call filled,packaging/lvskit/keepalived.service.conf,$(TARGET)/systemd/keepalived.service.conf)
	$(call put,0644,$(UNITDIR),$(addprefix $(TARGET)/systemd/,$(UNITS)))
	$(call put,0755,$(GENERATORDIR),$(TARGET)/systemd/lvskit)
	$(call put,0644,$(DATADIR)/lvskit,$(TARGET)/systemd/keepalived.service.conf)

install: install-lvskit install-node

# After `make install` on a node: the probe's user, the drain file, the units. Nothing is enabled.
activate:
	systemd-sysusers $(SYSUSERSDIR)/lvskit.conf
	systemd-tmpfiles --create $(TMPFILESDIR)/lvskit.conf
	systemctl daemon-reload
	@echo 'Ready. Copy keepalived.conf to the node, then: systemctl enable --now bypass-ipvs keepalived'

# Units first, then the guard and the settings that it needed, then the files.
uninstall:
	[ -n "$(DESTDIR)" ] || packaging/dist/deactivate $(LIBEXECDIR)/bypass-ipvs
	cd $(or $(DESTDIR),/) && rm -f $(addprefix .$(LIBEXECDIR)/,$(NODE_PROGRAMS)) .$(BINDIR)/lvskit \
		.$(MANDIR)/man8/lvskit*.8 .$(MANDIR)/man8/bypass-ipvs.8 .$(MANDIR)/man8/smtp-check.8 \
		.$(MANDIR)/man5/lvskit-inventory.5 \
		$(foreach name,lvskit bypass-ipvs smtp-check,.$(BASHDIR)/$(name)* .$(FISHDIR)/$(name).fish .$(ZSHDIR)/_$(name)) \
		.$(TMPFILESDIR)/lvskit.conf .$(SYSUSERSDIR)/lvskit.conf $(addprefix .$(UNITDIR)/,$(UNITS)) \
		.$(GENERATORDIR)/lvskit && rm -rf .$(DOCDIR) .$(DATADIR)/lvskit
	[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload

# The packages of the last commit; RPMFLAGS go to rpmbuild.
rpm:
	packaging/rpm/build $(RPMFLAGS)

# The packages for this machine's Debian, of what is in this folder.
deb: build docs
	$(DEPS) deb
	packaging/deb/build

# Static programs for any Linux, without TLS, and the sources with all crates, in target/dist.
dist: docs
	$(DEPS) dist
	packaging/dist/build

clean:
	$(CARGO) clean
