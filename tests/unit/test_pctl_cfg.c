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
          "weight, cap, extra, disk; got \"memroy\"");
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
    wrong("vif=['bridge=br0']", 1,
          "vif: domains have no network interfaces yet: take the line out");
}

/* ---- disks ---- */

static void disk_is(uint32_t i, const char *store, uint32_t index,
                    uint32_t flags)
{
    assert_true(i < d.nr_disks);
    assert_string_equal(d.disks[i].store, store);
    assert_int_equal(d.disks[i].index, index);
    assert_int_equal(d.disks[i].flags, flags);
    assert_int_equal(d.disks[i].domain | d.disks[i].reserved, 0);
}

static void disks(void **state)
{
    static const char *const same[] = {
        "phy:/dev/vda,xvda,w",
        "raw:/dev/vda,xvda,rw",
        "/dev/vda,,xvda",
        "/dev/vda,raw,xvda,rw",
        "/dev/vda, raw , xvda, w,",
        "format=raw, vdev=xvda, access=rw, target=/dev/vda",
        "access=w,/dev/vda,vdev=xvda",
        "vdev=xvda,target=phy:/dev/vda",
    };
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        (void)snprintf(text, sizeof(text), "name='a';kernel='k';disk=['%s']",
                       same[i]);
        describes(text);
        assert_int_equal(d.nr_disks, 1);
        disk_is(0, "/dev/vda", 0, 0);
    }
    describes("name='a';kernel='k'\n"
              "disk=['phy:/dev/vda3,xvdz,r',\n'ram:64M,xvdb,ro']");
    assert_int_equal(d.nr_disks, 2);
    disk_is(0, "/dev/vda3", 25, PARAPET_BLK_ATTACH_READONLY);
    disk_is(1, "ram:64M", 1, PARAPET_BLK_ATTACH_READONLY);
    describes("name='a';kernel='k';disk='ram:4K,xvda'");
    disk_is(0, "ram:4K", 0, 0);
    describes("name='a';kernel='k';disk=''");
    assert_int_equal(d.nr_disks, 0);
}

/* All names, and no room for a wrong one. */
static void most_disks(void **state)
{
    char text[1024] = "name='a';kernel='k';disk=[";

    (void)state;
    for (char c = 'z'; c >= 'a'; c--)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                       "'ram:1G,xvd%c',", c);
    strcat(text, "]");
    describes(text);
    assert_int_equal(d.nr_disks, PARAPET_BLK_ATTACH_MAX);
    disk_is(0, "ram:1G", 25, 0);
    disk_is(25, "ram:1G", 0, 0);
    strcpy(text + strlen(text) - 1, "'ram:1M,xvdq,r']");
    wrong(text, 1, "disk: xvdq is there already, got \"ram:1M,xvdq,r\"");
}

static void bad_disks(void **state)
{
#define NO_STORE                                                               \
    "expected a disk of this domain, as phy:/dev/vda, or memory, as ram:8M; "  \
    "got "
#define NO_FORMAT                                                              \
    "expected the format raw after a disk, or phy: before it, as "             \
    "phy:/dev/vda,xvda,w; got "
#define NO_SIZE "expected a size with K, M or G, as ram:8M; got "
    static const struct {
        const char *text;
        const char *why;
    } bad[] = {
        {"", NO_STORE "\"\""},
        {" ,xvda,w", NO_STORE "\"\""},
        {"access=r,vdev=xvda", NO_STORE "\"\""},
        {"vda,,xvda", NO_STORE "\"vda\""},
        {"phy:,xvda", NO_STORE "\"phy:\""},
        {"phy:/dev/,xvda", NO_STORE "\"phy:/dev/\""},
        {"phy:/dev/a/b,xvda", NO_STORE "\"phy:/dev/a/b\""},
        {"phy:ram:64M,xvda", NO_STORE "\"phy:ram:64M\""},
        {"file:/x.img,xvda", NO_STORE "\"file:/x.img\""},
        {"/dev/a234567890123456789012345678901234567890123,,xvda",
         NO_STORE "\"/dev/a234567890123456789012345678901234567890123\""},
        {"phy:/dev/a2345678901234567890123456789012345678901234567890123456",
         "expected at most 63 characters between commas, got "
         "\"phy:/dev/"
         "a2345678901234567890123456789012345678901234567890123456\""},
        {"ram:,xvda", NO_SIZE "\"ram:\""},
        {"ram:64,xvda", NO_SIZE "\"ram:64\""},
        {"ram:M,xvda", NO_SIZE "\"ram:M\""},
        {"ram:64MB,xvda", NO_SIZE "\"ram:64MB\""},
        {"ram:-1M,xvda", NO_SIZE "\"ram:-1M\""},
        {"/dev/vda,xvda,w", NO_FORMAT "\"xvda\""},
        {"/dev/vda,qcow2,xvda", NO_FORMAT "\"qcow2\""},
        {"phy:/dev/vda,hda,w", "expected a name from xvda to xvdz, got "
                               "\"hda\""},
        {"phy:/dev/vda,xvda1", "expected a name from xvda to xvdz, got "
                               "\"xvda1\""},
        {"phy:/dev/vda,vdev=xvdA", "expected a name from xvda to xvdz, got "
                                   "\"xvdA\""},
        {"phy:/dev/vda,xvda,x", "expected r, ro, w or rw; got \"x\""},
        {"phy:/dev/vda,xvda,w!", "expected r, ro, w or rw; got \"w!\""},
        {"phy:/dev/vda,xvda,w,cdrom",
         "expected no more than a target, format, vdev and access; got "
         "\"cdrom\""},
        {"phy:/dev/vda,xvda,vdev=xvdb",
         "vdev: it is there already, got \"xvdb\""},
        {"phy:/dev/vda,xvda,script=x",
         "expected target=, format=, vdev= or access=; got \"script=x\""},
        {"phy:/dev/vda,xvda,acc=r",
         "expected target=, format=, vdev= or access=; got \"acc=r\""},
        {"ram:1M", "expected a name for it in the domain, as "
                   "phy:/dev/vda,xvda,w; got \"ram:1M\""},
        {"ram:1M,,r", "expected a name for it in the domain, as "
                      "phy:/dev/vda,xvda,w; got \"ram:1M,,r\""},
    };
    char text[200], why[CFG_MAX_WHY];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "\ndisk=['%s']", bad[i].text);
        (void)snprintf(why, sizeof(why), "disk: %s", bad[i].why);
        wrong(text, 2, why);
    }
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
        cmocka_unit_test(lines),      cmocka_unit_test(lists),
        cmocka_unit_test(bad_lines),  cmocka_unit_test(sizes),
        cmocka_unit_test(zeros),      cmocka_unit_test(defaults),
        cmocka_unit_test(all_keys),   cmocka_unit_test(cpus),
        cmocka_unit_test(bad_values), cmocka_unit_test(bad_together),
        cmocka_unit_test(disks),      cmocka_unit_test(most_disks),
        cmocka_unit_test(bad_disks),  cmocka_unit_test(from_no_file),
    };

    return cmocka_run_group_tests_name("pctl's descriptions", tests, NULL,
                                       NULL);
}
