/* SPDX-License-Identifier: MIT
 *
 * Owns the changes of ports. A port's bits in the shared page are the guest's
 * to write as it likes: it can lose or invent only its own events by that.
 */
#include "hypervisor/core/event_port.h"

#include "abi/errors.h"
#include "hypervisor/core/event.h"
#include "hypervisor/core/pirq.h"

/* So many ports are closed in a share. */
#define CLOSES_AT_ONCE 8

/* ---- two domains ---- */

/* b may be the same, or NULL. */
static void lock_both(struct domain *a, struct domain *b)
{
    if (b && b->id < a->id)
        spin_lock(&b->lock);
    spin_lock(&a->lock);
    if (b && b->id > a->id)
        spin_lock(&b->lock);
}

static void unlock_both(struct domain *a, struct domain *b)
{
    if (b && b != a)
        spin_unlock(&b->lock);
    spin_unlock(&a->lock);
}

/* The domain at the other end, or that may come to be there; or NULL. */
static struct domain *peer_of(uint64_t word)
{
    switch (port_kind(word)) {
    case PORT_UNBOUND:
    case PORT_INTERDOMAIN:
        return domain_find(port_remote(word));
    default:
        return NULL;
    }
}

/* ---- bits of the shared page ---- */

static void clear_bit(uint64_t *bits, uint32_t port)
{
    __atomic_and_fetch(&bits[port / 64], ~(1ul << port % 64), __ATOMIC_SEQ_CST);
}

/* ---- how they come ---- */

/*
 * The lock is held. A sender may be late for a port that had the number before:
 * if it sets the bit after it was cleared here, it finds the new one's vCPU.
 */
static int64_t make_port(struct domain *d, uint64_t word)
{
    int64_t port;

    if (d->ended)
        return -PARAPET_ENOENT;
    port = port_take(&d->ports);
    if (port < 0)
        return port;
    port_set(&d->ports, (uint32_t)port, word);
    clear_bit(d->shared->event_pending, (uint32_t)port);
    clear_bit(d->shared->event_mask, (uint32_t)port);
    return port;
}

int64_t event_port_make(struct domain *d, uint64_t word)
{
    int64_t port;

    spin_lock(&d->lock);
    port = make_port(d, word);
    spin_unlock(&d->lock);
    return port;
}

int64_t event_port_make_virq(struct domain *d, uint32_t vcpu, uint32_t virq)
{
    uint32_t *bound = &d->vcpus[vcpu]->virq_port[virq];
    int64_t port = -PARAPET_EEXIST;

    spin_lock(&d->lock);
    if (!*bound) {
        port = make_port(d, port_word(PORT_VIRQ, vcpu, virq, 0));
        if (port > 0)
            __atomic_store_n(bound, (uint32_t)port, __ATOMIC_RELEASE);
    }
    spin_unlock(&d->lock);
    return port;
}

int64_t event_port_make_pirq(struct domain *d, uint32_t vcpu, uint32_t irq)
{
    int64_t port;

    spin_lock(&d->lock);
    port = make_port(d, port_word(PORT_PIRQ, vcpu, irq, 0));
    if (port > 0 && !pirq_bind(irq, d->id, (uint32_t)port)) {
        port_drop(&d->ports, (uint32_t)port);
        port = -PARAPET_EBUSY;
    }
    spin_unlock(&d->lock);
    return port;
}

int64_t event_port_make_unbound(struct domain *d, uint32_t vcpu,
                                uint32_t remote)
{
    const struct domain *peer = domain_find(remote);

    if (!peer || __atomic_load_n(&peer->ended, __ATOMIC_SEQ_CST) ||
        vcpu >= __atomic_load_n(&d->nr_vcpus, __ATOMIC_ACQUIRE))
        return -PARAPET_ENOENT;
    return event_port_make(d, port_word(PORT_UNBOUND, vcpu, 0, remote));
}

int64_t event_alloc_unbound(struct domain *d, uint32_t remote)
{
    return event_port_make_unbound(d, 0, remote);
}

/* Whether the peer's port waits for d: 0 or the error. */
static int64_t look_at_peer(const struct domain *d, const struct domain *peer,
                            uint64_t word)
{
    if (__atomic_load_n(&peer->ended, __ATOMIC_SEQ_CST))
        return -PARAPET_ENOENT;
    if (port_kind(word) != PORT_UNBOUND || port_remote(word) != d->id)
        return -PARAPET_EINVAL;
    return 0;
}

/* Both locks are held. */
static int64_t bind_port(struct domain *d, uint32_t vcpu, struct domain *peer,
                         uint32_t peer_port)
{
    uint64_t word = port_get(&peer->ports, peer_port);
    int64_t port = look_at_peer(d, peer, word);

    if (port < 0)
        return port;
    port = make_port(d, port_word(PORT_INTERDOMAIN, vcpu, peer_port, peer->id));
    if (port < 0)
        return port;
    port_set(
        &peer->ports, peer_port,
        port_word(PORT_INTERDOMAIN, port_vcpu(word), (uint32_t)port, d->id));
    (void)event_raise(d, (uint64_t)port);
    return port;
}

int64_t event_port_bind(struct domain *d, uint32_t vcpu, uint32_t remote,
                        uint32_t remote_port)
{
    struct domain *peer = domain_find(remote);
    int64_t port;

    if (!peer)
        return -PARAPET_ENOENT;
    /* A stranger does not come to the peer's lock. */
    port = look_at_peer(d, peer, port_get(&peer->ports, remote_port));
    if (port < 0)
        return port;
    lock_both(d, peer);
    port = bind_port(d, vcpu, peer, remote_port);
    unlock_both(d, peer);
    return port;
}

/* ---- how they change and go ---- */

/*
 * The word is changed before the pending bit is looked at, and a sender sets
 * the bit before it reads the vCPU: so one of the two tells the new one.
 */
static int64_t move_port(struct domain *d, uint32_t port, uint32_t vcpu)
{
    uint64_t word = port_get(&d->ports, port);
    const struct parapet_shared_page *shared = d->shared;

    if (port_kind(word) == PORT_FREE || port_kind(word) == PORT_VIRQ)
        return -PARAPET_EINVAL;
    port_set(&d->ports, port, port_moved(word, vcpu));
    if (bit_test(shared->event_pending, port) &&
        !bit_test(shared->event_mask, port))
        (void)event_notify(d->vcpus[vcpu], port);
    return 0;
}

int64_t event_port_move(struct domain *d, uint32_t port, uint32_t vcpu)
{
    int64_t result;

    if (vcpu >= d->nr_vcpus)
        return -PARAPET_ENOENT;
    spin_lock(&d->lock);
    result = move_port(d, port, vcpu);
    spin_unlock(&d->lock);
    return result;
}

/* The other end of a port of d's, which is closed. Both locks are held. */
static void unbind(struct domain *peer, uint32_t port, const struct domain *d)
{
    uint64_t word = port_get(&peer->ports, port);

    port_set(&peer->ports, port,
             port_word(PORT_UNBOUND, port_vcpu(word), 0, d->id));
    (void)event_raise(peer, port);
}

/* All locks are held. */
static void close_port(struct domain *d, uint32_t port, struct domain *peer)
{
    uint64_t word = port_get(&d->ports, port);

    if (port_kind(word) == PORT_VIRQ)
        __atomic_store_n(&d->vcpus[port_vcpu(word)]->virq_port[port_virq(word)],
                         0, __ATOMIC_RELEASE);
    if (port_kind(word) == PORT_PIRQ)
        pirq_unbind(port_pirq(word));
    port_drop(&d->ports, port);
    clear_bit(d->shared->event_pending, port);
    if (port_kind(word) == PORT_INTERDOMAIN) {
        unbind(peer, port_remote_port(word), d);
        this_cpu()->multicall_stop |= MULTICALL_LONG;
    }
}

/*
 * Which locks it takes says the word, which may change until they are held. The
 * peer stays the same then, unless another vCPU of d closed the port meanwhile
 * and made it anew: at one moment it was none, and that is the answer.
 */
int64_t event_port_close(struct domain *d, uint32_t port)
{
    struct domain *peer = peer_of(port_get(&d->ports, port));
    int64_t result = -PARAPET_EINVAL;
    uint64_t word;

    lock_both(d, peer);
    word = port_get(&d->ports, port);
    if (port_kind(word) != PORT_FREE &&
        (port_kind(word) != PORT_INTERDOMAIN || peer_of(word) == peer)) {
        close_port(d, port, peer);
        result = 0;
    }
    unlock_both(d, peer);
    return result;
}

/* ---- a domain's end ---- */

static uint32_t first_port(struct domain *d)
{
    uint32_t port;

    spin_lock(&d->lock);
    port = port_first(&d->ports);
    spin_unlock(&d->lock);
    return port;
}

/* Whoever has a port to d may keep the lock busy, with all of its vCPUs. */
bool event_close_share(struct domain *d)
{
    struct cpu_info *cpu = this_cpu();

    cpu->multicall_stop &= ~MULTICALL_WAITED; /* it is in none */
    for (int i = 0; i < CLOSES_AT_ONCE; i++) {
        uint32_t port = first_port(d);

        if (port == PARAPET_NR_PORTS)
            return true;
        (void)event_port_close(d, port);
        if (cpu->multicall_stop & MULTICALL_WAITED)
            return false;
    }
    return false;
}

void event_free(struct domain *d)
{
    ports_free(&d->ports);
}
