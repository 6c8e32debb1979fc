# SPDX-License-Identifier: MIT
#
# The probe: one table of instructions, in a domain and on the bare machine.
# docs/SENSITIVE.md has what came of it. Included after tests/kernels.

PROBE := $(patsubst %,$(BUILD)/mg/tests/probe/%.o,probe rows views)
PROBE_NATIVE := $(PROBE) $(patsubst %,$(BUILD)/mg/tests/probe/native/%.o,\
    boot entry tables machine env) $(patsubst %,$(BUILD)/mg/%.o,\
    $(basename $(LIB_SRC)))
PROBE_LDS := tests/probe/native/native.lds
PROBE_IMAGES := $(BUILD)/probe/parapet.elf $(BUILD)/probe/native.elf

# Built with the micro-guests; tests/checks/sensitive.py runs both.
KERNELS += $(PROBE_IMAGES)

# rows.def has the deeds that rows.c makes functions of.
$(eval $(call mg_link,$(BUILD)/probe/parapet.elf,$(PROBE) \
    $(BUILD)/mg/tests/probe/parapet/env.o))
$(BUILD)/probe/native.elf: $(PROBE_NATIVE) $(PROBE_LDS)
	$(call made,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(PROBE_LDS) -o $@ $(PROBE_NATIVE)

.PHONY: sensitive
sensitive: $(BUILD)/hypervisor.elf $(PROBE_IMAGES) $(BUILD)/ramdisk.cpio
	@tests/probe/table.py --update $(if $(filter-out 0,$(ANY_QEMU)),--any-qemu)
