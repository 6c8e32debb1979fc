/* SPDX-License-Identifier: MIT
 *
 * The engines by name.
 */
#include "hypervisor/core/engine.h"

#include "lib/string.h"

#define ENGINE(name) extern const struct engine engine_##name;
#include "hypervisor/engine/engines.def"
#undef ENGINE

static const struct engine *const engines[] = {
#define ENGINE(name) &engine_##name,
#include "hypervisor/engine/engines.def"
#undef ENGINE
};

const char *const engine_names[] = {
#define ENGINE(name) #name,
#include "hypervisor/engine/engines.def"
#undef ENGINE
    NULL,
};

const struct engine *engine_find(const char *name)
{
    for (size_t i = 0; engine_names[i]; i++) {
        if (strcmp(engine_names[i], name) == 0)
            return engines[i];
    }
    return NULL;
}
