/* SPDX-License-Identifier: MIT
 *
 * pctl: domain 0's hand on the other domains. docs/PCTL.md is what a person
 * reads; frame.c comes next, and then a file for each few commands.
 */
#include <errno.h>
#include <string.h>

#include "user/pctl/device.h"
#include "user/pctl/pctl.h"

int main(int argc, char **argv)
{
    struct pctl p = {.machine = &device,
                     .out = stdout,
                     .err = stderr,
                     .kernels = "/var/log/parapet-kernels"};
    int status = pctl_run(&p, argc, argv);

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    return pctl_worse(status, pctl_fail(&p, PCTL_FAILED, "standard output: %s",
                                        strerror(errno)));
}
