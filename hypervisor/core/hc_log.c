/* SPDX-License-Identifier: MIT
 *
 * What the machine's console said, and what it is to say, for the control
 * domain (HC_CONTROL).
 */
#include "abi/errors.h"
#include "abi/log.h"
#include "hypervisor/base/console.h"
#include "hypervisor/base/log.h"
#include "hypervisor/base/log_ring.h"
#include "hypervisor/core/domain.h"
#include "hypervisor/core/guest_access.h"
#include "hypervisor/core/hypercall.h"
#include "lib/macros.h"

/*
 * log_read: a struct parapet_log_head, and the text from position on, which may
 * be less than there is room for. Returns how many bytes of text that is. A
 * position that is gone becomes the first that is not, and one after the end
 * the end. EINVAL: length has no room for the head. EFAULT: the buffer cannot
 * be written; some of it may be.
 */
int64_t hc_log_read(uint64_t position, uint64_t buffer, uint64_t length)
{
    struct {
        struct parapet_log_head head;
        char text[PARAPET_LOG_AT_ONCE];
    } answer;
    struct log_ring_found found;
    size_t n;

    if (length < sizeof(answer.head))
        return -PARAPET_EINVAL;
    n = console_log_read(
        position, answer.text,
        MIN(length - sizeof(answer.head), (uint64_t)PARAPET_LOG_AT_ONCE),
        &found);
    answer.head = (struct parapet_log_head){
        .next = found.next, .lost = found.lost, .midline = found.midline};
    if (copy_to_guest(buffer, &answer, sizeof(answer.head) + n))
        return -PARAPET_EFAULT;
    return (int64_t)n;
}

/*
 * log_console: lines of a higher level go to the log alone from now on, as long
 * as the caller lives. EINVAL: there is no such level.
 *
 * The caller may be ending on another CPU, which shows all again
 * (domain_end()): either that comes later, or it is seen here.
 */
int64_t hc_log_console(uint32_t level)
{
    const struct domain *d = vcpu_current()->domain;

    if (level > PARAPET_LOG_DEBUG)
        return -PARAPET_EINVAL;
    log_set_shown((enum log_level)level);
    if (__atomic_load_n(&d->ended, __ATOMIC_SEQ_CST))
        log_set_shown(LOG_DEBUG);
    return 0;
}
