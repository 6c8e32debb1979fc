/* SPDX-License-Identifier: MIT
 *
 * The ports of a domain, without the domain. A port is one word, so that a
 * sender reads all of it at once, and whoever changes it replaces all of it:
 *
 *   63..32   the id of the domain at the other end: of PORT_UNBOUND and
 *            PORT_INTERDOMAIN
 *   31..16   its port there, of PORT_INTERDOMAIN; the virtual IRQ of PORT_VIRQ,
 *            the interrupt of PORT_PIRQ
 *   15..8    the vCPU of this domain that is notified
 *   7..0     its kind
 *
 * A port that is free is 0. Words change under the lock of their domain, and
 * those of two ports that belong together under both domains' locks.
 */
#ifndef HYPERVISOR_CORE_PORT_H
#define HYPERVISOR_CORE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/abi.h"
#include "lib/bitmap.h"

/* A bit of a kind that evtchn_unmask() has more to do with. With it the lowest
 * byte is negative, so one look tells this, and a port that is free. */
#define PORT_SPECIAL 0x80u

enum port_kind {
    PORT_FREE,
    PORT_UNBOUND,     /* waits for a domain to bind it */
    PORT_INTERDOMAIN, /* what is sent here comes out at the other end */
    /* From here on: what is sent here comes out here. */
    PORT_IPI,
    PORT_VIRQ,
    PORT_PIRQ = PORT_SPECIAL | 5, /* a device's interrupt */
};

_Static_assert(PARAPET_NR_PORTS <= 1 << 16 && PARAPET_MAX_VCPUS <= 1 << 8 &&
                   PARAPET_NR_VIRQS <= 1 << 16,
               "a port, a vCPU and a virtual IRQ fit into their fields");

static inline uint64_t port_word(enum port_kind kind, uint32_t vcpu,
                                 uint32_t remote_port, uint32_t remote)
{
    return (uint64_t)remote << 32 | (uint64_t)remote_port << 16 |
           (uint64_t)vcpu << 8 | (uint64_t)kind;
}

static inline enum port_kind port_kind(uint64_t word)
{
    return (enum port_kind)(word & 0xff);
}

static inline uint32_t port_vcpu(uint64_t word)
{
    return word >> 8 & 0xff;
}

static inline uint32_t port_remote_port(uint64_t word)
{
    return (uint32_t)word >> 16;
}

static inline uint32_t port_virq(uint64_t word)
{
    return port_remote_port(word);
}

static inline uint32_t port_pirq(uint64_t word)
{
    return port_remote_port(word);
}

static inline bool port_is_free_or_special(uint64_t word)
{
    return (int8_t)(word & 0xff) <= 0;
}

static inline uint32_t port_remote(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* The same port with another vCPU. */
static inline uint64_t port_moved(uint64_t word, uint32_t vcpu)
{
    return (word & ~0xff00ul) | (uint64_t)vcpu << 8;
}

/*
 * The words are in tables of a frame each. A table is made when the first of
 * its ports is. Until then its pointer leads to a table of zeros, which all
 * domains share and nobody writes: so whoever reads a word finds a free port,
 * and need not ask whether there is a table.
 */
#define PORTS_IN_TABLE 512u
#define NR_PORT_TABLES (PARAPET_NR_PORTS / PORTS_IN_TABLE)

struct ports {
    uint64_t *tables[NR_PORT_TABLES];
    uint64_t used[BITMAP_WORDS(PARAPET_NR_PORTS)]; /* under the lock */
};

void ports_init(struct ports *ports);

/* Where the word of a port below PARAPET_NR_PORTS is. No lock. */
static inline const uint64_t *port_at(const struct ports *ports, uint64_t port)
{
    return __atomic_load_n(&ports->tables[port / PORTS_IN_TABLE],
                           __ATOMIC_ACQUIRE) +
           port % PORTS_IN_TABLE;
}

static inline uint64_t port_read(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* The vCPU alone, which is a byte of its own: no shift. */
static inline uint32_t port_read_vcpu(const uint64_t *at)
{
    return __atomic_load_n((const uint8_t *)at + 1, __ATOMIC_ACQUIRE);
}

/* The word; PORT_FREE of a number that is no port. */
static inline uint64_t port_get(const struct ports *ports, uint64_t port)
{
    return port < PARAPET_NR_PORTS ? port_read(port_at(ports, port)) : 0;
}

/*
 * The rest is for whoever holds the lock. Takes the first free number; its word
 * is for the caller to set. -ENOSPC: all are in use. -ENOMEM: no frame for
 * their table.
 */
int64_t port_take(struct ports *ports);

/* Changes the word of a port that is taken. What comes after this is later. */
void port_set(struct ports *ports, uint32_t port, uint64_t word);

/* Makes it free. */
void port_drop(struct ports *ports, uint32_t port);

/* The first that is taken; PARAPET_NR_PORTS: none is. */
uint32_t port_first(const struct ports *ports);

/* Gives the tables' frames back. Nobody reads a word any more. */
void ports_free(struct ports *ports);

#endif
