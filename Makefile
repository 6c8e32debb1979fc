# SPDX-License-Identifier: MIT
#
# The only entrance. `make` alone prints what there is. Each directory has a
# small list of its sources in objects.mk; the rules are here.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
BUILD ?= build
DEBUG ?= 0

# Two kinds of tools: what runs in the machine is for x86-64 and is made by CC
# and by the binutils whose names begin with CROSS; the tools, unit tests and
# fuzzers run on the host and are made by HOSTCC.
HOST_ARCH ?= $(shell uname -m)
ifeq ($(HOST_ARCH),x86_64)
CROSS ?=
else
CROSS ?= x86_64-linux-gnu-
endif
CC := $(CROSS)gcc
HOSTCC := $(if $(findstring clang,$(CC)),$(CC),gcc)
LD := $(CROSS)ld

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:

# V=1 prints the commands, else a line for each file that is made. Before that
# its directory is, by the same shell: there are some thousand files.
V ?= 0
made = @[ -d $(@D) ] || mkdir -p $(@D)
ifeq ($(V),0)
Q := @
made += ; printf '  %-7s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@)
endif

WERROR ?= 1
WERROR_FLAG := $(if $(filter 0,$(WERROR)),,-Werror)
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wundef $(WERROR_FLAG)
CLANG_WARNINGS := -Winitializer-overrides \
                  -Wno-gnu-zero-variadic-macro-arguments
# A list whose nodes lie on the stacks of those who wait is sound, but looks to
# gcc 13 and later as if it outlived them (Linux does without the warning, too).
GCC_WARNINGS := -Woverride-init -Wno-dangling-pointer

# Without it (DEBUG_INFO=) compiling is a fifth shorter (run-tests.py).
DEBUG_INFO ?= -g

# $(call common,COMPILER): the flags that all worlds have.
common = -std=gnu11 -O2 $(DEBUG_INFO) -I. -MMD -MP $(WARNINGS) \
         $(if $(findstring clang,$(1)),$(CLANG_WARNINGS),$(GCC_WARNINGS))
ifneq ($(findstring clang,$(CC)),)
# One clang compiles for all: it has to be told which.
TARGET := $(if $(CROSS),--target=$(patsubst %-,%,$(notdir $(CROSS))))
endif
FREESTANDING := $(call common,$(CC)) $(TARGET) -ffreestanding \
                -fno-stack-protector -fno-asynchronous-unwind-tables \
                -fno-strict-aliasing -fcf-protection=none \
                -mno-red-zone -mgeneral-regs-only

# SYSROOT has the packages for x86-64 below it: on another host they are not
# installed, but unpacked there (tools/doctor). clang has no musl wrapper in
# Debian: the programs of user/ are always built by MUSL_CC.
ifeq ($(HOST_ARCH),x86_64)
SYSROOT ?=
MUSL_CC ?= musl-gcc
else
SYSROOT ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/parapet/amd64
MUSL_CC ?= $(CROSS)gcc
endif
BUSYBOX ?= $(SYSROOT)/bin/busybox
# libfdt.h comes from there, after the compiler's own directories. It wants
# headers of a C library; a cross compiler's are the last.
LIBFDT_INC ?= -idirafter $(SYSROOT)/usr/include \
              -idirafter $(SYSROOT)/usr/include/x86_64-linux-gnu \
              -idirafter /usr/include -idirafter /usr/x86_64-linux-gnu/include
LIBFDT ?= $(SYSROOT)/usr/lib/x86_64-linux-gnu/libfdt.a
# The same library for what runs on the host.
ifeq ($(HOST_ARCH),x86_64)
HOST_LIBFDT_INC ?= $(LIBFDT_INC)
HOST_LIBFDT ?= $(LIBFDT)
HOST_FLAGS :=
else
# What compiles the hypervisor's sources for the host (tests/unit).
HOST_FLAGS := -include tests/unit/other_host.h
HOST_LIBFDT_INC ?=
HOST_LIBFDT ?= /usr/lib/$(HOST_ARCH)-linux-gnu/libfdt.a
endif

HV_CFLAGS := $(FREESTANDING) -fpie -fvisibility=hidden \
             -fno-omit-frame-pointer -momit-leaf-frame-pointer \
             -fno-jump-tables -DPARAPET_DEBUG=$(DEBUG) -I$(BUILD)/hv
ifneq ($(findstring clang,$(CC)),)
# Our own symbols are never in a global offset table (gcc knows by -fpie).
HV_CFLAGS += -fdirect-access-external-data
endif
GK_CFLAGS := $(FREESTANDING) -fno-pic -mcmodel=kernel -fno-omit-frame-pointer
# A micro-guest, or a guest of somebody's own: the same model as the kernel.
MG_CFLAGS := $(FREESTANDING) -fno-pic -mcmodel=kernel
SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
# With ONLY_READ=1 a compiler only reads the unit tests and micro-guests, each
# source once, and has the same warnings: `compiled` makes no programs of them.
ONLY_READ ?= 0
# With the sanitizers -O1 compiles in three fifths of the time of -O2, and what
# comes of it is as fast.
HOST_CFLAGS := $(call common,$(HOSTCC)) -O1 $(HOST_LIBFDT_INC) $(HOST_FLAGS) \
               $(SANITIZE) -fno-omit-frame-pointer
TOOL_CFLAGS := $(call common,$(HOSTCC)) $(HOST_LIBFDT_INC)
LDFLAGS := -nostdlib -static -no-pie -z noexecstack --build-id=none \
           -z max-page-size=4096

# What the recipes and the test scripts take from here.
export BUILD HOST_ARCH CROSS CC HOSTCC SYSROOT
export LIBFDT LIBFDT_INC HOST_LIBFDT BUSYBOX MUSL_CC
export HV_CFLAGS GK_CFLAGS MG_CFLAGS HOST_CFLAGS
FUZZ_SECONDS ?= 10
export HOST_FLAGS UNIT_SKIPPED
export UNIT_PROGRAMS FUZZ_PROGRAMS FUZZ_SECONDS

# Changes when the compiler or its flags do, so that everything is rebuilt.
FLAGS := $(BUILD)/flags
TOOLS_AND_FLAGS = $(CC) $(LD) $(HV_CFLAGS) $(GK_CFLAGS) $(MG_CFLAGS) $(LIBFDT) \
    $(MUSL_CC) $(USER_CFLAGS) $(BUSYBOX) $(HOSTCC) $(HOST_CFLAGS) $(HOST_LIBFDT) \
    $(ONLY_READ)

# All that is compiled depends on that file. So before anything is, and after
# nothing but the reading of the makefiles, the doctor looks for what it takes.
DOCTOR ?= 1
NEEDS_RUN := run run-domain run-native kernels bench bench-xen sensitive size \
             docs \
             $(BUILD)/hcdoc $(BUILD)/%.elf $(BUILD)/%.itb $(BUILD)/%.cpio
NEEDS := $(if $(filter-out $(NEEDS_RUN),$(MAKECMDGOALS)),test,run)
ASK_DOCTOR := $(if $(filter 0,$(DOCTOR)),:,tools/doctor --install $(NEEDS))

# What is not there must not stop make before the doctor was asked.
$(sort $(LIBFDT) $(HOST_LIBFDT) $(BUSYBOX)): | $(FLAGS)
	@[ -e $@ ] || { echo 'there is no $@: see `make doctor`' >&2; false; }

include lib/objects.mk
include hypervisor/objects.mk
include user/objects.mk
include guest-kernel/objects.mk
include tools/objects.mk
include tests/unit/objects.mk
include tests/fuzz/objects.mk
include tests/kernels/objects.mk
include tests/bench/objects.mk
include tests/probe/objects.mk

# ---- how a source becomes an object, for each world ----

$(FLAGS): FORCE
	@$(ASK_DOCTOR)
	@mkdir -p $(@D)
	@echo '$(TOOLS_AND_FLAGS)' | cmp -s - $@ || \
	    echo '$(TOOLS_AND_FLAGS)' > $@

$(BUILD)/hv/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(CC) $(HV_CFLAGS) $(LIBFDT_INC) -c $< -o $@
$(BUILD)/hv/%.o: %.S $(FLAGS)
	$(call made,AS)
	$(Q)$(CC) $(HV_CFLAGS) -D__ASSEMBLY__ -c $< -o $@
$(BUILD)/gk/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(CC) $(GK_CFLAGS) $(LIBFDT_INC) -c $< -o $@
$(BUILD)/gk/%.o: %.S $(FLAGS)
	$(call made,AS)
	$(Q)$(CC) $(GK_CFLAGS) -D__ASSEMBLY__ -c $< -o $@
$(BUILD)/mg/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(CC) $(MG_CFLAGS) -c $< -o $@ $(READ)
$(BUILD)/mg/%.o: %.S $(FLAGS)
	$(call made,AS)
	$(Q)$(CC) $(MG_CFLAGS) -D__ASSEMBLY__ -c $< -o $@
$(BUILD)/host/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -c $< -o $@ $(READ)
$(BUILD)/tool/%.o: %.c $(FLAGS)
	$(call made,CC)
	$(Q)$(HOSTCC) $(TOOL_CFLAGS) -c $< -o $@

# ---- the hypervisor ----

HV_OBJ := $(patsubst %,$(BUILD)/hv/%.o,\
    $(basename $(HV_SRC) $(BUILDER_SRC) $(LIB_SRC)))
HV_LDS := hypervisor/boot/hypervisor.lds
ASM_OFFSETS := $(BUILD)/hv/asm_offsets.h

$(ASM_OFFSETS): hypervisor/engine/asm_offsets.c $(FLAGS)
	$(call made,OFFSETS)
	$(Q)$(CC) $(HV_CFLAGS) -MT $@ -S $< -o $(BUILD)/hv/asm_offsets.s
	$(Q)sed -n 's/^.*->\([A-Z0-9_]*\) [$$#]*\(-\{0,1\}[0-9]*\).*/#define \1 \2/p' \
	    $(BUILD)/hv/asm_offsets.s > $@

# docs.ok first: it has the better words for a mistake in abi/*.def.
$(HV_OBJ): | $(ASM_OFFSETS) $(BUILD)/docs.ok

# Two links: the first yields the symbol table that the second embeds.
$(BUILD)/hypervisor.elf: $(HV_OBJ) $(HV_LDS) tools/symbols.sh $(BUILD)/docs.ok
	$(call made,LD)
	$(Q)printf '' | tools/symbols.sh > $(BUILD)/hv/symbols0.S
	$(Q)$(CC) $(HV_CFLAGS) -c $(BUILD)/hv/symbols0.S -o $(BUILD)/hv/symbols0.o
	$(Q)$(LD) $(LDFLAGS) -T $(HV_LDS) -o $(BUILD)/hv/stage1.elf $(HV_OBJ) \
	    $(BUILD)/hv/symbols0.o $(LIBFDT)
	$(Q)$(CROSS)nm -n $(BUILD)/hv/stage1.elf | \
	    tools/symbols.sh > $(BUILD)/hv/symbols1.S
	$(Q)$(CC) $(HV_CFLAGS) -c $(BUILD)/hv/symbols1.S -o $(BUILD)/hv/symbols1.o
	$(Q)$(LD) $(LDFLAGS) -T $(HV_LDS) -o $@ $(HV_OBJ) $(BUILD)/hv/symbols1.o \
	    $(LIBFDT)

# The reference page follows from abi/*.def; a stale one stops the build.
$(BUILD)/docs.ok: $(BUILD)/hcdoc docs/hypercalls.md $(BUILD)/bus.ok
	$(Q)$< | cmp -s - docs/hypercalls.md || \
	    { echo 'docs/hypercalls.md is stale: run `make docs`' >&2; false; }
	$(Q)touch $@
$(BUILD)/bus.ok: $(BUILD)/busdoc docs/RINGS.md
	$(Q)$< docs/RINGS.md | cmp -s - docs/RINGS.md || \
	    { echo 'docs/RINGS.md is stale: run `make docs`' >&2; false; }
	$(Q)touch $@

# What `make run-domain` boots: one domain with the guest kernel.
$(BUILD)/default.itb: tools/bundle $(BUILD)/guest-pv.elf $(BUILD)/ramdisk.cpio
	$(call made,BUNDLE)
	$(Q)tools/bundle --output $@ --kernel $(BUILD)/guest-pv.elf \
	    --ramdisk $(BUILD)/ramdisk.cpio

# What `make run` boots: the same as domain 0, with what guests boot.
DEMO := guest-kernel/dom0/demo.cfg
DOM0_MOTD := guest-kernel/dom0/motd
$(BUILD)/dom0.cpio: tools/mkramdisk $(BUILD)/guest-pv.elf $(BUILD)/ramdisk.cpio \
    $(DEMO) $(DOM0_MOTD)
	$(call made,CPIO)
	$(Q)tools/mkramdisk $@ $(BUILD)/ramdisk.cpio \
	    $(foreach file,guest-pv.elf ramdisk.cpio,boot/$(file)=$(BUILD)/$(file)) \
	    etc/parapet/demo.cfg=$(DEMO) etc/motd=$(DOM0_MOTD)
$(BUILD)/dom0.itb: tools/bundle $(BUILD)/guest-pv.elf $(BUILD)/dom0.cpio
	$(call made,BUNDLE)
	$(Q)tools/bundle --output $@ --domain dom0 --privileged \
	    --kernel $(BUILD)/guest-pv.elf --ramdisk $(BUILD)/dom0.cpio

# ---- what to type ----

# `make` uses all CPUs unless it was told otherwise.
JOBS := $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE := $(MAKE) DOCTOR=0 $(JOBS) $(if $(filter 0,$(V)),-s)
# What is booted: somebody's own guest needs no guest kernel, and no domain 0.
DOMAIN_IMAGES := $(BUILD)/hypervisor.elf $(if $(GUEST),,$(BUILD)/default.itb)
RUN_IMAGES := $(if $(or $(GUEST),$(BUNDLE),$(filter 0,$(DOM0))),\
    $(DOMAIN_IMAGES),$(BUILD)/hypervisor.elf $(BUILD)/dom0.itb)
NATIVE_IMAGES := $(BUILD)/guest-native.elf $(BUILD)/ramdisk.cpio

## Parapet: a paravirtualization hypervisor. What there is to make:
##
.PHONY: help
help: ## this list
	@sed -n 's/^## \{0,1\}//p; s/^\([a-z0-9-]*\):.*## /  \1\t/p' \
	    Makefile | expand -t 17

# Standard input is the guest's: nothing before tools/run may read it.
.PHONY: run run-domain run-native
run: ## boot to domain 0's shell, which commands other domains
	@$(ASK_DOCTOR)
	@$(SUBMAKE) $(RUN_IMAGES) </dev/null >&2
	@exec tools/run
run-domain: ## boot to a shell in a domain, without domain 0
	@$(ASK_DOCTOR)
	@$(SUBMAKE) $(DOMAIN_IMAGES) </dev/null >&2
	@DOM0=0 exec tools/run
run-native: ## boot the same kernel and shell on the bare machine
	@$(ASK_DOCTOR)
	@$(SUBMAKE) $(NATIVE_IMAGES) </dev/null >&2
	@exec tools/run --native

.PHONY: build compiled
build: ## compile everything
build: compiled $(BUILD)/default.itb $(BUILD)/dom0.itb $(NATIVE_IMAGES) \
       $(BENCH_DEBUG)
# All that CC and HOSTCC compile; the programs of user/ are MUSL_CC's.
compiled: $(BUILD)/hypervisor.elf $(BUILD)/guest-pv.elf \
          $(BUILD)/guest-native.elf $(BENCH_GUESTS) \
          $(if $(filter 0,$(ONLY_READ)),$(KERNELS) $(UNIT_PROGRAMS),\
              $(PROBE_IMAGES) $(MG_READ) $(UNIT_READ))
ifneq ($(ONLY_READ),0)
$(MG_READ) $(UNIT_READ): private READ = -fsyntax-only && touch $@
endif

.PHONY: test
test: ## all tests; the last line is 'N passed, N failed'
	@$(ASK_DOCTOR)
	@$(SUBMAKE) build $(FUZZ_PROGRAMS) </dev/null
	@$(FUZZ_RUNS) tests/run-tests.py </dev/null

# Parts of it.
.PHONY: unit fuzz check kernels system verify soak
unit: ## the tests of pure logic, on the host, under ASan and UBSan
fuzz: $(FUZZ_PROGRAMS) ## the fuzzers, each for SECONDS=10
	@tests/run-tests.py --only 'fuzz '
check: $(BUILD)/hypervisor.elf $(PROBE_IMAGES) $(BUILD)/ramdisk.cpio ## the tests of the tree and of the images
	@tests/run-tests.py --only 'check '
kernels: ## the micro-guests; TEST=NAME: one
	@$(ASK_DOCTOR)
	@images=$$(tests/kernels/run --images $(TEST)) && \
	    $(SUBMAKE) $(BUILD)/hypervisor.elf $$images </dev/null
	@tests/kernels/run $(TEST)
system: build ## whole boots, driven from outside
	@tests/run-tests.py --only 'system '
verify: ## the models of tests/models, each with all its seeded mistakes
	@$(ASK_DOCTOR)
	@tests/models/run </dev/null
# The whole of another Debian takes a quarter of an hour: not in a short soak.
soak: build $(FUZZ_PROGRAMS) ## boots and fuzz for MINUTES=30, then distro
	@status=0; minutes=$(or $(MINUTES),30); \
	[[ $$minutes =~ ^[0-9]+(\.[0-9]*)?$$ ]] || { echo "soak:" \
	    "MINUTES=$$minutes: expected a number of minutes" >&2; exit 2; }; \
	FUZZ_SECONDS=120 CLOCK_BOOTS=10 SOAK=1 \
	    tests/run-tests.py --soak $$minutes || status=1; \
	if [ $${minutes%.*} -ge 30 ]; then \
	    $(SUBMAKE) CC=clang DEBUG_INFO= BUILD=$(BUILD)/clang-all compiled || \
	        status=1; \
	    tools/distro $(or $(DISTRO),trixie) || [ $$? = 3 ] || status=1; \
	else echo 'SKIP: all with clang, and distro: they take long; from' \
	    'MINUTES=30 on they are run'; fi; \
	exit $$status

.PHONY: distro
distro: ## the two commands on DISTRO=trixie, as root; SHORT=1, FRESH=1
	@: $(or $(DISTRO),$(error name a release: make distro DISTRO=trixie))
	@tools/distro $(if $(filter-out 0,$(SHORT)),--short) \
	    $(if $(filter-out 0,$(FRESH)),--fresh) $(DISTRO)

.PHONY: bench bench-xen bench-compare report
bench: ## what each operation costs; BENCH=lat_: only such rows
bench-xen: ## the same on Xen, in the same QEMU (fetches its Debian package)
bench-compare: ## what changed from OLD=a.json to NEW=b.json
report: ## a page of the figures of bench and bench-xen
.PHONY: sensitive
sensitive: ## run each sensitive instruction: the table of docs/SENSITIVE.md

.PHONY: gdb
gdb: ## boot under gdb
	@$(ASK_DOCTOR)
	@$(SUBMAKE) $(RUN_IMAGES) </dev/null
	@exec tools/gdb/start

.PHONY: size
size: $(BUILD)/hypervisor.elf $(NATIVE_IMAGES) ## how large the images are
	@$(CROSS)size $(filter %.elf,$^)

.PHONY: docs
docs: $(BUILD)/hcdoc $(BUILD)/busdoc ## regenerate what docs/ has from abi/*.def
	$(Q)$< > $(BUILD)/hypercalls.md
	$(Q)cp $(BUILD)/hypercalls.md docs/hypercalls.md
	$(Q)$(BUILD)/busdoc docs/RINGS.md > $(BUILD)/RINGS.md
	$(Q)cp $(BUILD)/RINGS.md docs/RINGS.md

.PHONY: new-hypercall
new-hypercall: ## scaffold one: NAME=hello ARGS='buf:in:4096 n:u64'

C_DIRS := abi lib hypervisor pvdrivers guest-kernel user tools tests
.PHONY: format
format: ## lay out all C files with clang-format
	@$(ASK_DOCTOR)
	$(Q)find $(wildcard $(C_DIRS)) -name '*.[ch]' -exec tools/format {} +

.PHONY: doctor
doctor: ## what this machine has of what is needed, and the fix
	@tools/doctor

.PHONY: clean
clean: ## delete what was made
	rm -rf $(BUILD)

##
## Settings, for example `make run MACHINE=q35 SMP=4`:
##
##   MACHINE     microvm (the default) or q35
##   SMP, MEM    CPUs (1) and memory (256M) of the machine; not of domain 0:
##   VCPUS       CPUs of domain 0 (1), of which the guest kernel uses one
##   DOMAIN_MEM  memory of domain 0 (64M); without MEM the machine grows
##   CPU         QEMU's model of the CPU (max), as EPYC-Rome or max,-avx2
##   GUEST       an ELF file to run in place of the guest kernel, or
##   BUNDLE      a bundle of tools/bundle, with domains of your own: both as
##               in run-domain; DOM0=0: everything that boots is so
##   ADD         a directory with files of your own for the RAM disk
##   DISK        disks of domain 0 or run-native: files, as a.img b.img,ro;
##               new:64M makes one for this run
##   APPEND      the hypervisor's command line, as log=debug audit=on
##   BOOTARGS    the guest kernel's, as monitor or init=/bin/bench
##   ACCEL       tcg (the default) or kvm (untested)
##   GDB=1       wait for a debugger; ICOUNT=1 count instructions,
##               each 2^SHIFT ns long (one CPU)
##   TIMEOUT     seconds after which the run is over
##   CC          gcc (the default) or clang; DEBUG=1 more checks
##   WERROR=0    warnings are no errors; DOCTOR=0 does not look for packages
##   LIBFDT, LIBFDT_INC, BUSYBOX, MUSL_CC
##               where libfdt.a, its headers (-I...), a static busybox and the
##               compiler with musl are, when they are elsewhere than in Debian
##   CROSS       what the names of gcc and binutils for x86-64 begin with: on
##               another host x86_64-linux-gnu-; HOSTCC compiles for the host
##   V=1         show the commands; BUILD the directory for what is made
##
## In a run: Ctrl-A x quits, Ctrl-A h lists more keys. README.md says more.

.PHONY: FORCE
FORCE:

# Systems of tools/distro have files of that name as well.
-include $(shell find $(BUILD) -path $(BUILD)/distro -prune -o \
    -type f -name '*.d' -print 2>/dev/null)
