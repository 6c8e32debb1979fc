/* SPDX-License-Identifier: MIT
 *
 * Goes to ring 3 as a guest would, with rsp in a frame of the hypervisor's, and
 * executes each far transfer once. The frame is there for this, so a store into
 * it harms nobody.
 */
#include "hypervisor/boot/contain.h"

#include <stdbool.h>
#include <stdint.h>

#include "abi/abi.h"
#include "hypervisor/base/bug.h"
#include "hypervisor/base/log.h"
#include "hypervisor/base/panic.h"
#include "hypervisor/boot/contain_page.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/mm/paging.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/idt.h"
#include "lib/macros.h"
#include "lib/string.h"

/* The first version of QEMU that was seen to be right. */
#define MENDED "10.0"

extern const char contain_page[], contain_page_end[];
extern const char contain_call[], contain_return[], contain_iret[];
extern const char contain_landed[];
extern const char contain_back[], contain_nmi[];

bool contain_try(uint64_t rip, uint64_t rsp);

/*
 * The address space of the trial: the hypervisor's slots, and the code. Frames
 * of the image, since nothing needs to be found, zeroed or given back then.
 */
#define NR_TABLES 4
#define PAGES __attribute__((aligned(PAGE_SIZE)))

static uint64_t tables[NR_TABLES][512] PAGES; /* the root first */
static uint8_t code[PAGE_SIZE] PAGES;         /* at CONTAIN_PAGE */
static uint64_t stack[512] PAGES;             /* in the image only */

static uint64_t image_paddr(const void *page)
{
    return (uint64_t)page - IMAGE_BASE;
}

static uint64_t in_page(const char *label)
{
    return CONTAIN_PAGE + (uint64_t)(label - contain_page);
}

static void make_space(void)
{
    memcpy(code, contain_page, (size_t)(contain_page_end - contain_page));
    memcpy(&tables[0][HV_FIRST_SLOT],
           (uint64_t *)frame_vaddr(paging_root()) + HV_FIRST_SLOT,
           HV_NR_SLOTS * sizeof(uint64_t));
    for (int i = 0; i < NR_TABLES; i++) {
        uint64_t index =
            (uint64_t)CONTAIN_PAGE >> (PAGE_SHIFT + 9 * (NR_TABLES - 1 - i));
        const void *next = i + 1 < NR_TABLES ? (void *)tables[i + 1] : code;

        tables[i][index & 511] = image_paddr(next) | PTE_P | PTE_U;
    }
}

/* Whether it comes as far as contain_landed, with a frame that is right. */
static bool reaches(const char *from)
{
    uint64_t *top = stack + ARRAY_SIZE(stack) / 2;

    top[0] = in_page(contain_landed);
    top[1] = PARAPET_CS_USER;
    top[2] = 2; /* rflags */
    top[3] = CONTAIN_PAGE + PAGE_SIZE;
    top[4] = PARAPET_SS;
    return contain_try(in_page(from), (uint64_t)top);
}

static bool is_open(void)
{
    bool open;

    make_space();
    write_cr3(image_paddr(tables[0]));
    idt_load_trial(contain_back, contain_nmi);
    /* Ring 3 runs at all. */
    BUG_ON(!reaches(contain_landed));
    open = reaches(contain_call);
    open |= reaches(contain_return);
    open |= reaches(contain_iret);
    idt_load();
    write_cr3(frame_paddr(paging_root()));
    return open;
}

void contain_check(void)
{
    static const char text[] =
        "this emulator does not contain guests: their far calls and returns "
        "reach all memory. QEMU " MENDED " and later contain them";

    if (!is_open())
        return;
    if (options.contained_required)
        boot_refuse("contained=require: %s", text);
    log_warn("%s", text);
}
