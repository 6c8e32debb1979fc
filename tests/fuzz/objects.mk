# SPDX-License-Identifier: MIT
#
# The fuzzers: libFuzzer programs, always built with clang, whatever CC is.
# Program NAME is tests/fuzz/NAME.c and the files in FUZZ_SRC. Its corpus in
# the build folder starts from what make_seeds writes there. READER_SRC and
# EXPLORE_SRC: see tests/unit/objects.mk.

FUZZ_PROGRAMS := $(BUILD)/fuzz/fuzz_bundle

FUZZ_SRC := $(READER_SRC) $(EXPLORE_SRC) lib/printf.c
SEEDS_SRC := $(addprefix tests/fuzz/,make_seeds.c samples.c)

# `make fuzz SECONDS=60`. Recipes do not get it under that name, which bash
# has for a clock of its own.
ifneq ($(filter command,$(origin SECONDS)),)
FUZZ_SECONDS := $(SECONDS)
unexport SECONDS
endif

FUZZ_CC := clang
FUZZ_CFLAGS := $(filter-out -Woverride-init,$(COMMON)) \
               -fsanitize=fuzzer-no-link,address,undefined \
               -fno-sanitize-recover=all -fno-omit-frame-pointer

$(BUILD)/fuzz/%.o: %.c $(BUILD)/flags
	$(call made,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -c $< -o $@

$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o \
    $(FUZZ_SRC:%.c=$(BUILD)/fuzz/%.o) | $(BUILD)/fuzz-corpus/%/seeded
	$(call made,LD)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined $^ $(LIBFDT) -o $@

$(BUILD)/fuzz/make_seeds: $(SEEDS_SRC:%.c=$(BUILD)/tool/%.o)
	$(call made,LD)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $^ $(LIBFDT) -o $@

$(BUILD)/fuzz-corpus/%/seeded: $(BUILD)/fuzz/make_seeds
	$(call made,SEEDS)
	$(Q)mkdir -p $(@D)
	$(Q)$< $(@D)
	$(Q)touch $@
