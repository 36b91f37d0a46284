# SPDX-License-Identifier: Apache-2.0
# LwM2M Bootstrap-Server. `make help` lists the targets.

VARIANT ?= release
ifneq ($(filter fuzz,$(MAKECMDGOALS)),)
# The one goal that is a variant.
override VARIANT := fuzz
endif
B := build/$(VARIANT)
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CLANG ?= clang
Q := $(if $(V),,@)
VERSION := 0.2.0

# Targets that need no libraries must also work before `make deps`.
NO_DEPS := help deps clean lint layers format mutants
DEPS := build/deps
ifneq ($(filter-out $(NO_DEPS),$(or $(MAKECMDGOALS),all)),)
-include $(DEPS)/openssl.mk
endif

PKGS := libcoap-3-notls inih libcbor jansson libevent_core libevent_extra libevent_pthreads sqlite3 expat
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcsv

FLAGS.release = -O2 -g $(HARDENING)
FLAGS.debug := -O0 -g
FLAGS.asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS.cov := -O0 -g --coverage
FLAGS.tsan := -O1 -g -fsanitize=thread
FLAGS.fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(VARIANT),fuzz)
CC := $(CLANG)
VARIANT_DEPS := | fuzz-deps
# clang's sanitizers are an archive, too: hidden, they would not see what the C library and SQLite allocate.
comma := ,
OPENSSL_LIBS := $(subst --exclude-libs$(comma)ALL,--exclude-libs$(comma)libssl.a:libcrypto.a,$(OPENSSL_LIBS))
endif
# Which options of hardening the compiler knows is asked once, when the first object of the release is built.
HARDENING_MK := $(if $(filter release,$(VARIANT)),$(B)/hardening.mk)
ifneq ($(filter-out $(NO_DEPS),$(or $(MAKECMDGOALS),all)),)
-include $(HARDENING_MK)
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DBS_VERSION='"$(VERSION)"' -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -I. -isystem build/deps/include $(PKG_CFLAGS) $(OPENSSL_CFLAGS) -MMD -MP -pthread \
	$(FLAGS.$(VARIANT)) $(CFLAGS)
# Bound at the start: binding at the first call saves the registers, which may hold a key, on the stack.
ALL_LDFLAGS = -Wl,-z,relro,-z,now $(LDFLAGS)
ALL_LIBS = $(PKG_LIBS) $(OPENSSL_LIBS) -lpthread -lm

SERVER_SRCS := $(filter-out server/main.c,$(wildcard server/*/*.c server/*/*/*.c)) $(wildcard db/*.c db/*/*.c)
LIB_SRCS := $(SERVER_SRCS)
CTL_SRCS := $(wildcard tools/ctl/*.c tools/ctl/*/*.c)
SIM_SRCS := $(wildcard tools/sim/*.c)
TESTLIB_SRCS := $(wildcard tests/lib/*.c)
UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c tests/unit/*/*/test_*.c tests/scenario/test_*.c))
FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
SYSTEM_TESTS := $(sort $(wildcard tests/system/test_*.sh))
SYSTEM_SRCS := $(sort $(wildcard tests/system/*.c)) # programs that these scripts use

LIB := $(B)/libbootstrap.a
PROGRAMS := $(B)/lwm2m-bootstrapd $(B)/lwm2m-bootstrapctl $(B)/lwm2m-bootstrap-sim
obj = $(patsubst %.c,$(B)/%.o,$(1))

.PHONY: all manual mutants bench bench-compare deb deb-check deps help clean test mix page unit fuzz fuzz-bins fuzz-deps fuzz-replay lint layers format run interop install
.SECONDARY:
.DEFAULT_GOAL := all

all: $(PROGRAMS) ## build the three programs into build/<variant>/

$(DEPS)/openssl.mk:
	$(Q)tools/build/deps.sh $(DEPS)

$(B)/hardening.mk: tools/build/hardening.sh $(DEPS)/openssl.mk
	@mkdir -p $(@D)
	$(Q)tools/build/hardening.sh $(CC) >$@.new && mv $@.new $@

deps: ## install what is missing (Debian, as root); silent when nothing is
	$(Q)tools/build/deps.sh $(DEPS)

$(B)/%.o: %.c $(DEPS)/openssl.mk $(HARDENING_MK) $(VARIANT_DEPS)
	@mkdir -p $(@D)
	@$(if $(V),,echo "  CC   $<")
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

# The schema files are part of the program: a table of C strings (db/migrate.h).
SCHEMA_SQL := $(sort $(wildcard schema/sqlite/*/*.sql))
$(B)/gen/schema_sql.c: $(SCHEMA_SQL) tools/build/embed-sql.sh
	@mkdir -p $(@D)
	$(Q)tools/build/embed-sql.sh $(SCHEMA_SQL) >$@.tmp && mv $@.tmp $@
$(B)/gen/schema_sql.o: $(B)/gen/schema_sql.c $(DEPS)/openssl.mk $(HARDENING_MK)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

$(LIB): $(call obj,$(LIB_SRCS)) $(B)/gen/schema_sql.o
	@rm -f $@
	$(Q)ar rcs $@ $^

$(B)/lwm2m-bootstrapd $(B)/tests/unit/test_sandbox: ALL_LIBS += -lseccomp
$(B)/lwm2m-bootstrapd: $(call obj,server/main.c server/sandbox.c) $(LIB)
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LDFLAGS) $(ALL_LIBS)
$(B)/lwm2m-bootstrapctl: $(call obj,$(CTL_SRCS)) $(LIB)
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LDFLAGS) $(ALL_LIBS)
$(B)/lwm2m-bootstrap-sim: $(call obj,$(SIM_SRCS)) $(LIB)
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LDFLAGS) $(ALL_LIBS)

# One program per test file; tests may link tool sources (CSV, checks) through the objects that are no main.
TEST_OBJS := $(call obj,$(TESTLIB_SRCS) $(filter-out %/main.c,$(CTL_SRCS) $(SIM_SRCS)))
$(B)/tests/%: $(B)/tests/%.o $(TEST_OBJS) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIB) -o $@ $(ALL_LDFLAGS) -lcmocka $(ALL_LIBS)

$(B)/tests/unit/test_sandbox: $(call obj,server/sandbox.c)

# The engine of the scenarios goes into each of their programs, and nowhere else.
$(patsubst %.c,$(B)/%,$(wildcard tests/scenario/test_*.c)): \
	$(call obj,$(filter-out tests/scenario/test_%,$(wildcard tests/scenario/*.c)))

# A fuzz target is a unit test too: the replay main feeds it its corpus. Objects come first: what a target defines itself is
# not taken from the library.
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(if $(filter fuzz,$(VARIANT)),,$(B)/tests/fuzz/replay.o) $(TEST_OBJS) $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer) $(filter %.o,$^) $(LIB) -o $@ $(ALL_LDFLAGS) \
		$(WRAP) -lcmocka $(ALL_LIBS)

# The whole server stands in a world of its own (tests/fuzz/server/outside.h).
$(B)/tests/fuzz/fuzz_server: $(call obj,$(wildcard tests/fuzz/server/*.c))
$(B)/tests/fuzz/fuzz_server: private WRAP := -Wl,--wrap=write -Wl,--wrap=gettimeofday
$(B)/tests/fuzz/fuzz_text: private WRAP := -Wl,--wrap=write

# Programs of the benchmark, one file each.
BENCH_BINS := $(patsubst %.c,$(B)/%,$(wildcard tools/bench/*.c))
$(B)/tools/bench/%: $(B)/tools/bench/%.o $(LIB)
	$(Q)$(CC) $(ALL_CFLAGS) $^ -o $@ $(ALL_LDFLAGS) $(ALL_LIBS)

UNIT_BINS := $(patsubst %.c,$(B)/%,$(UNIT_TESTS))
FUZZ_BINS := $(patsubst %.c,$(B)/%,$(FUZZ_SRCS))
SYSTEM_BINS := $(patsubst %.c,$(B)/%,$(SYSTEM_SRCS))

test: all $(UNIT_BINS) $(FUZZ_BINS) $(SYSTEM_BINS) ## all fast tests: unit, scenario, fuzz corpora, system
	$(Q)tests/run.sh $(B) $(UNIT_BINS) -- $(FUZZ_BINS) -- $(SYSTEM_TESTS)

unit: $(UNIT_BINS) ## unit and scenario tests alone
	$(Q)tests/run.sh $(B) $(UNIT_BINS) -- --

fuzz-bins: $(FUZZ_BINS)

fuzz-deps:
	$(Q)DEPS_FUZZ=1 tools/build/deps.sh $(DEPS)

TIME ?= 60
fuzz: $(FUZZ_BINS) ## let all fuzz targets look for something new, TIME=60 seconds each, JOBS at a time (the cores)
	$(Q)JOBS=$(JOBS) KEEP=$(KEEP) tests/fuzz/run.sh $(B) $(TIME) $(FUZZ_BINS)

fuzz-replay: $(FUZZ_BINS) ## replay the fuzz corpora
	$(Q)tests/run.sh $(B) -- $(FUZZ_BINS) --

mutants: deps ## put some seventy small faults into the code, one at a time: the tests must notice each (MUTANTS="part of a name ..")
	$(Q)tests/mutants/run.sh $(MUTANTS)

page: all ## the status page in headless Chromium: checks, and pictures in build/artefacts; promtool on the metrics
	$(Q)DEPS_PAGE=1 tools/build/deps.sh $(DEPS)
	$(Q)tests/run.sh $(B) -- -- tests/page/status_page.sh

run: all ## a working server with a demo fleet on loopback; DEMO=once ends after the three devices
	$(Q)DEMO=$(DEMO) tools/demo.sh $(B)

mix: all ## all that threads share at once, for TIME seconds (600): VARIANT=tsan finds races, VARIANT=asan what is used after its end
	$(Q)MIX=$(or $(TIME),600) tests/run.sh $(B) -- -- tests/system/test_mix.sh

interop: all ## bootstrap clients that were not written here (needs Java, Maven, Go, Python; says what it skips)
	$(Q)tests/interop/formats/run.sh $(B)
	$(Q)tests/interop/formats/offline.sh $(B)
	$(Q)tests/interop/run.sh $(B)

bench: all $(BENCH_BINS) ## CPU per bootstrap next to its floor, memory, a million devices (long; BENCH=short: seconds)
	$(Q)tools/bench/run.sh $(B) $(BENCH_ARGS) $(if $(filter short,$(BENCH)),--short)

bench-compare: all $(BENCH_BINS) ## the same devices at Eclipse Leshan's bootstrap server (needs Java and Maven)
	$(Q)tools/bench/compare.sh $(B) $(BENCH_ARGS) $(if $(filter short,$(BENCH)),--short)

layers: ## print includes that the map of folders does not draw
	$(Q)tests/layers.sh

format: ## let clang-format settle the spacing
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

# cppcheck reads no system headers; these are the macros of theirs that are statements or types.
LINT_MACROS = $(addprefix --include=,$(firstword $(wildcard /usr/include/sys/queue.h /usr/include/*/sys/queue.h))) \
	'-DHASH_ITER(hh,head,el,next)=while (hash_next(head, &el, &next))' \
	'-Djson_object_foreach(object,key,value)=while (json_next(object, &key, &value))' \
	'-Djson_array_foreach(array,i,value)=while (json_next(array, &i, &value))'

lint: layers ## clang-format check, cppcheck, layers
	$(Q)DEPS_LINT=1 tools/build/deps.sh $(DEPS)
	$(Q)clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	$(Q)cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem -I. -D_GNU_SOURCE -DBS_VERSION='""' $(LINT_MACROS) -j2 server db tools

SHARE = $(DESTDIR)$(PREFIX)/share
install: all ## into DESTDIR/PREFIX
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/man/man8 \
		$(SHARE)/doc/lwm2m-bootstrap $(SHARE)/bash-completion/completions $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 755 $(B)/lwm2m-bootstrapd $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(B)/lwm2m-bootstrapctl $(B)/lwm2m-bootstrap-sim $(DESTDIR)$(PREFIX)/bin/
	install -m 644 tools/*/*.1 $(SHARE)/man/man1/
	install -m 644 server/*.5 $(SHARE)/man/man5/
	install -m 644 server/*.8 $(SHARE)/man/man8/
	install -m 644 schema/lwm2m-bootstrapd.conf.sample README.md $(SHARE)/doc/lwm2m-bootstrap/
	install -d $(SHARE)/doc/lwm2m-bootstrap/sim
	install -m 644 schema/sim/*.map $(SHARE)/doc/lwm2m-bootstrap/sim/
	sed 's|@SBINDIR@|$(PREFIX)/sbin|' server/lwm2m-bootstrapd.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/lwm2m-bootstrapd.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/lwm2m-bootstrapd.service
	install -m 644 server/lwm2m-bootstrap.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/lwm2m-bootstrap.conf
	install -m 644 server/lwm2m-bootstrap.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/lwm2m-bootstrap.conf
	$(B)/lwm2m-bootstrapctl completion >$(SHARE)/bash-completion/completions/lwm2m-bootstrapctl

deb: all ## a Debian package in build/
	+$(Q)tools/build/deb/build.sh $(B) $(VERSION)

deb-check: deb ## lintian on that package; it must have nothing to say
	$(Q)DEPS_DEB=1 tools/build/deps.sh $(DEPS)
	$(Q)lintian --fail-on error,warning,info build/lwm2m-bootstrap_$(VERSION)_*.deb 2>&1

clean: ## remove build/, but for the fetched OpenSSL
	rm -rf build/release build/debug build/asan build/fuzz build/tsan build/cov build/certs build/demo build/interop build/bench build/bench-compare build/artefacts build/deb build/mutants

manual: $(B)/lwm2m-bootstrapctl ## make the list of profile options in the manual page anew
	$(Q)tools/build/man-options.sh $< tools/ctl/lwm2m-bootstrapctl.1 >$(B)/page.1 && cp $(B)/page.1 tools/ctl/lwm2m-bootstrapctl.1

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
