/* SPDX-License-Identifier: MIT
 *
 * user/pctl/cfg.c and description.c: what a description says, and what is said
 * of one that is wrong.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "abi/errors.h"
#include "user/pctl/cfg.h"
#include "user/pctl/description.h"

/* ---- the lines ---- */

/* All that was read: "LINE KEY=ITEM|", or "LINE KEY=[ITEM|ITEM|]". */
static char seen[4096];

static int note(void *context, const char *key, const struct cfg_value *value,
                char *why, size_t why_size)
{
    size_t used = strlen(seen);

    (void)context;
    (void)why;
    (void)why_size;
    used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%u %s=%s",
                             value->line, key, value->is_list ? "[" : "");
    for (unsigned int i = 0; i < value->nr_items; i++)
        used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s|",
                                 value->items[i]);
    (void)snprintf(seen + used, sizeof(seen) - used, "%s\n",
                   value->is_list ? "]" : "");
    return 0;
}

static void reads(const char *text, const char *expected)
{
    struct cfg_error error = {.line = 0};

    seen[0] = '\0';
    if (cfg_read(text, strlen(text), note, NULL, &error))
        fail_msg("%s: line %u: %s", text, error.line, error.why);
    assert_string_equal(seen, expected);
}

static void refuses(const char *text, unsigned int line, const char *why)
{
    struct cfg_error error = {.line = 0};

    assert_int_equal(cfg_read(text, strlen(text), note, NULL, &error),
                     -PARAPET_EINVAL);
    assert_string_equal(error.why, why);
    assert_int_equal(error.line, line);
}

static void lines(void **state)
{
    (void)state;
    reads("", "");
    reads("\n # a comment\n\n", "");
    reads("a=1", "1 a=1|\n");
    reads("a = 'x'\nb\t= \"y # z\" # more\n", "1 a=x|\n2 b=y # z|\n");
    reads("a=1;b=2 ; c=3;\n;d=4", "1 a=1|\n1 b=2|\n1 c=3|\n2 d=4|\n");
    reads("a=1\r\nb=2\r\n", "1 a=1|\n2 b=2|\n");
    reads("a=0x1f\n_b9=''", "1 a=0x1f|\n2 _b9=|\n");
    reads("a='\\'\\\"\\\\\\n\\t'", "1 a='\"\\\n\t|\n");
    reads("a=\"it's\"\nb='\"'", "1 a=it's|\n2 b=\"|\n");
}

static void lists(void **state)
{
    (void)state;
    reads("a=[]", "1 a=[]\n");
    reads("a=[1]", "1 a=[1|]\n");
    reads("a = [ 1, 'two',\n # here\n \"3\", ]\nb=4",
          "1 a=[1|two|3|]\n4 b=4|\n");
}

static void bad_lines(void **state)
{
    (void)state;
    refuses("a", 1, "expected a = after the key, got the end of the text");
    refuses("\na\n", 2, "expected a = after the key, got the end of the line");
    refuses("= 3", 1, "expected KEY = VALUE, got \"=\"");
    refuses("3 = 3", 1, "expected KEY = VALUE, got \"3\"");
    refuses("a = yes", 1,
            "expected a number, a text in quotes or a list, got \"yes\"");
    refuses("a =\n1", 1,
            "expected a number, a text in quotes or a list, got the end of the "
            "line");
    refuses("a = 1 2", 1, "expected the end of the line, got \"2\"");
    refuses("a = 'x\n'", 1,
            "expected a ' that ends the text, got the end of the line");
    refuses("a = \"x", 1,
            "expected a \" that ends the text, got the end of the text");
    refuses("a = '\\x'", 1,
            "expected one of \\ \" ' n t after a backslash, got \"x\"");
    refuses("a = [1,\n2", 2,
            "expected a comma or a ], got the end of the text");
    refuses("a = [,]", 1,
            "expected a number, a text in quotes or a ], got \",\"");
    refuses("a = [[1]]", 1,
            "expected a number, a text in quotes or a ], got \"[\"");
    refuses("a = \033[31m", 1,
            "expected a number, a text in quotes or a list, got \"?\"");
    refuses("an_unusually_long_key_for_a_guest = 1", 1,
            "expected at most 31 characters in a key");
}

/* The largest value, and one character or item more. */
static void sizes(void **state)
{
    static char text[CFG_MAX_TEXT + 8];
    struct cfg_error error;
    struct cfg_value value;

    (void)state;
    (void)snprintf(text, sizeof(text), "a='%0*d'", CFG_MAX_TEXT, 0);
    seen[0] = '\0';
    assert_int_equal(cfg_read(text, strlen(text), note, NULL, &error), 0);
    assert_int_equal(strlen(seen), CFG_MAX_TEXT + strlen("1 a=|\n"));
    (void)snprintf(text, sizeof(text), "a='%0*d'", CFG_MAX_TEXT + 1, 0);
    refuses(text, 1, "expected at most 2047 characters");
    (void)snprintf(text, sizeof(text), "%0*d", CFG_MAX_TEXT, 0);
    assert_true(cfg_value_of(text, &value));
    assert_string_equal(value.items[0], text);
    (void)snprintf(text, sizeof(text), "%0*d", CFG_MAX_TEXT + 1, 0);
    assert_false(cfg_value_of(text, &value));
    strcpy(text, "a=[");
    for (unsigned int i = 0; i < CFG_MAX_ITEMS; i++)
        strcat(text, "'',");
    strcat(text, "]");
    seen[0] = '\0';
    assert_int_equal(cfg_read(text, strlen(text), note, NULL, &error), 0);
    strcpy(text + strlen(text) - 1, "1]");
    refuses(text, 1, "expected at most 64 items");
}

/* A 0 is no end: the text is as long as it is said to be. */
static void zeros(void **state)
{
    struct cfg_error error;

    (void)state;
    assert_int_equal(cfg_read("a='\0'", 6, note, NULL, &error),
                     -PARAPET_EINVAL);
    assert_int_equal(cfg_read("a=1\0", 4, note, NULL, &error), -PARAPET_EINVAL);
    assert_string_equal(error.why,
                        "expected the end of the line, got a byte of zero");
    assert_int_equal(cfg_read("a=1\nb=2", 3, note, NULL, &error), 0);
}

/* ---- the keys ---- */

static struct description d;

static int describe(const char *text, struct cfg_error *error)
{
    int result;

    description_init(&d);
    result = cfg_read(text, strlen(text), description_set, &d, error);
    return result ? result : description_finish(&d, error);
}

static void describes(const char *text)
{
    struct cfg_error error = {.line = 0};

    if (describe(text, &error))
        fail_msg("%s: line %u: %s", text, error.line, error.why);
}

static void wrong(const char *text, unsigned int line, const char *why)
{
    struct cfg_error error = {.line = 0};

    assert_int_equal(describe(text, &error), -PARAPET_EINVAL);
    assert_string_equal(error.why, why);
    assert_int_equal(error.line, line);
}

static void defaults(void **state)
{
    (void)state;
    describes("name='a'; kernel='k'");
    assert_string_equal(d.name, "a");
    assert_string_equal(d.kernel, "k");
    assert_string_equal(d.ramdisk, "");
    assert_string_equal(d.extra, "");
    assert_int_equal(d.memory, 64);
    assert_int_equal(d.maxmem, 64);
    assert_int_equal(d.vcpus, 1);
    assert_int_equal(d.weight, PARAPET_DEFAULT_WEIGHT);
    assert_int_equal(d.cap, 0);
    assert_int_equal(d.nr_cpus, 1);
    assert_int_equal(d.cpus[0], UINT32_MAX);
}

static void all_keys(void **state)
{
    (void)state;
    describes("name='demo'\nkernel='/k'\nramdisk='/r'\nmemory='4'\nmaxmem=8\n"
              "vcpus=2\ncpus=['0-3,^1', \"4\"]\nweight=100\ncap=150\n"
              "extra='a b'\ndisk=[]\nvif = []\n");
    assert_string_equal(d.ramdisk, "/r");
    assert_string_equal(d.extra, "a b");
    assert_int_equal(d.memory, 4);
    assert_int_equal(d.maxmem, 8);
    assert_int_equal(d.vcpus, 2);
    assert_int_equal(d.nr_cpus, 2);
    assert_int_equal(d.cpus[0], 0xd);
    assert_int_equal(d.cpus[1], 0x10);
    assert_int_equal(d.weight, 100);
    assert_int_equal(d.cap, 150);
}

static void cpus(void **state)
{
    static const struct {
        const char *text;
        uint32_t mask;
    } good[] = {{"'0'", 1},        {"31", 0x80000000},
                {"'0-31'", ~0u},   {"'1-2,4'", 0x16},
                {"'all'", ~0u},    {"'all,^0,^30-31'", 0x3ffffffe},
                {"'3,^3,5'", 0x20}};
    static const char *const bad[] = {"",  "32",   "3-1", "1,",  ",1",
                                      "^", "^all", "1-",  "1 2", "4294967296",
                                      "x", "1-40", "alle"};
    char text[80], why[120];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        (void)snprintf(text, sizeof(text), "name='a';kernel='k';cpus=%s",
                       good[i].text);
        describes(text);
        assert_int_equal(d.cpus[0], good[i].mask);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "cpus='%s'", bad[i]);
        (void)snprintf(why, sizeof(why),
                       "cpus: expected CPUs as \"all\" or \"0-3,^1\", got "
                       "\"%s\"",
                       bad[i]);
        wrong(text, 1, why);
    }
    wrong("cpus=[]", 1, "cpus: expected 1 to 32 items, got 0");
    wrong("name='a';kernel='k'\nvcpus=3\ncpus=[1,2]", 3,
          "cpus: expected 1 or 3 items, one for each vCPU; got 2");
}

static void bad_values(void **state)
{
    (void)state;
    wrong("memroy=1", 1,
          "expected one of name, kernel, ramdisk, memory, maxmem, vcpus, cpus, "
          "weight, cap, extra; got \"memroy\"");
    wrong("memory='much'", 1, "memory: expected a number of MiB, got \"much\"");
    wrong("memory=12M", 1, "memory: expected a number of MiB, got \"12M\"");
    wrong("memory=[1]", 1, "memory: expected a number of MiB, got a list");
    wrong("memory=0", 1, "memory: expected 1 to 65536, got 0");
    wrong("vcpus=33", 1, "vcpus: expected 1 to 32, got 33");
    wrong("vcpus=4294967297", 1,
          "vcpus: expected a number, got \"4294967297\"");
    wrong("kernel=['k']", 1, "kernel: expected a file's name, got a list");
    wrong("kernel=''", 1, "kernel: expected 1 to 255 characters, got 0");
    wrong("\nmemory=1\nmemory=2", 3, "memory: it is there already, in line 2");
    wrong("disk=['phy:/dev/a,xvda,w']", 1,
          "disk: domains have no disks yet: take the line out");
}

static void bad_together(void **state)
{
    (void)state;
    wrong("kernel='k'", 0, "name: expected a name, as name=demo");
    wrong("kernel='k'\nname='12'", 2,
          "name: expected more than digits, which would be an id; got \"12\"");
    wrong("kernel='k'\nname='a b'", 2,
          "name: expected letters, digits and signs; got \"a b\"");
    wrong("name='a'", 0,
          "kernel: expected a file, as kernel = \"/boot/guest-pv.elf\"; got "
          "none");
    wrong("name='a';kernel='k'\nmaxmem=3;memory=4", 2,
          "maxmem: expected at least memory, which is 4; got 3");
    wrong("name='a';kernel='k'\ncap=101", 2,
          "cap: expected at most 100 for 1 vCPUs, got 101");
}

/* What comes from no file takes the place of what the file says. */
static void from_no_file(void **state)
{
    struct cfg_error error = {.line = 7};
    struct cfg_value value;

    (void)state;
    describes("name='a';kernel='k';maxmem=8;memory=4");
    assert_true(cfg_value_of("16", &value));
    assert_int_equal(
        description_set(&d, "memory", &value, error.why, sizeof(error.why)), 0);
    assert_int_equal(d.memory, 16);
    assert_int_equal(description_finish(&d, &error), -PARAPET_EINVAL);
    assert_int_equal(error.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),        cmocka_unit_test(lists),
        cmocka_unit_test(bad_lines),    cmocka_unit_test(sizes),
        cmocka_unit_test(zeros),        cmocka_unit_test(defaults),
        cmocka_unit_test(all_keys),     cmocka_unit_test(cpus),
        cmocka_unit_test(bad_values),   cmocka_unit_test(bad_together),
        cmocka_unit_test(from_no_file),
    };

    return cmocka_run_group_tests_name("pctl's descriptions", tests, NULL,
                                       NULL);
}
