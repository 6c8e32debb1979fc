/* SPDX-License-Identifier: MIT
 *
 * The end of memory_steps.h: both domains are taken apart, whatever the steps
 * have left.
 */
#include <stdbool.h>

#include "hypervisor/mm/device_page.h"
#include "hypervisor/mm/owner_release.h"
#include "tests/unit/grant_ends.h"
#include "tests/unit/memory_model.h"
#include "tests/unit/memory_steps.h"

#define MAX_SHARES 400u

static void drop_roots(unsigned int domain)
{
    struct memory_owner *m = mmu_begin(domain, WORK_CALL);

    for (unsigned int r = 0; r < MODEL_ROOTS; r++) {
        if (model_root(domain, r) != 0)
            table_put(m, model_root(domain, r));
    }
}

static const char *release(unsigned int domain, uint32_t work)
{
    for (unsigned int i = 0; i < MAX_SHARES; i++) {
        bool done = owner_release_share(mmu_begin(domain, work));
        const char *wrong = mmu_check_caches();

        if (wrong)
            return wrong;
        if (audit_memory(&mmu_domains[domain], NULL, 0) != 0)
            return "the audit of a domain's end finds differences";
        if (done)
            return NULL;
    }
    return "a domain's end never comes";
}

static const char *end_with_grants(uint32_t work)
{
    const char *wrong = grant_ends_all(work);

    if (!wrong && frame_nr_free() != mmu_nr_free)
        wrong = "the ends lose frames";
    if (!wrong && mmu_audit_machine() != 0)
        wrong = "the machine's audit finds differences after the ends";
    return wrong;
}

const char *steps_end(uint32_t work)
{
    size_t nr_free = frame_nr_free();
    const char *wrong = NULL;

    if (steps_have_grants())
        return end_with_grants(work);
    for (unsigned int d = 0; d < MMU_DOMAINS; d++)
        nr_free += mmu_domains[d].nr_frames;
    for (unsigned int d = 0; d < MMU_DOMAINS && !wrong; d++) {
        device_page_end(mmu_begin(d, WORK_CALL));
        drop_roots(d);
        wrong = release(d, work);
    }
    if (!wrong && frame_nr_free() != nr_free)
        wrong = "a domain's end loses frames";
    if (!wrong && mmu_audit_machine() != 0)
        wrong = "the machine's audit finds differences after the end";
    return wrong;
}
