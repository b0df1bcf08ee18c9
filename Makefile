# kycvs/Makefile

MODULE_big = kycvs
OBJS = \
	kycvs.o \
	src/admin.o \
	src/arguments.o \
	src/audit.o \
	src/authority.o \
	src/base64url.o \
	src/call.o \
	src/channel.o \
	src/choice.o \
	src/clock.o \
	src/correct.o \
	src/correction.o \
	src/document.o \
	src/dose.o \
	src/dosepack.o \
	src/es6number.o \
	src/exchange.o \
	src/explain.o \
	src/group.o \
	src/gsm7.o \
	src/guard.o \
	src/health.o \
	src/hidden.o \
	src/intake.o \
	src/intakerow.o \
	src/issue.o \
	src/jcs.o \
	src/jwk.o \
	src/jws.o \
	src/jwt.o \
	src/kept.o \
	src/keyfile.o \
	src/keyring.o \
	src/keysource.o \
	src/keytable.o \
	src/limits.o \
	src/loading.o \
	src/maintenance.o \
	src/member.o \
	src/message.o \
	src/mobile.o \
	src/name.o \
	src/namematch.o \
	src/namescore.o \
	src/namewords.o \
	src/notice.o \
	src/otp.o \
	src/outbox.o \
	src/pagecalls.o \
	src/pages.o \
	src/parking.o \
	src/partition.o \
	src/pattern.o \
	src/person.o \
	src/primitives.o \
	src/purposecalls.o \
	src/purposes.o \
	src/refusal.o \
	src/registrar.o \
	src/registrars.o \
	src/registry.o \
	src/route.o \
	src/row.o \
	src/rulebook.o \
	src/rulecalls.o \
	src/rules.o \
	src/ruleset.o \
	src/scan.o \
	src/secret.o \
	src/senders.o \
	src/sending.o \
	src/session.o \
	src/slot.o \
	src/smsadmin.o \
	src/smscalls.o \
	src/smscheck.o \
	src/smschoice.o \
	src/smsjson.o \
	src/smslength.o \
	src/smsroute.o \
	src/smstext.o \
	src/smswording.o \
	src/sounds.o \
	src/spelling.o \
	src/statement.o \
	src/status.o \
	src/table.o \
	src/takein.o \
	src/tally.o \
	src/trim.o \
	src/trust.o \
	src/unwritten.o \
	src/usual.o \
	src/usualcalls.o \
	src/value.o \
	src/vault.o \
	src/verification.o \
	src/verifier.o \
	src/verify.o \
	src/wording.o \
	src/worker.o

EXTENSION = kycvs
DATA = kycvs--1.0.sql
PGFILEDESC = "kycvs - signed vaccination status by one-time password and consent"

# One "make installcheck", after "make install" and as a user other than root,
# runs the three kinds of tests, each in servers of its own. Every file in
# sql/, specs/ and t/ is a test.
REGRESS = $(patsubst $(srcdir)/sql/%.sql,%,$(sort $(wildcard $(srcdir)/sql/*.sql)))
ISOLATION = $(patsubst $(srcdir)/specs/%.spec,%,$(sort $(wildcard $(srcdir)/specs/*.spec)))
TAP_TESTS = 1
REGRESS_OPTS = --temp-instance=tmp_check --temp-config=$(srcdir)/t/regress.conf
ISOLATION_OPTS = --temp-instance=tmp_check_iso --temp-config=$(srcdir)/t/regress.conf
ENCODING = UTF8
NO_LOCALE = 1

# not -I, by which src/limits.h would hide the system's
PG_CPPFLAGS = -iquote $(srcdir)/src -iquote $(CURDIR)/texts
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
SHLIB_LINK = -lcrypto $(shell pkg-config --libs icu-i18n icu-uc 2>/dev/null || \
	icu-config --ldflags-libsonly 2>/dev/null || echo -licui18n -licuuc)

# the shipped notices and messages, as C
EXTRA_CLEAN = texts/usual.inc texts/usual.inc.new

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(wildcard $(srcdir)/src/*.h) | $(CURDIR)/src

src/usual.o src/usual.bc: texts/usual.inc

texts/usual.inc: $(srcdir)/texts/texts.awk $(sort $(wildcard $(srcdir)/texts/*.txt)) | $(CURDIR)/texts
	LC_ALL=C awk -f $^ >$@.new
	mv $@.new $@

# missing only when building outside the source tree
$(CURDIR)/src $(CURDIR)/texts:
	$(MKDIR_P) $@

# Servers started by t/ take their encoding from here.
installcheck: export LANG = C.UTF-8

# The programs kycvs-sender and kycvs-gateway; not a part of "all", since they
# need libraries that the server does without. PGXS makes either a module or a
# program, so their rules are here. Each compiles the files in common/ anew, for
# they bear its name.
PROGRAM_CFLAGS = -std=gnu11 -O2 -g -fPIE -fstack-protector-strong -Wall -Wextra -Wdeclaration-after-statement -Wvla
PROGRAM_LDFLAGS = -pie -Wl,-z,relro,-z,now
PROGRAM_HEADERS = $(wildcard $(srcdir)/common/*.h) $(srcdir)/kycvs.control
KYCVS_VERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(srcdir)/kycvs.control)

# $(call program_objs,folder of the source,folder of the objects,flags)
# a sanitizer has an allocator of its own
program_objs = $(patsubst $(srcdir)/$(1)/%.c,$(2)/%.o,$(sort $(wildcard $(srcdir)/$(1)/*.c))) \
	$(patsubst $(srcdir)/common/%.c,$(2)/common-%.o,$(filter-out $(if $(findstring -fsanitize,$(3)),%/wipingfree.c),$(sort $(wildcard $(srcdir)/common/*.c))))

# $(call program_compile,name,flags,libraries)
program_compile = $(CC) $(2) -D_GNU_SOURCE $(if $(findstring -fsanitize,$(2)),,-D_FORTIFY_SOURCE=2) \
	-DKYCVS_VERSION='"$(KYCVS_VERSION)"' -DPROGRAM='"$(1)"' -iquote $(srcdir)/common \
	$(shell pkg-config --cflags $(3)) -c -o $@ $(filter %.c,$^)

SENDER_LIBRARIES = libpq libcurl libevent libcrypto
SENDER_DIR = sender
SENDER_CFLAGS = $(PROGRAM_CFLAGS)
SENDER_OBJS = $(call program_objs,sender,$(SENDER_DIR),$(SENDER_CFLAGS)) $(SENDER_DIR)/gsm7.o

sender: $(SENDER_DIR)/kycvs-sender

$(SENDER_DIR)/kycvs-sender: $(SENDER_OBJS)
	$(CC) $(SENDER_CFLAGS) $(PROGRAM_LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(SENDER_LIBRARIES))

# the alphabet of short messages is the server's, too
$(SENDER_DIR)/gsm7.o: $(srcdir)/src/gsm7.c
$(filter $(SENDER_DIR)/common-%,$(SENDER_OBJS)): $(SENDER_DIR)/common-%.o: $(srcdir)/common/%.c
$(filter-out %/gsm7.o $(SENDER_DIR)/common-%,$(SENDER_OBJS)): $(SENDER_DIR)/%.o: $(srcdir)/sender/%.c

$(SENDER_OBJS): $(wildcard $(srcdir)/sender/*.h) $(srcdir)/src/gsm7.h $(PROGRAM_HEADERS)
	@$(MKDIR_P) $(SENDER_DIR)
	$(call program_compile,kycvs-sender,$(SENDER_CFLAGS),$(SENDER_LIBRARIES))

install-sender: sender
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) $(SENDER_DIR)/kycvs-sender '$(DESTDIR)$(bindir)/'

clean: clean-sender
clean-sender:
	rm -f $(SENDER_OBJS) $(SENDER_DIR)/kycvs-sender

.PHONY: sender install-sender clean-sender

GATEWAY_LIBRARIES = libpq libevent jansson libcrypto
GATEWAY_DIR = gateway
GATEWAY_CFLAGS = $(PROGRAM_CFLAGS)
GATEWAY_OBJS = $(call program_objs,gateway,$(GATEWAY_DIR),$(GATEWAY_CFLAGS))

gateway: $(GATEWAY_DIR)/kycvs-gateway

$(GATEWAY_DIR)/kycvs-gateway: $(GATEWAY_OBJS)
	$(CC) $(GATEWAY_CFLAGS) $(PROGRAM_LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(GATEWAY_LIBRARIES))

$(filter $(GATEWAY_DIR)/common-%,$(GATEWAY_OBJS)): $(GATEWAY_DIR)/common-%.o: $(srcdir)/common/%.c
$(filter-out $(GATEWAY_DIR)/common-%,$(GATEWAY_OBJS)): $(GATEWAY_DIR)/%.o: $(srcdir)/gateway/%.c

$(GATEWAY_OBJS): $(wildcard $(srcdir)/gateway/*.h) $(PROGRAM_HEADERS)
	@$(MKDIR_P) $(GATEWAY_DIR)
	$(call program_compile,kycvs-gateway,$(GATEWAY_CFLAGS) -DOPENAPI_FILE='"$(srcdir)/gateway/openapi.json"',$(GATEWAY_LIBRARIES))

$(GATEWAY_DIR)/docs.o: $(srcdir)/gateway/openapi.json

install-gateway: gateway
	$(MKDIR_P) '$(DESTDIR)$(bindir)' '$(DESTDIR)$(datadir)/kycvs/web/messages'
	$(INSTALL_DATA) $(srcdir)/web/kycvs.js $(srcdir)/web/page.* '$(DESTDIR)$(datadir)/kycvs/web/'
	$(INSTALL_DATA) $(srcdir)/web/messages/*.json '$(DESTDIR)$(datadir)/kycvs/web/messages/'
	$(INSTALL_PROGRAM) $(GATEWAY_DIR)/kycvs-gateway '$(DESTDIR)$(bindir)/'

clean: clean-gateway
clean-gateway:
	rm -f $(GATEWAY_OBJS) $(GATEWAY_DIR)/kycvs-gateway

.PHONY: gateway install-gateway clean-gateway
