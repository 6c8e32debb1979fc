/* SPDX-License-Identifier: MIT
 *
 * The table, from rows.def: first the deeds as functions, then the rows.
 */
#include "lib/macros.h"
#include "tests/probe/probe.h"
#include "tests/probe/views.h"

#define GROUP(heading)
#define ROW(id, text, kind, setup, code, view) PROBE_DEED(deed_##id, code);
#include "tests/probe/rows.def"
#undef ROW
#undef GROUP

#define GROUP(heading) {.group = heading},
#define ROW(id, text, kind, setup, code, view)                                 \
    {text, PROBE_##kind, setup, deed_##id, &view, NULL},
const struct probe_row probe_rows[] = {
#include "tests/probe/rows.def"
};
#undef ROW
#undef GROUP

const unsigned int probe_nr_rows = ARRAY_SIZE(probe_rows);
