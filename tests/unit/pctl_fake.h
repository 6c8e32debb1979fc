/* SPDX-License-Identifier: MIT
 *
 * A machine for pctl on the host: a list of domains, and answers as the
 * hypervisor's (docs/ABI.md section 11) and the device's, as far as the tests
 * need them. A call that it does not know fails the test.
 */
#ifndef TESTS_UNIT_PCTL_FAKE_H
#define TESTS_UNIT_PCTL_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/domain.h"
#include "abi/log.h"
#include "abi/shared.h"
#include "user/pctl/machine.h"

#define FAKE_MAX_DOMAINS 300
#define FAKE_MAX_DISKS 64
#define FAKE_NO_CALL UINT64_MAX

struct fake {
    struct pctl_machine m; /* the first */
    struct parapet_domain_info infos[FAKE_MAX_DOMAINS];
    size_t nr;
    unsigned int nr_calls;

    /* Set by the test. */
    int open_error;
    unsigned int restarts;   /* each preemptible call stops so often before */
    uint64_t fail_call;      /* this call's result is fail_result, */
    unsigned int fail_after; /* after so many that were well */
    int64_t fail_result;
    int serve_error;
    int disk_error; /* of all that is asked of disks */
    int console;    /* a descriptor, or the error; the domain must be there */
    /* What happens while pctl waits: NULL is nothing. */
    void (*happens)(struct fake *f);
    struct parapet_counters counters; /* of each vCPU, */
    struct parapet_latency latency;   /* as these */
    const char *log;
    uint64_t log_lost;
    uint64_t wrong; /* what an audit finds */
    /* The calls for making domains; it may be NULL. */
    int64_t (*build)(struct fake *f, struct parapet_control_call *call);
    const char *kernels; /* of struct pctl */

    /* What was asked. */
    struct parapet_serve served; /* the last */
    bool console_is_off;         /* the back-ends */
    bool blk_is_off;
    struct parapet_blk_info disks[FAKE_MAX_DISKS]; /* as they were attached */
    size_t nr_disks;
    uint32_t console_level; /* the last */
    bool passes_key;
    uint64_t now;
    unsigned int nr_waits;
    unsigned int nr_restarts; /* of the call that is on */
};

/* With domain 0, "dom0", of 64 MiB. */
void fake_init(struct fake *f);

/* One more: running, 4 MiB. */
struct parapet_domain_info *fake_add(struct fake *f, uint32_t id,
                                     const char *name);
struct parapet_domain_info *fake_find(struct fake *f, uint32_t id);

/* ---- pctl on it ---- */

/* What the last run said, and its status. */
extern char fake_out[65536], fake_err[4096];

/* A command line, in words with blanks between; none of them has one. */
int fake_run(struct fake *f, const char *line);

/* The same, and what must come of it. */
void fake_expect(struct fake *f, const char *line, int status, const char *out,
                 const char *err);

#endif
