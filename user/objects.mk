# SPDX-License-Identifier: MIT
#
# Programs that run inside domains, in user mode: C with musl, linked
# statically, so that nothing but system calls lies between them and the
# kernel. USER_PROGRAMS are put into the RAM disk, in bin/; init is its /init.
# To be included before guest-kernel/objects.mk.

# The cross compiler by itself does not know musl: the specs in SYSROOT do.
ifeq ($(MUSL_CC),$(CROSS)gcc)
MUSL_SPECS := $(BUILD)/user/musl-gcc.specs
endif
MUSL := $(MUSL_CC) $(addprefix -specs=,$(MUSL_SPECS))
USER_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -I. -MMD -MP -Wall -Wextra \
	-Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	$(WERROR_FLAG) -fno-pie

# Of several files: main.c and the others of a directory.
LARGE_PROGRAMS := $(patsubst user/%/main.c,%,$(wildcard user/*/main.c))
# Of one file each, user/NAME.c.
SMALL_PROGRAMS := abuse copy hog linger scramble

USER_PROGRAMS := $(addprefix $(BUILD)/user/bin/, \
	$(LARGE_PROGRAMS) $(SMALL_PROGRAMS) bench-true)

$(foreach name,$(LARGE_PROGRAMS),$(eval $(BUILD)/user/bin/$(name): \
    $(patsubst %.c,$(BUILD)/user/%.o,$(filter-out %/true.c, \
    $(wildcard user/$(name)/*.c)))))
# pctl makes domains. What lib/string.c has is musl's there.
$(BUILD)/user/bin/pctl: $(patsubst %.c,$(BUILD)/user/%.o,$(BUILDER_SRC) \
    lib/printf.c) $(LIBFDT)
$(BUILD)/user/lib/builder/%.o: private USER_CFLAGS += $(LIBFDT_INC)
$(BUILD)/user/bin/bench-true: $(BUILD)/user/user/bench/true.o
$(addprefix $(BUILD)/user/bin/,$(SMALL_PROGRAMS) init): $(BUILD)/user/bin/%: \
    $(BUILD)/user/user/%.o

$(BUILD)/user/musl-gcc.specs: $(FLAGS)
	$(call made,SPECS)
	$(Q)sed 's,/usr/,$(SYSROOT)/usr/,g' \
	    $(SYSROOT)/usr/lib/x86_64-linux-musl/musl-gcc.specs > $@

$(BUILD)/user/%.o: %.c user/objects.mk $(MUSL_SPECS) $(FLAGS)
	$(call made,MUSL)
	$(Q)$(MUSL) $(USER_CFLAGS) -c $< -o $@
$(USER_PROGRAMS) $(BUILD)/user/bin/init:
	$(call made,MUSL)
	$(Q)$(MUSL) -static -no-pie -s -Wl,-z,noexecstack -o $@ $^
