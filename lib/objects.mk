# SPDX-License-Identifier: MIT
LIB_SRC := lib/string.c lib/printf.c lib/bitmap.c lib/clock_rate.c \
    lib/clock_wall.c lib/calendar.c lib/calendar_registers.c

# What turns a kernel and a description into a domain: not for every kernel.
BUILDER_SRC := $(addprefix lib/builder/,build.c dtb.c elf.c elf_symbol.c plan.c \
    range.c refuse.c tables.c)

# gcc would turn the loop of a memset into a call to memset. (clang does not,
# with -ffreestanding.)
no_loop_calls = $(if $(findstring clang,$(1)),, \
                     -fno-tree-loop-distribute-patterns)
NO_LOOP_CALLS := $(call no_loop_calls,$(CC))
$(BUILD)/hv/lib/string.o: private HV_CFLAGS += $(NO_LOOP_CALLS)
$(BUILD)/gk/lib/string.o: private GK_CFLAGS += $(NO_LOOP_CALLS)
$(BUILD)/mg/lib/string.o: private MG_CFLAGS += $(NO_LOOP_CALLS)
