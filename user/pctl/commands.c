/* SPDX-License-Identifier: MIT */
#include "user/pctl/commands.h"

const struct pctl_command *const pctl_commands[] = {
    &cmd_list,
    &cmd_info,
    NULL,
};
