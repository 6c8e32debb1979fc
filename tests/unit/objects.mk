# SPDX-License-Identifier: MIT
#
# The unit tests: programs for the host, built with the sanitizers. Program
# NAME is tests/unit/NAME.c and the files in NAME_SRC. lib/ is always there,
# with lib_ before the names that the C library has too (lib_names.h).

UNIT_TESTS := test_lib_macros test_lib_string test_lib_printf test_lib_list test_lib_bitmap \
              test_clock \
              test_decode test_decode_listing \
              test_elf test_elf_notes test_elf_symbols test_bundle test_dtb \
              test_build \
              test_options test_device test_start_info test_frame test_calendar_registers \
              test_frame_poison \
              test_type test_foreign test_audit test_table test_table_preempt \
              test_memory_model test_port \
              test_owner_release test_grant test_grant_model \
              test_symbols test_hypercall test_sched test_fair test_turn_lock \
              test_lock_order test_timers test_console_filter test_console test_engine test_domain \
              test_control \
              test_log_ring \
              test_ring test_stream \
              test_pctl_cfg test_pctl test_pctl_life \
              test_pctl_limits test_pctl_watch test_pctl_create test_pctl_console test_pctl_block \
              test_cpio test_path test_ramfs test_procfs test_area test_object test_gk_elf test_calendar test_latency test_line test_tty test_gk_options \
              test_signal test_alarm test_gk_irq test_gk_console test_control_buffer \
              test_block test_virtqueue test_virtio_blk \
              test_console_file \
              test_partition test_block_cache test_block_ram test_aio \
              test_env test_bus test_pv_console test_history test_blk test_blk_hostile \
              test_control_blk test_env_hold

# Not on a host that is not x86-64: test_sched, test_fair, test_engine,
# test_domain and test_control compile the
# hypervisor's handling of traps, with its instructions, and the direct map of
# the tests with threads lies where x86-64's ThreadSanitizer leaves room.
UNIT_SKIPPED :=
ifneq ($(HOST_ARCH),x86_64)
UNIT_SKIPPED := test_sched test_fair test_engine test_domain test_control \
    test_memory_race test_grant_race test_left_race test_log_race
UNIT_TESTS := $(filter-out $(UNIT_SKIPPED),$(UNIT_TESTS))
endif

DECODE_SRC := hypervisor/x86/decode.c hypervisor/x86/decode_maps.c
test_decode_SRC := $(DECODE_SRC)
test_decode_listing_SRC := $(DECODE_SRC)

# The readers of untrusted input; the fuzzers have them too.
READER_SRC := $(addprefix lib/builder/,refuse.c elf.c elf_symbol.c) \
    $(addprefix hypervisor/build/,bundle.c bundle_node.c bundle_domain.c)
EXPLORE_SRC := $(addprefix tests/fuzz/,explore.c guard.c)
test_elf_SRC := $(READER_SRC) $(EXPLORE_SRC) tests/fuzz/samples.c
test_elf_notes_SRC := $(test_elf_SRC)
test_elf_symbols_SRC := $(test_elf_SRC)
test_bundle_SRC := $(test_elf_SRC)
PCTL_CFG_SRC := user/pctl/cfg.c user/pctl/description.c user/pctl/disk.c \
    lib/builder/refuse.c
test_pctl_cfg_SRC := $(PCTL_CFG_SRC)
# All of pctl but for the device, on a machine of the test's.
PCTL_SRC := $(filter-out user/pctl/main.c user/pctl/device.c, \
    $(sort $(wildcard user/pctl/*.c))) $(BUILDER_SRC) tests/unit/pctl_fake.c
test_pctl_SRC := $(PCTL_SRC)
test_pctl_life_SRC := $(PCTL_SRC)
test_pctl_limits_SRC := $(PCTL_SRC)
test_pctl_watch_SRC := $(PCTL_SRC)
test_pctl_block_SRC := $(PCTL_SRC)
test_pctl_console_SRC := $(PCTL_SRC)
test_dtb_SRC := lib/builder/dtb.c tests/fuzz/guard.c
# A domain in the host's memory, and all of the builder.
BUILT_SRC := $(BUILDER_SRC) $(addprefix tests/fuzz/,built.c built_check.c)
test_pctl_create_SRC := $(PCTL_SRC) $(BUILT_SRC) tests/fuzz/samples.c \
    tests/unit/pctl_made.c
test_build_SRC := $(BUILT_SRC) tests/fuzz/samples.c
# It builds a domain of the guest kernel, too.
$(BUILD)/unit/test_build: | $(BUILD)/guest-pv.elf
$(BUILD)/host/tests/unit/test_build.o: private \
    HOST_CFLAGS += -DGUEST_KERNEL='"$(BUILD)/guest-pv.elf"'

test_options_SRC := hypervisor/boot/options.c tests/unit/refusal.c
test_device_SRC := hypervisor/core/device.c tests/unit/refusal.c
test_start_info_SRC := hypervisor/boot/start_info.c tests/unit/refusal.c \
    tests/unit/direct_map.c
test_frame_SRC := hypervisor/mm/frame.c tests/unit/direct_map.c
test_frame_poison_SRC := tests/unit/direct_map.c hypervisor/base/lock_order.c
# The hypervisor's memory management on the machine of mmu.h.
MMU_SRC := $(addprefix hypervisor/mm/,audit.c audit_device.c audit_grant.c \
    audit_machine.c device_page.c frame.c grant.c grant_handle.c owner_release.c table.c type.c) \
    tests/unit/mmu.c tests/unit/direct_map.c
# tests/mutations/run builds these, too.
export MODEL_SRC MMU_TEST_SRC
MMU_TEST_SRC := $(MMU_SRC) tests/unit/mmu_tlb.c
MODEL_SRC := $(MMU_TEST_SRC) $(addprefix tests/unit/,memory_model.c \
    memory_look.c memory_check.c memory_steps.c memory_end.c device_steps.c \
    grant_model.c \
    grant_calls.c grant_core.c grant_steps.c grant_borrow.c grant_arrays.c \
    grant_copies.c grant_ends.c grant_runs.c)
test_type_SRC := $(MMU_TEST_SRC)
test_foreign_SRC := $(test_type_SRC)
test_audit_SRC := $(test_type_SRC)
test_grant_SRC := $(test_type_SRC)
test_table_SRC := $(test_type_SRC)
test_table_preempt_SRC := $(test_type_SRC)
test_memory_model_SRC := $(MODEL_SRC)
test_grant_model_SRC := $(MODEL_SRC)
test_owner_release_SRC := $(MODEL_SRC)

test_lock_order_SRC := hypervisor/base/lock_order.c
test_timers_SRC := hypervisor/core/timers.c
test_log_ring_SRC := hypervisor/base/log_ring.c
test_port_SRC := hypervisor/core/port.c tests/unit/direct_map.c
test_console_filter_SRC := hypervisor/base/console_filter.c
test_symbols_SRC := hypervisor/base/symbols.c
test_hypercall_SRC := hypervisor/core/hypercall.c
test_console_SRC := $(addprefix hypervisor/base/,console.c console_filter.c \
    log_ring.c)

# These run on the CPUs of machine.h, and are compiled with it in front.
MACHINE_SRC := $(addprefix hypervisor/core/,device.c domain.c domain_create.c \
    domain_destroy.c domain_end.c domain_life.c domain_teardown.c event.c \
    event_port.c \
    guest_access.c hc_evtchn.c hc_vcpu.c memory.c pirq.c port.c timers.c) \
    $(sort $(wildcard hypervisor/sched/*.c)) \
    hypervisor/base/turn_lock.c hypervisor/engine/trap.c
test_sched_SRC := $(addprefix tests/unit/,sched_guest.c sched_check.c sched_idle.c \
    sched_spread.c machine.c flow.c direct_map.c)
# The policy alone, on a machine of its own.
FAIR_SRC := $(sort $(wildcard hypervisor/sched/fair*.c)) \
    hypervisor/core/timers.c
test_fair_SRC := tests/unit/fair_machine.c tests/unit/direct_map.c
# No file of the pv engine is among them: the other engine is the test's.
test_engine_SRC := $(addprefix tests/unit/,machine.c flow.c direct_map.c)
test_domain_SRC := $(test_engine_SRC)
test_control_SRC := $(test_engine_SRC)
CONTROL_SRC := $(wildcard hypervisor/core/hc_domain*.c)

test_area_SRC := guest-kernel/mm/area.c
test_object_SRC := guest-kernel/mm/object.c
test_cpio_SRC := guest-kernel/fs/cpio.c
RAMFS_SRC := $(addprefix guest-kernel/fs/,inode.c path.c file.c ramfs.c \
    ramfs_file.c ramfs_unpack.c device.c)
test_ramfs_SRC := $(RAMFS_SRC) guest-kernel/fs/cpio.c guest-kernel/mm/object.c \
    tests/unit/ramfs_world.c
test_path_SRC := $(test_ramfs_SRC)
test_procfs_SRC := $(test_ramfs_SRC) $(addprefix guest-kernel/procfs/,procfs.c \
    procfs_text.c)
# Their headers lead to irqflag.h; nothing of it is called.
$(patsubst %.c,$(BUILD)/host/%.o,tests/unit/ramfs_world.c $(RAMFS_SRC) \
    tests/unit/test_procfs.c guest-kernel/procfs/procfs.c): private \
    HOST_CFLAGS += -Iguest-kernel/privops/native
test_gk_elf_SRC := guest-kernel/proc/elf.c
test_latency_SRC := guest-kernel/privops/latency.c
test_line_SRC := guest-kernel/monitor/line.c
test_tty_SRC := guest-kernel/tty/tty_line.c guest-kernel/tty/tty_speed.c
# Their headers lead to irqflag.h; nothing of it is called.
$(addprefix $(BUILD)/host/,guest-kernel/tty/tty_line.o \
    guest-kernel/tty/tty_speed.o tests/unit/test_tty.o): private \
    HOST_CFLAGS += -Iguest-kernel/privops/native
# With an interrupt flag that is a word.
test_gk_console_SRC := guest-kernel/tty/console.c
$(addprefix $(BUILD)/host/,guest-kernel/tty/console.o \
    tests/unit/test_gk_console.o): private HOST_CFLAGS += -Itests/unit/irqflag
test_console_file_SRC := guest-kernel/control/console_file.c \
    pvdrivers/history.c
$(addprefix $(BUILD)/host/,guest-kernel/control/console_file.o \
    tests/unit/test_console_file.o): private HOST_CFLAGS += -Itests/unit/irqflag
test_block_SRC := guest-kernel/block/block.c
$(addprefix $(BUILD)/host/,guest-kernel/block/block.o \
    tests/unit/test_block.o): private HOST_CFLAGS += -Itests/unit/irqflag
VIRTIO_BLK_SRC := guest-kernel/block/block.c \
    $(addprefix guest-kernel/dev/,virtio_blk.c virtio_mmio.c virtqueue.c)
test_virtio_blk_SRC := $(VIRTIO_BLK_SRC)
$(patsubst %.c,$(BUILD)/host/%.o,$(VIRTIO_BLK_SRC) \
    tests/unit/test_virtio_blk.c): private HOST_CFLAGS += -Itests/unit/irqflag
test_virtqueue_SRC := guest-kernel/dev/virtqueue.c
test_aio_SRC := guest-kernel/proc/aio.c
$(addprefix $(BUILD)/host/,guest-kernel/proc/aio.o \
    tests/unit/test_aio.o): private HOST_CFLAGS += -Itests/unit/irqflag
test_block_ram_SRC := $(addprefix guest-kernel/block/,block_ram.c block.c)
$(addprefix $(BUILD)/host/,guest-kernel/block/block_ram.o \
    tests/unit/test_block_ram.o): private HOST_CFLAGS += -Itests/unit/irqflag
test_block_cache_SRC := $(addprefix guest-kernel/block/,block_page.c \
    block_cache.c block.c)
$(addprefix $(BUILD)/host/,guest-kernel/block/block_cache.o \
    guest-kernel/block/block_page.o \
    tests/unit/test_block_cache.o): private HOST_CFLAGS += -Itests/unit/irqflag
test_gk_options_SRC := guest-kernel/boot/options.c
test_alarm_SRC := guest-kernel/thread/alarm.c
test_gk_irq_SRC := guest-kernel/core/irq.c
test_control_buffer_SRC := guest-kernel/control/buffer.c
test_signal_SRC := guest-kernel/proc/signal_set.c
# The fuzzer has them too.
PARTITION_SRC := $(addprefix guest-kernel/block/,partition_table.c \
    partition_gpt.c partition.c) \
    tests/unit/disk_tables.c
test_partition_SRC := $(PARTITION_SRC)

# What is in pvdrivers/ runs on the host's env.h.
ENV_HOST_SRC := $(addprefix tests/unit/,env_host.c env_host_grant.c \
    env_host_thread.c)
test_env_SRC := $(ENV_HOST_SRC)
BUS_SRC := pvdrivers/bus.c \
    $(addprefix tests/unit/,bus_ends.c bus_world.c) $(ENV_HOST_SRC)
test_bus_SRC := $(BUS_SRC)
test_history_SRC := pvdrivers/history.c $(ENV_HOST_SRC)
test_pv_console_SRC := $(ENV_HOST_SRC) \
    $(addprefix pvdrivers/,console_front.c console_back.c listen.c)

BLK_SRC := $(sort $(wildcard pvdrivers/blk_*.c)) pvdrivers/bus.c \
    pvdrivers/listen.c \
    $(addprefix tests/unit/,blk_disk.c blk_client.c blk_world.c) $(ENV_HOST_SRC)
test_blk_SRC := $(BLK_SRC)
BLK_HOSTILE_SRC := $(BLK_SRC) $(addprefix tests/unit/,blk_hostile.c blk_explore.c)
test_blk_hostile_SRC := $(BLK_HOSTILE_SRC)
# The kernel's own bells, threads and hypercalls are the test's; the sanitizers
# call the C library's sched_yield().
CONTROL_BLK_SRC := $(addprefix guest-kernel/control/,blk.c blk_serve.c store.c)
test_control_blk_SRC := $(CONTROL_BLK_SRC) pvdrivers/bus.c pvdrivers/listen.c \
    $(sort $(wildcard pvdrivers/blk_back*.c)) \
    tests/unit/env_host.c tests/unit/env_host_grant.c
$(patsubst %.c,$(BUILD)/host/%.o,$(CONTROL_BLK_SRC) \
    tests/unit/test_control_blk.c): private HOST_CFLAGS += -Itests/unit/irqflag \
    -include tests/unit/hypercalls_host.h -Dsched_yield=kernel_sched_yield
test_env_hold_SRC := guest-kernel/pvenv/hold.c
$(addprefix $(BUILD)/host/,guest-kernel/pvenv/hold.o \
    tests/unit/test_env_hold.o): private HOST_CFLAGS += -Itests/unit/irqflag \
    -include tests/unit/hypercalls_host.h

# ---- the rules ----

# All of grants. With its short ways inline, and optimised, this one takes the
# compilers 5 and 10 seconds with the sanitizers, and what comes of it is no
# faster.
GRANT_CORE_CFLAGS := -O0 -Dalways_inline=unused
$(BUILD)/host/tests/unit/grant_core.o: private HOST_CFLAGS += \
    $(GRANT_CORE_CFLAGS)
$(BUILD)/fuzz/tests/unit/grant_core.o: private FUZZ_CFLAGS += \
    $(GRANT_CORE_CFLAGS)

# What the hypervisor's sources want to know, and a direct map that is far from
# what programs and the sanitizers use.
$(addsuffix /%.o,$(addprefix $(BUILD)/,host/hypervisor host/tests/unit \
    host-machine)): private \
    HOST_CFLAGS += -DPARAPET_DEBUG=0 -DDIRECT_BASE=0x400000000000

UNIT_LIB := $(patsubst %.c,$(BUILD)/host-lib/%.o,$(LIB_SRC))
UNIT_PROGRAMS := $(patsubst %,$(BUILD)/unit/%,$(UNIT_TESTS))

$(BUILD)/host-lib/%.o: %.c tests/unit/lib_names.h $(BUILD)/flags
	$(call made,CC)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -ffreestanding \
	    $(call no_loop_calls,$(HOSTCC)) \
	    -include tests/unit/lib_names.h -c $< -o $@

$(BUILD)/host-machine/%.o: %.c tests/unit/machine.h $(BUILD)/flags
	$(call made,CC)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -include tests/unit/machine.h -c $< -o $@
$(addprefix $(BUILD)/unit/,test_sched test_engine test_domain test_control): \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(MACHINE_SRC))
$(BUILD)/unit/test_fair: \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(FAIR_SRC))
$(BUILD)/unit/test_control: \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(CONTROL_SRC))

# tests/mutations/run puts another object in the place of one of these.
define unit_objects
export OBJECTS_$(1) := $(patsubst %.c,$(BUILD)/host/%.o,\
    tests/unit/$(1).c $($(1)_SRC)) $(UNIT_LIB)
endef
$(foreach test,test_frame test_type test_table test_table_preempt \
    test_foreign test_owner_release test_grant test_grant_model \
    test_memory_model,$(eval $(call unit_objects,$(test))))
export OBJECTS_test_domain := $(patsubst %.c,$(BUILD)/host/%.o,\
    tests/unit/test_domain.c $(test_domain_SRC)) $(UNIT_LIB) \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(MACHINE_SRC))
export OBJECTS_test_fair := $(patsubst %.c,$(BUILD)/host/%.o,\
    tests/unit/test_fair.c $(test_fair_SRC)) $(UNIT_LIB) \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(FAIR_SRC))
export OBJECTS_test_sched := $(patsubst %.c,$(BUILD)/host/%.o,\
    tests/unit/test_sched.c $(test_sched_SRC)) $(UNIT_LIB) \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(MACHINE_SRC))
export OBJECTS_test_control := $(patsubst %.c,$(BUILD)/host/%.o,\
    tests/unit/test_control.c $(test_control_SRC)) $(UNIT_LIB) \
    $(patsubst %.c,$(BUILD)/host-machine/%.o,$(MACHINE_SRC) $(CONTROL_SRC))

define unit_program
$(BUILD)/unit/$(1): $(patsubst %.c,$(BUILD)/host/%.o,tests/unit/$(1).c $($(1)_SRC))
endef
$(foreach test,$(UNIT_TESTS),$(eval $(call unit_program,$(test))))

$(UNIT_PROGRAMS): $(UNIT_LIB)
	$(call made,LD)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $^ -lcmocka -o $@

$(addprefix $(BUILD)/unit/,test_elf test_elf_notes test_elf_symbols test_bundle \
    test_dtb test_build test_pctl test_pctl_life test_pctl_limits test_pctl_watch \
    test_pctl_create test_pctl_console test_pctl_block): $(HOST_LIBFDT)

# Those with threads have a sanitizer of their own, which wants the direct map
# elsewhere.
TSAN_CFLAGS := $(call common,$(HOSTCC)) \
               -fsanitize=thread -fno-omit-frame-pointer \
               -DPARAPET_DEBUG=0 -DDIRECT_BASE=0x1000000000
test_memory_race_SRC := $(MMU_SRC) tests/unit/race.c lib/bitmap.c
test_grant_race_SRC := $(test_memory_race_SRC)
test_left_race_SRC := $(test_memory_race_SRC)
test_log_race_SRC := hypervisor/base/log_ring.c
test_ring_race_SRC := tests/unit/two_ends.c
test_virtqueue_race_SRC := guest-kernel/dev/virtqueue.c tests/unit/two_ends.c
test_stream_race_SRC := tests/unit/two_ends.c
test_bus_race_SRC := pvdrivers/bus.c tests/unit/bus_ends.c $(ENV_HOST_SRC)
test_blk_race_SRC := $(filter-out tests/unit/blk_world.c,$(BLK_SRC))

$(BUILD)/tsan/%.o: %.c $(BUILD)/flags
	$(call made,CC)
	$(Q)$(HOSTCC) $(TSAN_CFLAGS) -c $< -o $@

RACE_TESTS := test_memory_race test_grant_race test_left_race test_log_race \
    test_ring_race test_virtqueue_race test_stream_race test_bus_race test_blk_race
define race_program
$(BUILD)/unit/$(1): $(patsubst %.c,$(BUILD)/tsan/%.o,tests/unit/$(1).c $($(1)_SRC))
endef
$(foreach test,$(RACE_TESTS),$(eval $(call race_program,$(test))))

RACE_PROGRAMS := $(RACE_TESTS:%=$(BUILD)/unit/%)
$(RACE_PROGRAMS):
	$(call made,LD)
	$(Q)$(HOSTCC) $(TSAN_CFLAGS) $^ -lcmocka -o $@

UNIT_PROGRAMS += $(filter-out $(UNIT_SKIPPED:%=$(BUILD)/unit/%), \
    $(RACE_PROGRAMS))

# What ONLY_READ=1 reads: each source once, and none that an image is made of.
UNIT_READ := $(patsubst %.c,$(BUILD)/host/%.o,$(filter-out \
    $(HV_SRC) $(GK_SRC) $(GK_PV_SRC) $(BUILDER_SRC) $(LIB_SRC), \
    $(sort $(foreach test,$(UNIT_TESTS) $(RACE_TESTS), \
        tests/unit/$(test).c $($(test)_SRC)))))

# What objdump says of decode_listing.S: {"bytes in hexadecimal", "text"},
$(BUILD)/unit/decode_listing.inc: tests/unit/decode_listing.S $(FLAGS)
	$(call made,LISTING)
	$(Q)$(CROSS)as $< -o $(@:.inc=.o)
	$(Q)$(CROSS)objdump -d -z --insn-width=15 $(@:.inc=.o) | sed -n \
	    's/^ *[0-9a-f]*:\t\([0-9a-f ]*[0-9a-f]\) *\t\([^#]*\).*/{"\1", "\2"},/p' \
	    > $@
$(BUILD)/host/tests/unit/test_decode_listing.o: $(BUILD)/unit/decode_listing.inc
$(BUILD)/host/tests/unit/test_decode_listing.o: private \
    HOST_CFLAGS += -I$(BUILD)/unit

.PHONY: unit
unit: $(UNIT_PROGRAMS)
	@for test in $(UNIT_SKIPPED); do \
	    echo "SKIP: unit $$test: the host is $(HOST_ARCH), not x86-64"; \
	done
	@failed=; for test in $^; do \
	    echo "== $${test##*/}"; \
	    $$test || failed="$$failed $${test##*/}"; \
	done; \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }
