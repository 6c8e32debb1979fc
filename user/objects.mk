# SPDX-License-Identifier: MIT
#
# Programs that run inside domains, in user mode: C with musl, linked
# statically, so that nothing but system calls lies between them and the
# kernel. USER_PROGRAMS are put into the RAM disk, in bin/; init is its /init.
# To be included before guest-kernel/objects.mk.

# clang has no musl wrapper in Debian: these are always built by this one.
MUSL_CC := musl-gcc
USER_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -I. -MMD -MP -Wall -Wextra \
	-Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Werror -fno-pie

# Of several files: main.c and the others of a folder.
LARGE_PROGRAMS := $(patsubst user/%/main.c,%,$(wildcard user/*/main.c))
# Of one file each, user/NAME.c.
SMALL_PROGRAMS := abuse copy hog linger scramble

USER_PROGRAMS := $(addprefix $(BUILD)/user/bin/, \
	$(LARGE_PROGRAMS) $(SMALL_PROGRAMS) bench-true)

$(foreach name,$(LARGE_PROGRAMS),$(eval $(BUILD)/user/bin/$(name): \
    $(patsubst %.c,$(BUILD)/user/%.o,$(filter-out %/true.c, \
    $(wildcard user/$(name)/*.c)))))
$(BUILD)/user/bin/bench-true: $(BUILD)/user/user/bench/true.o
$(addprefix $(BUILD)/user/bin/,$(SMALL_PROGRAMS) init): $(BUILD)/user/bin/%: \
    $(BUILD)/user/user/%.o

$(BUILD)/user/%.o: %.c user/objects.mk $(FLAGS)
	$(call made,MUSL)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) -c $< -o $@
$(USER_PROGRAMS) $(BUILD)/user/bin/init:
	$(call made,MUSL)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) -static -no-pie -s -Wl,-z,noexecstack -o $@ $^
