# SPDX-License-Identifier: MIT
#
# Micro-guests: tests/kernels/NAME.c becomes build/kernels/NAME.elf by itself,
# together with tests/kernels/NAME_asm.S where there is one. partners/ holds
# those that only run beside another one (see tests/kernels/run).

MG_RUNTIME := $(patsubst %,$(BUILD)/mg/%.o,$(basename $(LIB_SRC) \
    $(filter-out tests/kernels/lib/control%,\
    $(wildcard tests/kernels/lib/*.c tests/kernels/lib/*.S))))
MG_LDS := tests/kernels/lib/micro.lds

MG_TESTS := $(patsubst tests/kernels/%.c,%,\
    $(wildcard tests/kernels/*.c tests/kernels/partners/*.c))
KERNELS := $(MG_TESTS:%=$(BUILD)/kernels/%.elf)

# $(call mg_link,IMAGE,OBJECTS): a rule for one micro-guest.
define mg_link
$(1): $(2) $$(MG_RUNTIME) $$(MG_LDS)
	$$(call made,LD)
	$$(Q)$$(LD) $$(LDFLAGS) -T $$(MG_LDS) -o $$@ $$(filter %.o %.a,$$^)
endef

# Of these, the suites have targets, too (lib/control_targets.h).
MG_SUITES := suite_control suite_control_memory

# Those that make domains have lib/builder, and start with mg_canary_set().
MG_CONTROLS := control_blk_liar control_chaos control_destroy \
    control_end control_ids control_keep control_large control_left \
    control_life control_many \
    control_ports control_random control_reuse control_served control_steps \
    $(MG_SUITES)
MG_CONTROLS += bound_grants control_bound control_grant_batches \
    control_grant_ends \
    control_grant_frames control_grant_random control_grant_stale \
    control_neighbours control_shares hazard_lock_wait bound_schedule \
    bound_wide \
    log_console
MG_BUILDERS := builder $(MG_CONTROLS)
MG_BUILDER := $(patsubst %.c,$(BUILD)/mg/%.o,$(BUILDER_SRC)) $(LIBFDT)
$(BUILD)/mg/lib/builder/%.o: private MG_CFLAGS += $(LIBFDT_INC)

# And with them what makes them by hypercalls (lib/control.h).
MG_CONTROL := $(addprefix $(BUILD)/mg/tests/kernels/lib/,control.o \
    control_kernel.o control_lender.o control_loan.o)

MG_TARGETS := $(BUILD)/mg/tests/kernels/lib/control_targets.o

# $(call mg_kernel,NAME,OTHER): NAME.S has the micro-guest OTHER as KERNEL.
define mg_kernel
MG_HOLDERS += $(BUILD)/mg/tests/kernels/$(1).o
$(BUILD)/mg/tests/kernels/$(1).o: $(BUILD)/kernels/$(2).elf
$(BUILD)/mg/tests/kernels/$(1).o: private \
    MG_CFLAGS += -DKERNEL='"$(BUILD)/kernels/$(2).elf"'
endef
$(eval $(call mg_kernel,builder_asm,yield))
$(eval $(call mg_kernel,lib/control_kernel,partners/child))
$(eval $(call mg_kernel,control_chaos_asm,partners/chaos))
$(eval $(call mg_kernel,bound_schedule_asm,partners/crowd))
$(eval $(call mg_kernel,bound_wide_asm,partners/wide))
$(eval $(call mg_kernel,control_neighbours_asm,partners/neighbour))
$(BUILD)/mg/tests/kernels/control_blk_liar_asm.o: $(BUILD)/guest-pv.elf
$(BUILD)/mg/tests/kernels/control_blk_liar_asm.o: private \
    MG_CFLAGS += -DKERNEL='"$(BUILD)/guest-pv.elf"'

mg_objects = $(BUILD)/mg/tests/kernels/$(1).o $(patsubst %.S,$(BUILD)/mg/%.o,\
    $(wildcard tests/kernels/$(1)_asm.S)) \
    $(if $(filter $(1),$(MG_BUILDERS)),$(MG_BUILDER)) \
    $(if $(filter $(1),$(MG_CONTROLS)),$(MG_CONTROL)) \
    $(if $(filter $(1),$(MG_SUITES)),$(MG_TARGETS))
$(foreach test,$(MG_TESTS),$(eval $(call mg_link,\
    $(BUILD)/kernels/$(test).elf,$(call mg_objects,$(test)))))

# What ONLY_READ=1 reads, without what holds one of the images.
MG_READ := $(MG_TESTS:%=$(BUILD)/mg/tests/kernels/%.o) \
    $(filter-out $(MG_HOLDERS),$(patsubst %,$(BUILD)/mg/%.o,$(basename \
        $(wildcard tests/kernels/*_asm.S tests/kernels/lib/control_*))))

# The suite asks for a micro-guest of each coursework hypercall; the directory
# changes when one comes or goes.
$(BUILD)/mg/tests/kernels/suite.o: tests/kernels
$(BUILD)/mg/tests/kernels/suite.o: private \
    MG_CFLAGS += -DMICRO_GUESTS='" $(MG_TESTS) "'
