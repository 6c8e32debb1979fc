# SPDX-License-Identifier: MIT
#
# The guest kernel: one source, two builds. privops/privops.h includes
# "irqflag.h", which the include path finds in privops/pv or privops/native;
# so each build compiles everything for itself, into gk-pv/ or gk-native/.

# No function may take a third of a kernel stack (mm/layout.h) for itself.
GK_FRAMES := -Wframe-larger-than=5120

GK_PV_CFLAGS = -Iguest-kernel/privops/pv -I$(BUILD)/gk $(GK_CFLAGS) $(GK_FRAMES)
GK_NATIVE_CFLAGS = -Iguest-kernel/privops/native -I$(BUILD)/gk $(GK_CFLAGS) \
    $(GK_FRAMES)

# In the order of the directories, the lowest first: tests/checks/arrows.py.
GK_SRC := $(addprefix guest-kernel/, \
	x86/trap_entry.S x86/switch.S \
	privops/latency.c \
	core/kprintf.c core/irq.c core/panic.c core/exception.c \
	mm/early.c mm/page.c mm/slab.c mm/object.c mm/area.c mm/user_page.c \
	mm/table.c mm/table_change.c mm/kernel_area.c mm/space.c \
	mm/space_fault.c mm/space_clone.c mm/space_copy.c mm/space_move.c \
	thread/stack.c thread/alarm.c thread/thread.c thread/sched.c \
	thread/wait.c \
	fs/cpio.c fs/inode.c fs/path.c fs/file.c fs/ramfs.c fs/ramfs_file.c \
	fs/ramfs_unpack.c fs/pipe.c fs/poll.c fs/device.c fs/device_null.c \
	fs/random.c \
	block/block.c block/partition_table.c \
	block/partition_gpt.c block/partition.c \
	block/block_page.c block/block_cache.c block/block_ram.c \
	block/block_direct.c block/disk.c block/block_file.c block/block_ioctl.c \
	proc/trap.c proc/fpu.c proc/process.c proc/clone.c proc/exit.c \
	proc/user.c proc/oom.c proc/exec.c proc/exec_stack.c proc/elf.c \
	proc/files.c proc/signal.c proc/signal_set.c proc/signal_deliver.c \
	proc/signal_frame.c proc/timer.c proc/futex.c proc/syscall.c \
	proc/sys_io.c proc/sys_file.c proc/sys_poll.c proc/sys_memory.c \
	proc/sys_process.c proc/sys_thread.c proc/sys_system.c \
	proc/sys_user_ids.c proc/sys_signal.c proc/sys_time.c \
	proc/sys_stat.c proc/sys_open.c proc/sys_dir.c \
	proc/sys_attribute.c proc/sys_descriptor.c proc/user_path.c \
	proc/epoll.c proc/aio.c proc/sys_aio.c \
	tty/console.c tty/tty.c tty/tty_line.c tty/tty_job.c \
	tty/tty_speed.c tty/tty_ioctl.c \
	procfs/procfs.c procfs/procfs_text.c procfs/procfs_root.c \
	procfs/procfs_system.c procfs/procfs_process.c \
	procfs/procfs_status.c procfs/procfs_cpu.c \
	monitor/monitor.c monitor/line.c monitor/commands.c \
	monitor/cmd_system.c monitor/cmd_files.c monitor/cmd_threads.c \
	monitor/cmd_crash.c monitor/cmd_counters.c monitor/cmd_run.c \
	monitor/cmd_disk.c \
	monitor/selftest.c monitor/selftest_space.c \
	monitor/selftest_object.c monitor/selftest_random.c \
	boot/main.c boot/options.c \
	dev/virtqueue.c dev/virtio_mmio.c dev/virtio_blk.c \
	bench/bench.c)

GK_PV_SRC := $(addprefix guest-kernel/privops/pv/, \
	start.c entry.S trap.c event.c time.c console.c counters.c power.c \
	library.c devtree.c device.c mmu.c user.c) \
	$(addprefix guest-kernel/pvenv/, page.c port.c bell.c console.c \
	lend.c hold.c bus.c blk.c) \
	$(addprefix guest-kernel/control/, buffer.c device.c console.c \
	console_file.c request.c balloon.c blk.c blk_serve.c store.c) \
	$(addprefix pvdrivers/, console_front.c console_back.c history.c \
	listen.c bus.c blk_front.c blk_front_request.c blk_back.c \
	blk_back_take.c blk_back_hold.c blk_back_copy.c) \
	guest-kernel/bench/pv.c

GK_NATIVE_SRC := $(addprefix guest-kernel/privops/native/, \
	pvh.S start.c features.c entry.S tables.c boot_info.c device.c paging.c \
	interrupt.c time.c power.c mmu.c user.c) \
	$(addprefix guest-kernel/dev/, uart.c lapic.c ioapic.c pit.c) \
	$(addprefix guest-kernel/bench/, native.c native_memory.c native_user.c \
	native_loops.S native_loops_memory.S native_loops_user.S svm.c)

GK_LIB_OBJ := $(patsubst %,$(BUILD)/gk/%.o,$(basename $(LIB_SRC)))
GK_PV_OBJ := $(patsubst %,$(BUILD)/gk-pv/%.o,$(basename $(GK_SRC) $(GK_PV_SRC)))
GK_NATIVE_OBJ := $(patsubst %,$(BUILD)/gk-native/%.o, \
	$(basename $(GK_SRC) $(GK_NATIVE_SRC)))

$(BUILD)/gk-pv/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(CC) $(GK_PV_CFLAGS) $(LIBFDT_INC) -c $< -o $@
$(BUILD)/gk-pv/%.o: %.S $(FLAGS)
	$(call made,AS)
	$(Q)$(CC) $(GK_PV_CFLAGS) -D__ASSEMBLY__ -c $< -o $@
$(BUILD)/gk-native/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(CC) $(GK_NATIVE_CFLAGS) -c $< -o $@
$(BUILD)/gk-native/%.o: %.S $(FLAGS)
	$(call made,AS)
	$(Q)$(CC) $(GK_NATIVE_CFLAGS) -D__ASSEMBLY__ -c $< -o $@

# [NUMBER] = "NAME", for each of Linux's system calls on x86-64.
SYSCALL_NAMES := $(BUILD)/gk/syscall_names.inc

$(SYSCALL_NAMES): $(FLAGS)
	$(call made,NAMES)
	$(Q)echo '#include <asm/unistd_64.h>' | \
	    $(CC) $(TARGET) $(LIBFDT_INC) -E -dM - | sed -n \
	    's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/[\2] = "\1",/p' > $@

$(BUILD)/gk-pv/guest-kernel/proc/syscall.o \
$(BUILD)/gk-native/guest-kernel/proc/syscall.o: | $(SYSCALL_NAMES)

GK_LDS := $(BUILD)/gk/guest-kernel/mm/kernel.lds

$(GK_LDS): guest-kernel/mm/kernel.lds.S guest-kernel/mm/layout.h abi/abi.h $(FLAGS)
	$(call made,LDS)
	$(Q)$(CC) $(TARGET) -E -P -I. -D__ASSEMBLY__ $< -o $@

$(BUILD)/guest-pv.elf: $(GK_PV_OBJ) $(GK_LIB_OBJ) $(GK_LDS)
	$(call made,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(GK_LDS) -e guest_main -o $@ $(GK_PV_OBJ) \
	    $(GK_LIB_OBJ) $(LIBFDT)
$(BUILD)/guest-native.elf: $(GK_NATIVE_OBJ) $(GK_LIB_OBJ) $(GK_LDS)
	$(call made,LD)
	$(Q)$(LD) $(LDFLAGS) -T $(GK_LDS) -e native_start -o $@ \
	    $(GK_NATIVE_OBJ) $(GK_LIB_OBJ)

# ---- the RAM disk: ramdisk/, our programs, Debian's busybox ----

RAMDISK_FILES := $(sort $(shell find guest-kernel/ramdisk -type f))
RAMDISK_PARTS := guest-kernel/ramdisk home= dev= proc= tmp= var/log= \
	'sbin->bin' 'usr/bin->../bin' 'usr/sbin->../bin' \
	'etc/mtab->../proc/mounts' bin/busybox=$(BUSYBOX)
RAMDISK_PROGRAMS := init=$(BUILD)/user/bin/init $(foreach program, \
	$(USER_PROGRAMS),bin/$(notdir $(program))=$(program))

$(BUILD)/ramdisk.cpio: tools/mkramdisk tools/applets $(RAMDISK_FILES) \
    $(USER_PROGRAMS) $(BUILD)/user/bin/init $(BUSYBOX)
	$(call made,CPIO)
	$(Q)applets=$$(tools/applets $(BUSYBOX) | \
	    sed '/^busybox$$/d; s,.*,bin/&->busybox,') && \
	    tools/mkramdisk $@ $(RAMDISK_PARTS) $$applets $(RAMDISK_PROGRAMS)
