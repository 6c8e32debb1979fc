/* SPDX-License-Identifier: MIT
 *
 * The list of engines.
 */
#include "hypervisor/core/engine.h"

#include <stddef.h>

#include "hypervisor/engine/pv.h"
#include "lib/string.h"

static const struct engine *const engines[] = {&engine_pv};

const char *const engine_names[] = {"pv", NULL};

const struct engine *engine_find(const char *name)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        if (strcmp(engines[i]->name, name) == 0)
            return engines[i];
    }
    return NULL;
}
