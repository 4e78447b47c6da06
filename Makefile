# lvskit: `make demo` shows it, `make test` tests it; both install what they need and say so.

PREFIX     ?= /usr
BINDIR     ?= $(PREFIX)/bin
# The rendered files name this folder, so it is compiled in.
LIBEXECDIR ?= $(PREFIX)/libexec/keepalived
MANDIR     ?= $(PREFIX)/share/man
DATADIR    ?= $(PREFIX)/share
DOCDIR     ?= $(DATADIR)/doc/lvskit
CARGO      ?= cargo
INSTALL    ?= install
TARGET     := $(or $(CARGO_TARGET_DIR),target)
DEPS       := tests/deps

export LVSKIT_LIBEXECDIR = $(LIBEXECDIR)

.PHONY: all build check test demo lab bench install docs rpm clean

all: build

build:
	$(CARGO) build --release --locked

# Format, lints as errors (incompatible_msrv among them), documentation, oldest supported Rust.
check:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --lib --quiet
	tests/msrv

# Unit, command line, namespaces, packaging; then the lab. What a machine lacks is installed.
test:
	$(DEPS) namespaces lab rpm ansible
	$(CARGO) test --locked --lib --bins
	$(CARGO) test --locked --test smtp_check --test gen_conf --test bypass_ipvs --test guard
	$(CARGO) test --locked --test packaging
	$(CARGO) test --locked --release --test lab -- test

# The article's cluster on this machine: four nodes, one address, a failover.
demo:
	$(DEPS) lab
	$(CARGO) test --locked --release --test lab -- demo

# The scenarios alone; `make lab SCENARIOS="link_death probe"` runs some of them.
lab:
	$(DEPS) lab
	$(CARGO) test --locked --release --test lab -- test $(SCENARIOS)

# What a hook costs, beside the article's and bare nft, in one run.
bench:
	$(DEPS) bench
	$(CARGO) test --locked --release --test bench

# Manual pages and completions, made of the programs' own definitions of their command lines.
docs:
	rm -rf $(TARGET)/docs
	$(CARGO) run --release --locked --quiet --features docs --bin lvskit-docs -- $(TARGET)/docs

# The example playbook goes beside the example inventory.
install: build docs
	$(INSTALL) -D -m 0755 -t $(DESTDIR)$(BINDIR) $(TARGET)/release/lvskit
	$(INSTALL) -D -m 0755 -t $(DESTDIR)$(LIBEXECDIR) $(addprefix $(TARGET)/release/,bypass-ipvs smtp-check)
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(MANDIR)/man8 $(TARGET)/docs/man/*.8
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(DATADIR)/bash-completion/completions $(TARGET)/docs/completions/bash/*
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(DATADIR)/fish/vendor_completions.d $(TARGET)/docs/completions/fish/*
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(DATADIR)/zsh/site-functions $(TARGET)/docs/completions/zsh/*
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(DOCDIR) keepalived/inventory.yml LICENSE-* $(wildcard *.md)
	$(INSTALL) -D -m 0644 -t $(DESTDIR)$(DOCDIR)/ansible $(addprefix packaging/ansible/,README.md site.yml)

# The package of the last commit.
rpm:
	packaging/rpm/build

clean:
	$(CARGO) clean
