/* SPDX-License-Identifier: MIT
 *
 * Prints what docs/RINGS.md has of abi/bus_states.def: a picture of each end's
 * moves, and in which state it may see the other one. With the page's name, the
 * whole page, in which that part is new. Fails on what the compiler would let
 * pass: a number that is used twice, a state that no move leads to.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bus.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LEFT 16  /* characters before the first column */
#define WIDTH 11 /* of a column */
#define BEGIN                                                                  \
    "<!-- from abi/bus_states.def, by `make docs`: not to be edited -->"
#define END "<!-- until here -->"

static const struct {
    unsigned int number;
    const char *name;
} states[] = {
#define PARAPET_BUS_STATE(number, name) {number, #name},
#include "abi/bus_states.def"
#undef PARAPET_BUS_STATE
};

struct move {
    enum parapet_bus_end end;
    unsigned int from;
    unsigned int others;
    unsigned int to;
    const char *text;
};

struct view {
    enum parapet_bus_end end;
    unsigned int in;
    unsigned int others;
};

static struct move moves[32];
static struct view views[32];
static unsigned int nr_moves, nr_views;

static void collect(void)
{
    PARAPET_BUS_SETS;

#define PARAPET_BUS_MOVE(by, in, others, to, text)                             \
    moves[nr_moves++] = (struct move){PARAPET_BUS_##by, PARAPET_BUS_##in,      \
                                      others, PARAPET_BUS_##to, text};
#define PARAPET_BUS_SEES(by, at, others)                                       \
    views[nr_views++] =                                                        \
        (struct view){PARAPET_BUS_##by, PARAPET_BUS_##at, others};
#include "abi/bus_states.def"
#undef PARAPET_BUS_MOVE
#undef PARAPET_BUS_SEES
}

static int complain(const char *name, const char *what)
{
    fprintf(stderr, "abi/bus_states.def: %s: %s\n", name, what);
    return 1;
}

static int check(void)
{
    int wrong = 0;

    for (unsigned int i = 0; i < COUNT(states); i++) {
        bool reached = false;

        if (states[i].number != i)
            wrong += complain(states[i].name, "expected the next free number");
        for (unsigned int m = 0; m < nr_moves; m++)
            reached |= moves[m].to == i;
        if (!reached)
            wrong += complain(states[i].name, "no move leads there");
    }
    return wrong;
}

/* Whether the end is ever in the state. */
static bool has_state(enum parapet_bus_end end, unsigned int state)
{
    for (unsigned int i = 0; i < nr_views; i++)
        if (views[i].end == end && views[i].in == state)
            return true;
    return false;
}

static const char *names_of(unsigned int set)
{
    static char text[100];

    if (set == (1u << COUNT(states)) - 1)
        return "any";
    text[0] = '\0';
    for (unsigned int i = 0; i < COUNT(states); i++)
        if (set >> i & 1) {
            if (text[0])
                strcat(text, ", ");
            strcat(text, states[i].name);
        }
    return text;
}

/* ---- the picture ---- */

static char line[200];

static void begin_line(enum parapet_bus_end end, const char *text)
{
    memset(line, ' ', sizeof(line) - 1);
    for (unsigned int i = 0; i < COUNT(states); i++)
        if (has_state(end, i))
            line[LEFT + WIDTH * i] = '|';
    memcpy(line, text, strlen(text));
}

static void end_line(const char *text)
{
    unsigned int at = LEFT + WIDTH * COUNT(states) - 3;

    snprintf(line + at, sizeof(line) - at, "%s", text);
    for (at = (unsigned int)strlen(line); at > 0 && line[at - 1] == ' '; at--)
        line[at - 1] = '\0';
    puts(line);
}

static void draw(const struct move *move, unsigned int number)
{
    unsigned int from = LEFT + WIDTH * move->from;
    unsigned int to = LEFT + WIDTH * move->to;
    char text[12];

    snprintf(text, sizeof(text), "  %u", number);
    begin_line(move->end, text);
    for (unsigned int i = from < to ? from : to; i < (from < to ? to : from);
         i++)
        line[i] = '-';
    line[from] = 'o';
    line[from < to ? to - 1 : to + 1] = from < to ? '>' : '<';
    line[to] = '|';
    end_line(names_of(move->others));
}

static void picture(enum parapet_bus_end end, const char *name,
                    unsigned int first_state)
{
    unsigned int number = 0;

    memset(line, ' ', sizeof(line) - 1);
    memcpy(line, name, strlen(name));
    for (unsigned int i = 0; i < COUNT(states); i++)
        if (has_state(end, i))
            memcpy(line + LEFT - 3 + WIDTH * i, states[i].name,
                   strlen(states[i].name));
    end_line("sees the other");
    begin_line(end, "  begins");
    line[LEFT + WIDTH * first_state] = '*';
    end_line("");
    for (unsigned int i = 0; i < nr_moves; i++)
        if (moves[i].end == end)
            draw(&moves[i], ++number);
}

static void list(enum parapet_bus_end end, const char *name)
{
    unsigned int number = 0;

    printf("| %s | from | to | |\n|---|---|---|---|\n", name);
    for (unsigned int i = 0; i < nr_moves; i++)
        if (moves[i].end == end)
            printf("| %u | %s | %s | %s |\n", ++number,
                   states[moves[i].from].name, states[moves[i].to].name,
                   moves[i].text);
    putchar('\n');
}

static void sights(enum parapet_bus_end end, const char *name)
{
    printf("| a %s that is | can see the other in |\n|---|---|\n", name);
    for (unsigned int i = 0; i < nr_views; i++)
        if (views[i].end == end)
            printf("| %s | %s |\n", states[views[i].in].name,
                   names_of(views[i].others));
    putchar('\n');
}

static void part(void)
{
    puts(BEGIN "\n```");
    picture(PARAPET_BUS_front, "front-end", PARAPET_BUS_closing);
    putchar('\n');
    picture(PARAPET_BUS_back, "back-end", PARAPET_BUS_closed);
    puts("```\n");
    list(PARAPET_BUS_front, "front-end");
    list(PARAPET_BUS_back, "back-end");
    sights(PARAPET_BUS_front, "front-end");
    sights(PARAPET_BUS_back, "back-end");
    puts(END);
}

/* The page, with the part in its place. */
static int page(const char *path)
{
    FILE *file = fopen(path, "r");
    char text[1000];
    bool inside = false, found = false;

    if (!file) {
        perror(path);
        return 1;
    }
    while (fgets(text, sizeof(text), file)) {
        if (strcmp(text, BEGIN "\n") == 0) {
            inside = found = true;
            part();
        }
        if (!inside)
            fputs(text, stdout);
        if (strcmp(text, END "\n") == 0)
            inside = false;
    }
    fclose(file);
    if (found && !inside)
        return 0;
    fprintf(stderr, "%s: expected the lines '%s' and '%s'\n", path, BEGIN, END);
    return 1;
}

int main(int argc, char **argv)
{
    collect();
    if (check())
        return 1;
    if (argc == 2)
        return page(argv[1]);
    part();
    return 0;
}
