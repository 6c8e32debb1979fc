# SPDX-License-Identifier: MIT
#
# Programs that run inside domains, in user mode: C with musl, linked
# statically, so that nothing but system calls lies between them and the
# kernel. USER_PROGRAMS are put into the RAM disk, in bin/. To be included
# before guest-kernel/objects.mk.

# clang has no musl wrapper in Debian: these are always built by this one.
MUSL_CC := musl-gcc
USER_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -I. -MMD -MP -Wall -Wextra \
	-Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Werror -fno-pie

TOUR_SRC := $(addprefix user/tour/, main.c memory.c family.c forbidden.c \
	registers.c clock.c)

# Of one file each, user/NAME.c: for the tests.
SMALL_PROGRAMS := copy hog linger scramble

USER_PROGRAMS := $(addprefix $(BUILD)/user/bin/,tour $(SMALL_PROGRAMS))

$(BUILD)/user/bin/tour: $(patsubst %.c,$(BUILD)/user/%.o,$(TOUR_SRC))
$(addprefix $(BUILD)/user/bin/,$(SMALL_PROGRAMS)): $(BUILD)/user/bin/%: \
    $(BUILD)/user/user/%.o

$(BUILD)/user/%.o: %.c user/objects.mk $(FLAGS)
	$(call made,MUSL)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(USER_CFLAGS) -c $< -o $@
$(USER_PROGRAMS):
	$(call made,MUSL)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) -static -no-pie -s -Wl,-z,noexecstack -o $@ $^
