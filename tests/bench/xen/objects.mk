# SPDX-License-Identifier: MIT
#
# The guest that measures Xen. It shares lib/ with everything else, and no
# other code: the ABI below it is another one.

XEN_GUEST := $(BUILD)/bench/xen_guest.elf
XEN_GUEST_LDS := tests/bench/xen/layout.lds
XEN_GUEST_OBJ := $(patsubst %,$(BUILD)/mg/%.o,$(basename $(LIB_SRC) \
    $(wildcard tests/bench/xen/*.c tests/bench/xen/*.S)))

$(XEN_GUEST): $(XEN_GUEST_OBJ) $(XEN_GUEST_LDS)
	$(call made,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(XEN_GUEST_LDS) -o $@ $(filter %.o,$^)

build: $(XEN_GUEST)

# Side by side with `make bench`, whose figures it reads if they are there.
.PHONY: bench-xen
bench-xen: $(XEN_GUEST)
	@tools/bench-xen
	@[ ! -e $(BUILD)/bench/results.json ] || tools/report
