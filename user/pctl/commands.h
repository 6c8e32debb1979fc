/* SPDX-License-Identifier: MIT
 *
 * The commands, each defined in the file that is named here; commands.c has
 * them in a row.
 */
#ifndef USER_PCTL_COMMANDS_H
#define USER_PCTL_COMMANDS_H

#include "abi/domain.h"
#include "user/pctl/json.h"
#include "user/pctl/pctl.h"

/* cmd_list.c */
extern const struct pctl_command cmd_list, cmd_info;
/* What list tells of one domain. */
void list_json(struct json *j, const struct parapet_domain_info *info);

/* cmd_create.c */
extern const struct pctl_command cmd_create;

/* cmd_backend.c */
extern const struct pctl_command cmd_backend;

/* cmd_block.c */
extern const struct pctl_command cmd_block_attach, cmd_block_detach,
    cmd_block_list;

/* cmd_console.c */
extern const struct pctl_command cmd_console;
/* Goes on with a domain's console: the status of pctl. */
int console_of(struct pctl *p, uint32_t id, const char *name);

/* cmd_life.c */
extern const struct pctl_command cmd_pause, cmd_unpause, cmd_destroy,
    cmd_shutdown;

/* cmd_wait.c */
extern const struct pctl_command cmd_wait;
/* Whether --timeout is right, for those who do something before they wait. */
int wait_check(struct pctl *p);
/* Until all have ended, or until --timeout is over: the status of pctl, and in
 * each how it has. */
struct domains;
int wait_for(struct pctl *p, struct domains *domains);

/* cmd_limits.c */
extern const struct pctl_command cmd_mem_set, cmd_sched;

/* cmd_stat.c */
extern const struct pctl_command cmd_stat;

/* cmd_log.c */
extern const struct pctl_command cmd_dmesg, cmd_audit;

#endif
