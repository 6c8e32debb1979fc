/* SPDX-License-Identifier: MIT */
#include "user/pctl/commands.h"

const struct pctl_command *const pctl_commands[] = {
    &cmd_create,       &cmd_console,    &cmd_list,     &cmd_info,
    &cmd_pause,        &cmd_unpause,    &cmd_shutdown, &cmd_destroy,
    &cmd_wait,         &cmd_mem_set,    &cmd_sched,    &cmd_stat,
    &cmd_dmesg,        &cmd_audit,      &cmd_backend,  &cmd_block_attach,
    &cmd_block_detach, &cmd_block_list, NULL,
};
