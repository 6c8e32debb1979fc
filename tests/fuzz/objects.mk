# SPDX-License-Identifier: MIT
#
# The fuzzers: libFuzzer programs, always built with clang, whatever CC is.
# Program NAME is tests/fuzz/NAME.c and the files in NAME_SRC. READER_SRC,
# EXPLORE_SRC, BUILT_SRC, PCTL_CFG_SRC, MODEL_SRC, BUS_SRC, PARTITION_SRC and
# BLK_HOSTILE_SRC: see tests/unit/objects.mk.

FUZZERS := fuzz_bundle fuzz_build fuzz_cfg fuzz_memory fuzz_ring_front \
    fuzz_ring_back fuzz_stream fuzz_bus fuzz_partition fuzz_blk_front \
    fuzz_blk_back
FUZZ_PROGRAMS := $(addprefix $(BUILD)/fuzz/,$(FUZZERS))

fuzz_bundle_SRC := $(READER_SRC) $(EXPLORE_SRC) lib/printf.c
fuzz_build_SRC := $(BUILT_SRC) lib/printf.c
fuzz_cfg_SRC := $(PCTL_CFG_SRC) lib/printf.c
fuzz_memory_SRC := $(MODEL_SRC) lib/bitmap.c
fuzz_ring_front_SRC := tests/fuzz/ring_end.c
fuzz_ring_back_SRC := tests/fuzz/ring_end.c
fuzz_bus_SRC := $(BUS_SRC)
fuzz_partition_SRC := $(PARTITION_SRC)
fuzz_blk_front_SRC := $(BLK_HOSTILE_SRC)
fuzz_blk_back_SRC := $(BLK_HOSTILE_SRC)
SEEDS_SRC := $(addprefix tests/fuzz/,make_seeds.c samples.c)

# `make fuzz SECONDS=60`. Recipes do not get it under that name, which bash
# has for a clock of its own.
ifneq ($(filter command,$(origin SECONDS)),)
FUZZ_SECONDS := $(SECONDS)
unexport SECONDS
endif

# How many inputs `make test` tries of each: some seconds' worth, and as many on
# every host. Who says FUZZ_SECONDS has those seconds there, too.
export RUNS_fuzz_bundle := 50000
export RUNS_fuzz_build := 10000
export RUNS_fuzz_cfg := 100000
export RUNS_fuzz_memory := 4000
export RUNS_fuzz_ring_front := 20000
export RUNS_fuzz_ring_back := 20000
export RUNS_fuzz_stream := 20000
export RUNS_fuzz_bus := 5000
export RUNS_fuzz_partition := 10000
export RUNS_fuzz_blk_front := 500
export RUNS_fuzz_blk_back := 500
FUZZ_RUNS := $(if $(filter file,$(origin FUZZ_SECONDS)),FUZZ_RUNS=1)

FUZZ_CC := clang
FUZZ_CFLAGS := $(call common,$(FUZZ_CC)) $(HOST_LIBFDT_INC) $(HOST_FLAGS) \
               -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=all -fno-omit-frame-pointer

$(BUILD)/fuzz/%.o: %.c $(BUILD)/flags
	$(call made,CC)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -c $< -o $@

define fuzz_program
$(BUILD)/fuzz/$(1): $(patsubst %.c,$(BUILD)/fuzz/%.o,tests/fuzz/$(1).c $($(1)_SRC))
endef
$(foreach fuzzer,$(FUZZERS),$(eval $(call fuzz_program,$(fuzzer))))

$(FUZZ_PROGRAMS):
	$(call made,LD)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ $(HOST_LIBFDT) -o $@

# Where the direct map is, as for the unit tests.
$(addsuffix /%.o,$(addprefix $(BUILD)/fuzz/,hypervisor/mm tests/unit \
    tests/fuzz)): private \
    FUZZ_CFLAGS += -DPARAPET_DEBUG=0 -DDIRECT_BASE=0x400000000000

# These corpora in the build directory start from what make_seeds writes there;
# the others from nothing.
$(BUILD)/fuzz/fuzz_bundle: | $(BUILD)/fuzz-corpus/fuzz_bundle/seeded
$(BUILD)/fuzz/fuzz_build: | $(BUILD)/fuzz-corpus/fuzz_build/seeded
$(BUILD)/fuzz/fuzz_cfg: | $(BUILD)/fuzz-corpus/fuzz_cfg/seeded

$(BUILD)/fuzz/make_seeds: $(SEEDS_SRC:%.c=$(BUILD)/tool/%.o)
	$(call made,LD)
	$(Q)$(HOSTCC) $^ $(HOST_LIBFDT) -o $@

$(BUILD)/fuzz-corpus/%/seeded: $(BUILD)/fuzz/make_seeds
	$(call made,SEEDS)
	$(Q)$< $(@D)
	$(Q)touch $@
