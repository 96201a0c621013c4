# bco: `make help` lists the targets; CONTRIBUTING.md explains how they are used.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
CC = gcc
AR ?= ar
INSTALL ?= install
CFLAGS ?= -O3 -g
# One build folder for each set of flags that is used often: build, build/asan, ...
BUILD ?= build
# -fsanitize=..., e.g. address,undefined
SANITIZE ?=
# WERROR=1: warnings are errors (CI)
WERROR ?=
# V=1: whole commands instead of short lines
V ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
FUZZ_SECONDS ?= 60
# no: without oneDNN, and so without --precision bf16
ONEDNN ?= $(shell printf '\#include <dnnl.h>\n\#if DNNL_VERSION_MAJOR != 2\n\#error\n\#endif\n' | $(CC) -E - >/dev/null 2>&1 && echo yes || echo no)

VERSION := $(shell sed -n 's/^\#define BCO_VERSION "\(.*\)"/\1/p' include/bco/bco.h)
SONAME := libbco.so.0

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wno-format-nonliteral -Wundef -Werror=implicit-function-declaration $(if $(WERROR),-Werror)
BASE_FLAGS = -std=c17 -D_POSIX_C_SOURCE=200809L -fopenmp -MMD -MP $(WARNINGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE) \
	-fno-sanitize-recover=all)
# -fno-math-errno: a square root is one instruction, so that loops with one become vectors; values stay as they are.
LIB_FLAGS = $(BASE_FLAGS) -fno-math-errno -fPIC -fvisibility=hidden -Iinclude -Ilib $(if $(filter yes,$(ONEDNN)),-DBCO_ONEDNN)
TOOL_FLAGS = $(BASE_FLAGS) -Iinclude -Itools
TEST_FLAGS = $(BASE_FLAGS) -Iinclude -Ilib -Itests
LINK_FLAGS = -fopenmp $(if $(SANITIZE),-fsanitize=$(SANITIZE))
LIBS = -lcsv -lyyjson -lzstd -lz -lpcre2-8 -lopenblas -lxxhash -llmdb -lutf8proc $(if $(filter yes,$(ONEDNN)),-ldnnl) -lm

LIB_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c))
COMMON_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/common/*.c))
TOOLS := $(patsubst tools/%.c,%,$(wildcard tools/*.c))
TOOL_PROGRAMS := $(TOOLS:%=$(BUILD)/bin/%)
# Tools that open no model. They are linked with what they use of libbco.a: the shared library would load OpenBLAS into
# them, whose threads begin to spin before main() does.
STANDALONE := likert2bin pair2bin likert2pair binbalance binsplit binstat bco-tokenize bco-winrate bco-plot
STANDALONE_PROGRAMS := $(STANDALONE:%=$(BUILD)/bin/%)
UNIT_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
EXAMPLE_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard examples/*.c examples/*/*.c))
HELPER_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/helpers/*.c))
FUZZ_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
# Unit tests with one version of the kernels each, whatever this machine would choose.
KERNELS := $(shell grep -l BCO_CLONES lib/*/*.c)
KERNEL_TESTS := test_ops test_model test_optimizer test_bf16
VERSIONS := baseline $(if $(findstring x86_64,$(shell $(CC) -dumpmachine)),v3)
VERSION_FLAGS_baseline = -DBCO_CLONES=
VERSION_FLAGS_v3 = -DBCO_CLONES='__attribute__((target("arch=x86-64-v3")))'
VERSION_PROGRAMS := $(foreach version,$(VERSIONS),$(KERNEL_TESTS:%=$(BUILD)/tests/kernels/$(version)-%))
REPLAY_PROGRAMS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/replay/%,$(wildcard tests/fuzz/fuzz_*.c))
LIBRARIES := $(BUILD)/libbco.a $(BUILD)/lib/libbco.so
MAN_PAGES := $(wildcard man/*.[1-9])
HEADERS := $(wildcard include/bco/*.h)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all tests check check-built check-long demo pictures deps install install-bin install-lib install-dev install-man uninstall \
	clean dist distcheck lint lint-man asan ubsan valgrind fuzz coverage bench help

## all: the library and the tools, into build/ (the default)
all: $(LIBRARIES) $(TOOL_PROGRAMS) $(BUILD)/bco-uninstalled.pc

comma := ,
run = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,printf '%-4s %s\n' $(1) $(2);))

# ---- building ---------------------------------------------------------------

# Every object depends on this file, which changes when the flags do.
FLAGS_NOW := $(strip $(CC) $(CFLAGS) $(CPPFLAGS) $(LIB_FLAGS) $(LDFLAGS) $(LIBS))
ifneq ($(filter-out clean help deps lint lint-man dist uninstall,$(or $(MAKECMDGOALS),all)),)
ifneq ($(FLAGS_NOW),$(strip $(file <$(BUILD)/flags)))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS_NOW))
endif
endif
$(BUILD)/flags: ;

# Says what to do where a library is missing, once, instead of a page of compiler errors.
$(BUILD)/found: scripts/deps
	@mkdir -p $(@D)
	@scripts/deps --find '$(CC)'
	@touch $@

$(BUILD)/lib/%.o: lib/%.c $(BUILD)/flags | $(BUILD)/found
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) $(LIB_FLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/tools/%.o: tools/%.c $(BUILD)/flags | $(BUILD)/found
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) $(TOOL_FLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags | $(BUILD)/found
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) $(TEST_FLAGS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/examples/%.o: examples/%.c $(BUILD)/flags | $(BUILD)/found
	@mkdir -p $(@D)
	$(call run,CC,$<)$(CC) $(BASE_FLAGS) -Iinclude $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/libbco.a: $(LIB_OBJECTS)
	@rm -f $@
	$(call run,AR,$@)$(AR) rcs $@ $^

$(BUILD)/lib/libbco.so.$(VERSION): $(LIB_OBJECTS)
	$(call run,LINK,$@)$(CC) -shared -Wl,-soname,$(SONAME) $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/lib/libbco.so: $(BUILD)/lib/libbco.so.$(VERSION)
	@ln -sf libbco.so.$(VERSION) $(@D)/$(SONAME)
	@ln -sf $(SONAME) $@
	@touch -h $@

$(STANDALONE_PROGRAMS): $(BUILD)/bin/%: $(BUILD)/tools/%.o $(COMMON_OBJECTS) $(BUILD)/libbco.a
	@mkdir -p $(@D)
	$(call run,LINK,$@)$(CC) -Wl,--as-needed $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same search path serves the build folder and PREFIX: bin/ beside lib/.
$(BUILD)/bin/%: $(BUILD)/tools/%.o $(COMMON_OBJECTS) $(BUILD)/lib/libbco.so
	@mkdir -p $(@D)
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib' -o $@ $(filter %.o,$^) -L$(BUILD)/lib -lbco -lm

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libbco.a
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/helpers/%: $(BUILD)/tests/helpers/%.o
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

define version_rules
$$(BUILD)/$(1)/%.o: lib/%.c $$(BUILD)/flags | $$(BUILD)/found
	@mkdir -p $$(@D)
	$$(call run,CC,"$$< as $(1)")$$(CC) $$(LIB_FLAGS) $$(VERSION_FLAGS_$(1)) $$(CPPFLAGS) $$(CFLAGS) -c -o $$@ $$<

$$(BUILD)/tests/kernels/$(1)-%: $$(BUILD)/tests/unit/%.o $$(KERNELS:lib/%.c=$$(BUILD)/$(1)/%.o) $$(BUILD)/libbco.a
	@mkdir -p $$(@D)
	$$(call run,LINK,$$@)$$(CC) $$(LINK_FLAGS) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBS) -lcmocka

-include $$(KERNELS:lib/%.c=$$(BUILD)/$(1)/%.d)
endef
$(foreach version,$(VERSIONS),$(eval $(call version_rules,$(version))))

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libbco.a
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) -fsanitize=fuzzer $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/replay/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libbco.a
	@mkdir -p $(@D)
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/examples/%: $(BUILD)/examples/%.o $(BUILD)/lib/libbco.so
	$(call run,LINK,$@)$(CC) $(LINK_FLAGS) $(CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN/../lib:$$ORIGIN/../../lib' -o $@ $< -L$(BUILD)/lib -lbco -lm

# pkg-config prefers the -uninstalled one: examples in the manual pages compile against the build folder.
$(BUILD)/bco.pc: bco.pc.in include/bco/bco.h $(BUILD)/flags Makefile
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@EXTRA@||' -e 's|@LIBS@|-fopenmp $(LIBS)|' $< >$@

$(BUILD)/bco-uninstalled.pc: bco.pc.in include/bco/bco.h $(BUILD)/flags Makefile
	@sed -e 's|@PREFIX@|$(CURDIR)|' -e 's|@LIBDIR@|$(abspath $(BUILD))/lib|' -e 's|@INCLUDEDIR@|$(CURDIR)/include|' \
		-e 's|@VERSION@|$(VERSION)|' -e 's|@EXTRA@|-Wl,-rpath,$(abspath $(BUILD))/lib $(LINK_FLAGS)|' \
		-e 's|@LIBS@|-fopenmp $(LIBS)|' $< >$@

-include $(LIB_OBJECTS:.o=.d) $(COMMON_OBJECTS:.o=.d) $(TOOLS:%=$(BUILD)/tools/%.d)
-include $(UNIT_PROGRAMS:%=%.d) $(EXAMPLE_PROGRAMS:%=%.d) $(HELPER_PROGRAMS:%=%.d) $(FUZZ_PROGRAMS:%=%.d)

# ---- testing ----------------------------------------------------------------

# -j for a make that was started without it.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

## check: install what is missing, build, run all quick tests; ends with `N passed, N failed, N skipped`
check:
	@scripts/deps --test
	@$(MAKE) --no-print-directory $(PARALLEL) check-built

tests: $(UNIT_PROGRAMS) $(VERSION_PROGRAMS) $(EXAMPLE_PROGRAMS) $(HELPER_PROGRAMS) $(REPLAY_PROGRAMS)

check-built: all tests
	@BUILD=$(BUILD) CC='$(CC)' tests/run -j $(JOBS)

## check-long: check, and the long tests of tests/long/*.sh (these may use Python, in a folder of their own)
check-long:
	@scripts/deps --test --python
	@$(MAKE) --no-print-directory $(PARALLEL) all tests
	@BUILD=$(BUILD) CC='$(CC)' tests/run -j $(JOBS) --long

## demo: install what is missing, build, and align a small model in front of you
demo:
	@scripts/deps
	@$(MAKE) --no-print-directory $(PARALLEL) all $(BUILD)/examples/demo/world
	@PATH="$(abspath $(BUILD))/bin:$$PATH" BUILD=$(BUILD) examples/demo/run

## pictures: draw examples/pictures again, from runs of the demo (needs gnuplot)
pictures:
	@scripts/deps --test
	@$(MAKE) --no-print-directory $(PARALLEL) all $(BUILD)/examples/demo/world
	@PATH="$(abspath $(BUILD))/bin:$$PATH" BUILD=$(BUILD) examples/pictures/remake

## asan: the whole of check under AddressSanitizer and UBSan, in build/asan
asan:
	@$(MAKE) --no-print-directory BUILD=build/asan SANITIZE=address,undefined CFLAGS='-O1 -g -fno-omit-frame-pointer' check

## ubsan: the whole of check under UBSan alone, in build/ubsan
ubsan:
	@$(MAKE) --no-print-directory BUILD=build/ubsan SANITIZE=undefined CFLAGS='-O1 -g' check

## valgrind: unit tests and command-line cases under valgrind
valgrind:
	@scripts/deps --test --valgrind
	@$(MAKE) --no-print-directory $(PARALLEL) all tests
	@BUILD=$(BUILD) CC='$(CC)' tests/run -j $(JOBS) --valgrind

## fuzz: every parser for FUZZ_SECONDS [60] under libFuzzer; corpora in tests/fuzz/corpus
fuzz:
	@scripts/deps --test --lint
	@$(MAKE) --no-print-directory $(PARALLEL) BUILD=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined \
		CFLAGS='-O1 -g -Wno-pass-failed' fuzz-programs
	@scripts/fuzz build/fuzz $(FUZZ_SECONDS)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)

## coverage: the share of lines that check runs, by file, in build/coverage
coverage:
	@$(MAKE) --no-print-directory BUILD=build/coverage CFLAGS='-O0 -g --coverage' check
	@scripts/coverage build/coverage

## bench: time and memory on this machine, into build/bench.txt
bench:
	@scripts/deps --test --python
	@$(MAKE) --no-print-directory $(PARALLEL) all tests
	@BUILD=$(BUILD) scripts/bench

## lint: clang-format and clang-tidy over everything
lint:
	@scripts/deps --lint
	@scripts/lint -j $(JOBS)

## lint-man: mandoc's opinion of the manual
lint-man:
	@scripts/deps --test
	@scripts/lint-man

# ---- installing -------------------------------------------------------------

## deps: install what building needs (apt); quick when all is there
deps:
	@scripts/deps

## install: all of install-bin, install-lib, install-dev, install-man, under DESTDIR and PREFIX
install: install-bin install-lib install-dev install-man

## install-bin: the tools
install-bin: $(TOOL_PROGRAMS)
	$(INSTALL) -d $(DESTDIR)$(BINDIR)
	$(if $(TOOLS),$(INSTALL) -m 755 $(TOOL_PROGRAMS) $(DESTDIR)$(BINDIR))

## install-lib: the shared library, which the tools need
install-lib: $(BUILD)/lib/libbco.so
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 644 $(BUILD)/lib/libbco.so.$(VERSION) $(DESTDIR)$(LIBDIR)
	ln -sf libbco.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)

## install-dev: headers, static library and bco.pc, for programs of one's own
install-dev: $(LIBRARIES) $(BUILD)/bco.pc
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/bco
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/bco
	$(INSTALL) -m 644 $(BUILD)/libbco.a $(DESTDIR)$(LIBDIR)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libbco.so
	$(INSTALL) -m 644 $(BUILD)/bco.pc $(DESTDIR)$(LIBDIR)/pkgconfig

## install-man: the manual, every function under its own name
install-man:
	for page in $(MAN_PAGES); do \
		folder=$(DESTDIR)$(MANDIR)/man$${page##*.} && \
		$(INSTALL) -d $$folder && $(INSTALL) -m 644 $$page $$folder || exit 1; \
	done
	scripts/man-names $(MAN_PAGES) | while read -r name page; do \
		ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$name || exit 1; \
	done

## uninstall: remove what install put there
uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(BINDIR)/%)
	rm -f $(DESTDIR)$(LIBDIR)/libbco.so $(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/libbco.so.$(VERSION)
	rm -f $(DESTDIR)$(LIBDIR)/libbco.a $(DESTDIR)$(LIBDIR)/pkgconfig/bco.pc
	rm -f $(HEADERS:include/%=$(DESTDIR)$(INCLUDEDIR)/%)
	for page in $(MAN_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	scripts/man-names $(MAN_PAGES) | while read -r name page; do rm -f $(DESTDIR)$(MANDIR)/man3/$$name; done
	-rmdir $(DESTDIR)$(INCLUDEDIR)/bco 2>/dev/null

## dist: build/bco-VERSION.tar.gz of the files git knows
dist:
	@mkdir -p $(BUILD)
	git ls-files -z | tar --null -T - --transform 's,^,bco-$(VERSION)/,' --sort=name --owner=0 --group=0 --numeric-owner \
		-czf $(BUILD)/bco-$(VERSION).tar.gz

## distcheck: unpack the tarball, build, test, install, use, uninstall it, and find nothing left
distcheck: dist
	@scripts/deps --test
	@scripts/distcheck $(BUILD)/bco-$(VERSION).tar.gz

## clean: remove build/
clean:
	rm -rf build

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo 'Variables: V=1, PREFIX, DESTDIR, BUILD, CC, CFLAGS, SANITIZE, WERROR=1, JOBS, FUZZ_SECONDS'
