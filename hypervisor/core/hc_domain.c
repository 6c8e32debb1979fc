/* SPDX-License-Identifier: MIT
 *
 * Domain control: what there is in the machine. Only the control domain gets
 * here (HC_CONTROL).
 */
#include "abi/domain.h"
#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "hypervisor/mm/frame.h"

static uint32_t nr_domains(void)
{
    const struct domain *d;
    uint32_t nr = 0;

    for_each_domain (d)
        nr++;
    return nr;
}

/* machine_info: EFAULT: info cannot be written. */
int64_t hc_machine_info(uint64_t info)
{
    struct parapet_machine_info i = {
        .nr_frames = frame_nr_total(),
        .free_frames = frame_nr_free(),
        .nr_mfns = nr_frame_infos,
        .nr_domains = nr_domains(),
        .max_domains = MAX_DOMAINS,
    };

    return copy_to_guest(info, &i, sizeof(i)) ? -PARAPET_EFAULT : 0;
}
