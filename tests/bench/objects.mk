# SPDX-License-Identifier: MIT
#
# The bench's guest: a micro-guest with a table of loops.

BENCH_GUEST := $(BUILD)/bench/bench_guest.elf

$(eval $(call mg_link,$(BENCH_GUEST),$(patsubst %,\
    $(BUILD)/mg/tests/bench/%.o,bench_guest loops)))

.PHONY: bench
bench: $(BUILD)/hypervisor.elf $(BENCH_GUEST)
	@tools/bench

# Guests for other subjects, each in its folder.
include $(wildcard tests/bench/*/objects.mk)
