/* SPDX-License-Identifier: MIT
 *
 * The list of engines.
 */
#include "hypervisor/core/engine.h"

#include "lib/string.h"

/* ENGINE(x): a const struct engine engine_x, in files of its own. A bundle
 * says its name; tools/bundle knows it from here. */
#define ENGINES ENGINE(pv)

#define ENGINE(name) extern const struct engine engine_##name;
ENGINES
#undef ENGINE

static const struct engine *const engines[] = {
#define ENGINE(name) &engine_##name,
    ENGINES
#undef ENGINE
};

const char *const engine_names[] = {
#define ENGINE(name) #name,
    ENGINES NULL
#undef ENGINE
};

const struct engine *engine_find(const char *name)
{
    for (size_t i = 0; engine_names[i]; i++) {
        if (strcmp(engine_names[i], name) == 0)
            return engines[i];
    }
    return NULL;
}
