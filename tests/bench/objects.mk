# SPDX-License-Identifier: MIT
#
# The bench's guest: a micro-guest with tables of loops. The native rows are
# the guest kernel's (guest-kernel/bench).

BENCH_GUEST := $(BUILD)/bench/bench_guest.elf

$(eval $(call mg_link,$(BENCH_GUEST),$(patsubst %,\
    $(BUILD)/mg/tests/bench/%.o,bench_guest ops_console ops_core ops_crowd \
    ops_grant ops_memory ops_peer ops_ring loops loops_console loops_grant \
    loops_memory loops_pair loops_user pattern)))

# Those that are beside it in some rows.
BENCH_CROWD := $(BUILD)/bench/crowd.elf

$(eval $(call mg_link,$(BENCH_CROWD),$(BUILD)/mg/tests/bench/crowd.o))

BENCH_PEER := $(BUILD)/bench/bench_peer.elf

$(eval $(call mg_link,$(BENCH_PEER),$(patsubst %,\
    $(BUILD)/mg/tests/bench/%.o,bench_peer loops_pair)))

# The control domain that makes others, and their kernel.
BENCH_LIFE := $(BUILD)/bench/life.elf
BENCH_BORN := $(BUILD)/bench/born.elf

$(BENCH_BORN): $(BUILD)/mg/tests/bench/born.o $(MG_LDS)
	$(call made,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(MG_LDS) -o $@ $(filter %.o,$^)

$(BUILD)/mg/tests/bench/born_kernel.o: $(BENCH_BORN)
$(BUILD)/mg/tests/bench/born_kernel.o: private \
    MG_CFLAGS += -DKERNEL='"$(BENCH_BORN)"'

$(eval $(call mg_link,$(BENCH_LIFE),$(patsubst %,\
    $(BUILD)/mg/tests/bench/%.o,life born_kernel pattern) \
    $(BUILD)/mg/tests/kernels/lib/control.o $(MG_BUILDER)))

# The one whose others yield.
BENCH_SWITCH := $(BUILD)/bench/switch.elf

$(eval $(call mg_link,$(BENCH_SWITCH),$(patsubst %,\
    $(BUILD)/mg/tests/bench/%.o,switch born_kernel pattern) \
    $(BUILD)/mg/tests/kernels/lib/control.o $(MG_BUILDER)))

BENCH_GUESTS := $(BENCH_GUEST) $(BENCH_CROWD) $(BENCH_PEER) $(BENCH_LIFE) \
    $(BENCH_SWITCH)

# user/bench once more, with its symbols: where they are, the program is that
# runs (user/objects.mk).
BENCH_DEBUG := $(BUILD)/bench/bench.debug

$(BENCH_DEBUG): $(patsubst %.c,$(BUILD)/user/%.o, \
    $(filter-out %/true.c,$(wildcard user/bench/*.c)))
	$(call made,MUSL)
	$(Q)$(MUSL) -static -no-pie -Wl,-z,noexecstack -o $@ $^

# The page is made of figures over budget, too; without any (2) there is none.
bench: $(BUILD)/hypervisor.elf $(BUILD)/kernels/control_shares.elf \
       $(BENCH_GUESTS) $(BENCH_DEBUG) \
       $(BUILD)/kernels/partners/child.elf $(BUILD)/dom0.itb \
       $(BUILD)/guest-native.elf \
       $(BUILD)/guest-pv.elf $(BUILD)/ramdisk.cpio $(BUILD)/default.itb
	@tools/bench; status=$$?; \
	[ $$status -eq 2 ] || tools/report || exit; exit $$status

bench-compare:
	@tools/bench-compare $(OLD) $(or $(NEW),$(BUILD)/bench/results.json)

report:
	@tools/report

# Guests for other subjects, each in its directory.
include $(wildcard tests/bench/*/objects.mk)
