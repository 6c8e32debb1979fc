/* SPDX-License-Identifier: MIT
 *
 * Loading a program: the file that a path leads to, what a "#!" line makes of
 * it, and its segments in a new space.
 */
#include "guest-kernel/proc/exec.h"

#include "abi/abi.h"
#include "guest-kernel/core/kprintf.h"
#include "guest-kernel/errno.h"
#include "guest-kernel/fs/path.h"
#include "guest-kernel/mm/object.h"
#include "guest-kernel/mm/slab.h"
#include "guest-kernel/mm/space.h"
#include "guest-kernel/proc/elf.h"
#include "guest-kernel/proc/exec_stack.h"
#include "guest-kernel/proc/process.h"
#include "lib/macros.h"
#include "lib/string.h"

#define MAX_SCRIPTS 4
#define SCRIPT_LINE_SIZE 256u
#define MODE_EXECUTE 0111u
#define FS_RAM 1u /* st_dev: only its files have an object */

/* A program on its way to run. */
struct loading {
    char head[ELF_HEAD_SIZE + 1]; /* the first bytes of its file, and a zero */
    size_t head_size;
    struct inode *inode; /* a reference */
    /* Made of a script; until then the request's. */
    struct exec_strings args;
    char interpreter[SCRIPT_LINE_SIZE];
    struct elf_program program;
    const char *why;
};

/* ---- the file ---- */

static int64_t check_file(const struct inode *inode, const char **why)
{
    *why = "not a file that can be run";
    if (!inode_is(inode, MODE_REGULAR) || inode->fs != FS_RAM)
        return -EACCES;
    *why = "it is not marked as executable";
    if ((inode->mode & MODE_EXECUTE) == 0)
        return -EACCES;
    *why = "it is open for writing";
    return inode->nr_writers == 0 ? 0 : -ETXTBSY;
}

/* Replaces the file that was open before. */
static int64_t open_file(struct loading *loading, const char *path)
{
    const struct process *self = process_current();
    int64_t result;

    inode_put(loading->inode);
    loading->inode = NULL;
    loading->why = "no such file";
    result =
        path_find(self != NULL ? self->cwd : NULL, path, true, &loading->inode);
    if (result == 0)
        result = check_file(loading->inode, &loading->why);
    if (result != 0)
        return result;
    loading->head_size = MIN(loading->inode->size, (uint64_t)ELF_HEAD_SIZE);
    if (loading->inode->object == NULL)
        loading->head_size = 0;
    else
        object_read(loading->inode->object, 0, loading->head,
                    loading->head_size);
    loading->head[loading->head_size] = '\0';
    return 0;
}

/* ---- scripts ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts "#! interpreter argument": the argument is all the rest, and NULL if
 * there is none. False: there is no interpreter. */
static bool parse_line(char *line, char **interpreter, char **argument)
{
    char *end = strchr(line, '\n');

    if (end == NULL)
        end = line + strlen(line);
    *end = '\0';
    while (end > line && is_blank(end[-1]))
        *--end = '\0';
    while (is_blank(*line))
        line++;
    *interpreter = line;
    *argument = NULL;
    while (*line != '\0' && !is_blank(*line))
        line++;
    if (*line != '\0') {
        *line++ = '\0';
        while (is_blank(*line))
            line++;
        *argument = line;
    }
    return **interpreter != '\0';
}

static char *append(char *to, const char *string)
{
    size_t size = strlen(string) + 1;

    memcpy(to, string, size);
    return to + size;
}

/* The script's name takes the place of the first argument, and the interpreter
 * and its argument come before it. */
static int64_t put_before(struct exec_strings *args, const char *interpreter,
                          const char *argument, const char *script)
{
    size_t first = args->nr > 0 ? strlen(args->text) + 1 : 0;
    size_t argument_size = argument != NULL ? strlen(argument) + 1 : 0;
    size_t rest = args->size - first;
    size_t size =
        strlen(interpreter) + 1 + argument_size + strlen(script) + 1 + rest;
    char *text = kmalloc(size), *to;

    if (text == NULL)
        return -ENOMEM;
    args->nr -= args->nr > 0 ? 1 : 0;
    to = append(text, interpreter);
    if (argument != NULL)
        to = append(to, argument);
    to = append(to, script);
    memcpy(to, args->text + first, rest);
    args->text = text;
    args->size = size;
    args->nr += argument != NULL ? 3 : 2;
    return 0;
}

/* Goes on with the interpreter of the script that path is. */
static int64_t open_interpreter(struct loading *loading,
                                const struct exec_request *request,
                                const char *path)
{
    char *old = loading->args.text, *interpreter, *argument;
    int64_t result;

    loading->head[MIN(loading->head_size, SCRIPT_LINE_SIZE - 1)] = '\0';
    loading->why = "its #! line has no interpreter";
    if (!parse_line(loading->head + 2, &interpreter, &argument))
        return -ENOEXEC;
    loading->why = "out of memory";
    result = put_before(&loading->args, interpreter, argument, path);
    if (result != 0)
        return result;
    if (old != request->args.text)
        kfree(old);
    (void)string_copy(loading->interpreter, sizeof(loading->interpreter),
                      interpreter);
    return open_file(loading, loading->interpreter);
}

static bool is_script(const struct loading *loading)
{
    return loading->head[0] == '#' && loading->head[1] == '!';
}

/* -ENOENT, as from Linux where the loader is not there: what is -ENOEXEC a
 * shell would take for a script. Said once, though a shell asks for each
 * directory of its PATH. */
static int64_t refuse_dynamic(const struct loading *loading, const char *path)
{
    static uint64_t said_inode, said_pid;
    const struct process *self = process_current();

    if (self == NULL ||
        (said_inode == loading->inode->number && said_pid == self->pid))
        return -ENOENT;
    said_inode = loading->inode->number;
    said_pid = self->pid;
    kprintf("guest: %s (process %u): %s: %s\n", self->name, self->pid, path,
            loading->why);
    return -ENOENT;
}

static int64_t find_program(struct loading *loading,
                            const struct exec_request *request)
{
    int64_t result = open_file(loading, request->path);
    const char *path = request->path;
    unsigned int i;

    for (i = 0; result == 0 && is_script(loading); i++) {
        loading->why = "too many scripts that run scripts";
        if (i == MAX_SCRIPTS)
            return -ELOOP;
        result = open_interpreter(loading, request, path);
        path = loading->interpreter;
    }
    if (result != 0)
        return result;
    loading->why = elf_read(loading->head, loading->head_size,
                            loading->inode->size, &loading->program);
    if (loading->program.needs_loader)
        return refuse_dynamic(loading, path);
    return loading->why == NULL ? 0 : -ENOEXEC;
}

/* ---- memory ---- */

static int64_t map_segment(struct space *space, struct object *object,
                           const struct elf_segment *segment)
{
    const struct space_source source = {
        .object = object,
        .offset = segment->file_offset,
        .size = segment->file_size,
    };

    return space_map(space, segment->start, segment->size, segment->prot,
                     segment->file_size > 0 ? &source : NULL);
}

static int64_t map_program(struct space *space, const struct loading *loading)
{
    const struct elf_program *program = &loading->program;
    const struct elf_segment *segment;
    unsigned int i;

    for (i = 0; i < program->nr_segments; i++) {
        segment = &program->segments[i];
        if (map_segment(space, loading->inode->object, segment) != 0)
            return -ENOMEM;
    }
    return 0;
}

static void populate(struct space *space, const struct elf_program *program)
{
    uint64_t start = program->segments[0].start;

    space_populate(space, start, program->end - start);
}

static int64_t fill_space(struct exec_image *image, struct loading *loading,
                          const struct exec_request *request)
{
    int64_t result = map_program(image->space, loading);

    loading->why = "its memory cannot be mapped";
    if (result != 0)
        return result;
    loading->why = "too many arguments, or out of memory";
    result = exec_stack_fill(image, &loading->program, request->path,
                             &loading->args, &request->environment);
    if (result == 0)
        populate(image->space, &loading->program);
    return result;
}

/* ---- all of it ---- */

/* All other registers are zero. */
static void set_start(struct exec_image *image, const char *path, uint64_t rip)
{
    struct parapet_frame *frame = &image->start.frame;
    const char *slash = strrchr(path, '/');

    frame->rip = rip;
    frame->cs = PARAPET_CS_USER;
    frame->rflags = PARAPET_RFLAGS_IF;
    frame->ss = PARAPET_SS;
    (void)string_copy(image->name, sizeof(image->name),
                      slash != NULL ? slash + 1 : path);
}

static int64_t load(struct exec_image *image, struct loading *loading,
                    const struct exec_request *request)
{
    int64_t result = find_program(loading, request);

    if (result != 0)
        return result;
    loading->why = "out of memory";
    image->space = space_create();
    if (image->space == NULL)
        return -ENOMEM;
    result = fill_space(image, loading, request);
    if (result != 0) {
        space_put(image->space);
        return result;
    }
    set_start(image, request->path, loading->program.entry);
    image->heap_start = loading->program.end;
    image->program = inode_get(loading->inode);
    image->program->nr_running++;
    return 0;
}

int64_t exec_load(const struct exec_request *request, struct exec_image *image,
                  const char **why)
{
    struct loading *loading = kzalloc(sizeof(*loading));
    int64_t result = -ENOMEM;
    const char *reason = "out of memory";

    memset(image, 0, sizeof(*image));
    if (loading != NULL) {
        loading->args = request->args;
        result = load(image, loading, request);
        reason = loading->why;
        if (loading->args.text != request->args.text)
            kfree(loading->args.text);
        inode_put(loading->inode);
        kfree(loading);
    }
    if (why != NULL)
        *why = reason;
    return result;
}
