/* SPDX-License-Identifier: MIT
 *
 * Owns the order: first the end, then the teardown.
 */
#include "hypervisor/core/domain_destroy.h"

#include "abi/errors.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/domain_end.h"
#include "hypervisor/core/domain_teardown.h"

int domain_destroy(uint32_t id)
{
    struct domain *d = domain_find(id);

    /* Both in one call would be too long. */
    if (d && !__atomic_load_n(&d->ended, __ATOMIC_SEQ_CST)) {
        domain_end(d, PARAPET_SHUTDOWN_DESTROYED);
        return -PARAPET_ERESTART;
    }
    return domain_teardown_share(id);
}
