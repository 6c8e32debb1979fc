/* SPDX-License-Identifier: MIT
 *
 * pctl create: what it makes of a description is, bit for bit, what the builder
 * makes of the same (tests/fuzz/built.h); and when something goes wrong half
 * way, nothing is left.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "abi/errors.h"
#include "abi/hypercall.h"
#include "lib/macros.h"
#include "tests/fuzz/samples.h"
#include "tests/unit/pctl_made.h"
#include "user/pctl/pctl.h"

#define MIB (UINT64_C(1) << 20)

static struct fake f;
static char directory[64];
static struct sample_kernel kernel;
static const char ramdisk[] = "the RAM disk";

/* ---- what is expected ---- */

static struct build_description description;
static struct elf_image elf;
static struct built expected;

/* As the command line or the file says in each test, unless it differs. */
static void expect_domain(void)
{
    char why[200] = "";

    assert_int_equal(elf_kernel_read(&kernel, sizeof(kernel),
                                     description.memory_bytes, &elf, why,
                                     sizeof(why)),
                     0);
    assert_int_equal(built_make(&expected, &description, MADE_ID, BUILT_NEVER),
                     0);
}

/* ---- files ---- */

static const char *path(const char *name)
{
    static char text[4][PATH_MAX];
    static unsigned int next;
    char *p = text[next++ % 4];

    (void)snprintf(p, PATH_MAX, "%s/%s", directory, name);
    return p;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(path(name), "w");

    assert_non_null(file);
    if (size)
        assert_int_equal(fwrite(bytes, size, 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

/* A description; %s in it is the directory, twice at most. */
static void write_description(const char *name, const char *format)
{
    char text[2048];

    (void)snprintf(text, sizeof(text), format, directory, directory);
    write_file(name, text, strlen(text));
}

/* pctl create with words; %s is the directory, thrice at most. */
static int create(const char *format)
{
    char line[1024];

    (void)snprintf(line, sizeof(line), format, directory, directory, directory);
    return fake_run(&f, line);
}

static void refused(const char *format, int status, const char *err_format)
{
    char err[1024];

    (void)snprintf(err, sizeof(err), err_format, directory, directory);
    assert_int_equal(create(format), status);
    assert_string_equal(fake_err, err);
    assert_string_equal(fake_out, "");
    assert_int_equal(f.nr, 1);
}

static int setup_files(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/test_pctl.XXXXXX");
    assert_non_null(mkdtemp(directory));
    sample_kernel_make(&kernel);
    write_file("kernel", &kernel, sizeof(kernel));
    write_file("ramdisk", ramdisk, sizeof(ramdisk));
    write_file("empty", "", 0);
    write_description("demo.cfg", "kernel = '%s/kernel'\nmemory = 4\n");
    return 0;
}

static int remove_files(void **state)
{
    static const char *const names[] = {"kernel",    "ramdisk", "empty",
                                        "demo.cfg",  "all.cfg", "bad.cfg",
                                        "disks.cfg", "kernels"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void)unlink(path(names[i]));
    return rmdir(directory);
}

static int setup(void **state)
{
    (void)state;
    fake_init(&f);
    f.restarts = 1;
    made_init(&f, &expected);
    description = (struct build_description){.memory_bytes = 4 * MIB,
                                             .nr_vcpus = 1,
                                             .bootargs = "",
                                             .image = &kernel,
                                             .kernel = &elf,
                                             .served = true};
    expect_domain();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    built_free(&expected);
    return 0;
}

static void expect_other(void)
{
    built_free(&expected);
    expect_domain();
}

/* ---- it goes well ---- */

static void from_a_file(void **state)
{
    (void)state;
    assert_int_equal(create("create %s/demo.cfg"), PCTL_DONE);
    assert_string_equal(fake_err, "");
    assert_string_equal(fake_out, "demo is domain 7\n");
    made_check();
    assert_string_equal(made.params.name, "demo");
    assert_int_equal(made.params.weight, PARAPET_DEFAULT_WEIGHT);
    assert_int_equal(made.params.cap, 0);
    assert_int_equal(fake_find(&f, MADE_ID)->state, PARAPET_DOMAIN_RUNNING);
    assert_int_equal(fake_find(&f, MADE_ID)->memory_target, 0);
    assert_int_equal(f.served.domain, MADE_ID);
    assert_int_equal(f.served.console_port, BUILT_PORT(1));
}

static void from_options(void **state)
{
    (void)state;
    assert_int_equal(
        create("create name=x --kernel=%s/kernel memory=4 --json --paused"),
        PCTL_DONE);
    assert_string_equal(fake_err, "");
    assert_string_equal(fake_out,
                        "{\"id\": 7, \"name\": \"x\", \"memory\": 4505600, "
                        "\"vcpus\": 1, \"state\": \"building\", \"end\": "
                        "null}\n");
    made_check();
    assert_int_equal(fake_find(&f, MADE_ID)->state, PARAPET_DOMAIN_BUILDING);
}

static void all_keys(void **state)
{
    (void)state;
    description.memory_bytes = 6 * MIB;
    description.nr_vcpus = 3;
    description.bootargs = "a 'b'";
    description.ramdisk = ramdisk;
    description.ramdisk_size = sizeof(ramdisk);
    description.ramdisk_name = "ramdisk";
    expect_other();
    write_description("all.cfg",
                      "kernel = '%s/kernel'; ramdisk = '%s/ramdisk'\n"
                      "memory = 3; maxmem = 6; vcpus = 3\n"
                      "cpus = [0, '1-2', 'all']; weight = 5; cap = 299\n"
                      "extra = \"a 'b'\"; name = 'wrong'\n");
    assert_int_equal(create("create %s/all.cfg name=right memory=5"),
                     PCTL_DONE);
    assert_string_equal(fake_err, "");
    assert_string_equal(fake_out, "right is domain 7\n");
    made_check();
    assert_int_equal(made.params.nr_vcpus, 3);
    assert_int_equal(made.params.weight, 5);
    assert_int_equal(made.params.cap, 299);
    assert_int_equal(made.affinity[0], 1);
    assert_int_equal(made.affinity[1], 6);
    assert_int_equal(made.affinity[2], UINT32_MAX);
    assert_int_equal(fake_find(&f, MADE_ID)->memory_target,
                     expected.plan.nr_gfns - 256);
    assert_int_equal(fake_find(&f, MADE_ID)->max_frames,
                     made.params.max_frames);
}

/* ---- its report, when it is dead ---- */

/* How often the file was opened since the watch began. */
static size_t nr_opened(int watch)
{
    struct inotify_event event;
    size_t nr = 0;

    while (read(watch, &event, sizeof(event)) == (ssize_t)sizeof(event))
        nr += (event.mask & IN_OPEN) != 0;
    return nr;
}

/* The same text as often as in the log of many domains that were killed: the
 * kernel's file is read once. */
static void dmesg_reads_once(void **state)
{
    static char log[200 * 42 + 1];
    int watch = inotify_init1(IN_NONBLOCK);

    (void)state;
    (void)unlink(path("kernels"));
    for (int i = 0; i < 200; i++)
        strcat(log, "d7v0:   rip ffffffff80001004  (no symbol)\n");
    f.log = log;
    f.kernels = path("kernels");
    assert_int_equal(create("create %s/demo.cfg"), PCTL_DONE);
    assert_true(watch >= 0);
    /* The ends, too: two events in a row that are the same count as one. */
    assert_true(inotify_add_watch(watch, path("kernel"),
                                  IN_OPEN | IN_CLOSE_NOWRITE) >= 0);
    assert_int_equal(fake_run(&f, "dmesg"), PCTL_DONE);
    assert_null(strstr(fake_out, "(no symbol)"));
    assert_int_equal(nr_opened(watch), 1);
    (void)close(watch);
}

static void dmesg_symbols(void **state)
{
    static const char log[] = "d7v0:   rip ffffffff80001004  (no symbol)\n"
                              "d7v12:   rip ffffffff80001000  (no symbol)\n"
                              "d7v0:   rip 0000000000001000  (no symbol)\n"
                              "d6v0:   rip ffffffff80001000  (no symbol)\n"
                              "d7| d7v0:   rip ffffffff80001000  (no symbol)\n"
                              "d7v0:   rip ffffffff80001000  known+0x3\n\n"
                              "d7v0:   rip ffffffff80001000  (no symbol)";

    (void)state;
    f.log = log;
    f.kernels = path("kernels");
    fake_expect(&f, "dmesg", PCTL_DONE, log, "");
    assert_int_equal(create("create %s/demo.cfg"), PCTL_DONE);
    fake_expect(&f, "dmesg", PCTL_DONE,
                "d7v0:   rip ffffffff80001004  start+0x4\n"
                "d7v12:   rip ffffffff80001000  start+0x0\n"
                "d7v0:   rip 0000000000001000  (no symbol)\n"
                "d6v0:   rip ffffffff80001000  (no symbol)\n"
                "d7| d7v0:   rip ffffffff80001000  (no symbol)\n"
                "d7v0:   rip ffffffff80001000  known+0x3\n\n"
                "d7v0:   rip ffffffff80001000  (no symbol)",
                "");
    /* The kernel's file is gone, or none any more. */
    assert_int_equal(rename(path("kernel"), path("hidden")), 0);
    fake_expect(&f, "dmesg", PCTL_DONE, log, "");
    write_file("kernel", ramdisk, sizeof(ramdisk));
    fake_expect(&f, "dmesg", PCTL_DONE, log, "");
    assert_int_equal(rename(path("hidden"), path("kernel")), 0);
    write_file("kernels", "x\n7\n7 \n\n 7", 11);
    fake_expect(&f, "dmesg", PCTL_DONE, log, "");
}

/* ---- it does not ---- */

/* Each call of those that make a domain fails in its turn, the first and a
 * later one: nothing is left. */
static void fails_half_way(void **state)
{
    static const struct {
        uint64_t number;
        int64_t result;
        const char *err;
    } fails[] = {
        {PARAPET_HC_domain_create, -PARAPET_ENOSPC,
         "there are as many domains as there can be: `pctl list` shows those "
         "that have ended\n"},
        {PARAPET_HC_domain_create, -PARAPET_ENOMEM,
         "KiB of free memory, the machine has 4000\n"},
        {PARAPET_HC_domain_populate, -PARAPET_ENOMEM,
         "KiB of free memory, the machine has 4000\n"},
        {PARAPET_HC_domain_vcpu_create, -PARAPET_ENOMEM,
         "KiB of free memory, the machine has 4000\n"},
        {PARAPET_HC_domain_copy_to, -PARAPET_EBUSY,
         "error 16 (the object is in use)\n"},
        {PARAPET_HC_domain_hypercall_page, -PARAPET_EPERM,
         "demo: its hypercall page: error 1 (not the domain's, or it lacks the "
         "privilege)\n"},
        {PARAPET_HC_domain_alloc_unbound, -PARAPET_ENOSPC, "demo: "},
        {PARAPET_HC_domain_vcpu_start, -PARAPET_EINVAL,
         "demo: the start of vCPU 0: error 22 (an argument has a value that is "
         "not allowed)\n"},
        {PARAPET_HC_vcpu_affinity, -PARAPET_EINVAL,
         "demo: cpus: the machine has none of these\n"},
        {PARAPET_HC_domain_limits, -PARAPET_EBUSY, "demo: "},
        {PARAPET_HC_domain_unpause, -PARAPET_EBUSY, "demo: "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(fails); i++) {
        for (unsigned int after = 0; after < 2; after++) {
            (void)teardown(state);
            (void)setup(state);
            f.fail_call = fails[i].number;
            f.fail_result = fails[i].result;
            f.fail_after = after;
            if (create("create %s/demo.cfg cpus=9 maxmem=5") == PCTL_DONE) {
                assert_int_equal(after, 1); /* it is made only once */
                continue;
            }
            assert_int_equal(f.nr, 1);
            assert_string_equal(fake_out, "");
            if (!strstr(fake_err, fails[i].err))
                fail_msg("call %lu: %s", (unsigned long)fails[i].number,
                         fake_err);
        }
    }
}

static void not_served(void **state)
{
    (void)state;
    f.serve_error = -ENOMEM;
    refused("create %s/demo.cfg", PCTL_FAILED,
            "pctl: create: demo: its console: Cannot allocate memory\n");
}

/* In their order, before it runs; and when one cannot be had, nothing is left:
 * not the domain, and not the disk before. */
static void with_disks(void **state)
{
    (void)state;
    write_description("disks.cfg", "kernel = '%s/kernel'; memory = 4\n"
                                   "disk = ['phy:/dev/vda,xvda,w',\n"
                                   "        'ram:64M,xvdb,r']\n");
    assert_int_equal(create("create %s/disks.cfg"), PCTL_DONE);
    assert_string_equal(fake_out, "disks is domain 7\n");
    assert_int_equal(f.nr_disks, 2);
    assert_int_equal(f.disks[0].domain, MADE_ID);
    assert_string_equal(f.disks[0].store, "/dev/vda");
    assert_int_equal(f.disks[1].index, 1);
    assert_int_equal(f.disks[1].flags, PARAPET_BLK_ATTACH_READONLY);
    (void)teardown(state);
    (void)setup(state);
    refused("create %s/disks.cfg disk=phy:/dev/vdb,xvda", PCTL_FAILED,
            "pctl: create: disks: xvda: /dev/vdb: domain 0 has no such disk: "
            "`cat /proc/partitions` shows which there are\n");
    (void)teardown(state);
    (void)setup(state);
    write_description("disks.cfg", "kernel = '%s/kernel'; memory = 4\n"
                                   "disk = ['ram:4K,xvda',\n"
                                   "        'phy:/dev/vdb,xvdb']\n");
    refused("create %s/disks.cfg", PCTL_FAILED,
            "pctl: create: disks: xvdb: /dev/vdb: domain 0 has no such disk: "
            "`cat /proc/partitions` shows which there are\n");
    assert_int_equal(f.nr_disks, 0);
    assert_int_equal(create("create %s/disks.cfg disk="), PCTL_DONE);
    assert_int_equal(f.nr_disks, 0);
}

/* One on the command line is in place of that of the file. */
static void with_list(void **state)
{
    (void)state;
    write_description("disks.cfg", "kernel = '%s/kernel'; memory = 4\n"
                                   "disk = 'ram:4K,xvdz'\n");
    refused("create %s/disks.cfg disk=['ram:4K,xvda','ram:4K,xvda']",
            PCTL_USAGE,
            "pctl: create: disk: xvda is there already, got \"ram:4K,xvda\"\n");
    refused("create %s/disks.cfg disk=['ram:4K,xvda'", PCTL_USAGE,
            "pctl: create: expected a comma or a ], got the end of the text\n");
    assert_int_equal(f.nr_disks, 0);
    assert_int_equal(
        create("create %s/disks.cfg disk=['ram:4K,xvda','ram:8K,xvdb,r']"),
        PCTL_DONE);
    assert_int_equal(f.nr_disks, 2);
    assert_string_equal(f.disks[1].store, "ram:8K");
    assert_int_equal(f.disks[1].flags, PARAPET_BLK_ATTACH_READONLY);
}

static void taken_name(void **state)
{
    (void)state;
    fake_add(&f, 3, "demo");
    assert_int_equal(create("create %s/demo.cfg"), PCTL_FAILED);
    assert_string_equal(fake_err,
                        "pctl: create: demo: a domain has this name already: "
                        "give another one, as name=demo2, or `pctl destroy` "
                        "that\n");
    assert_int_equal(f.nr, 2);
}

static void bad_files(void **state)
{
    (void)state;
    refused("create nobody-has-this", PCTL_FAILED,
            "pctl: create: /etc/parapet/nobody-has-this.cfg: there is no such "
            "file: `ls /etc/parapet/` shows the descriptions that have a "
            "name\n");
    refused("create %s/none.cfg", PCTL_FAILED,
            "pctl: create: %s/none.cfg: there is no such file: `ls "
            "/etc/parapet/` shows the descriptions that have a name\n");
    refused("create %s/empty", PCTL_USAGE,
            "pctl: create: %s/empty: expected lines of KEY = VALUE, got "
            "none\n");
    refused("create %s", PCTL_USAGE,
            "pctl: create: %s: expected lines of KEY = VALUE, got none\n");
    refused("create name=x kernel=%s/none", PCTL_FAILED,
            "pctl: create: kernel: %s/none: No such file or directory\n");
    refused("create name=x kernel=%s/empty", PCTL_FAILED,
            "pctl: create: kernel: %s/empty: expected a file that is not "
            "empty\n");
    refused("create name=x kernel=%s/ramdisk", PCTL_FAILED,
            "pctl: create: kernel: %s/ramdisk: not an ELF file: expected at "
            "least 64 bytes, got 13\n");
    refused("create name=x kernel=%s/kernel ramdisk=%s/none", PCTL_FAILED,
            "pctl: create: ramdisk: %s/none: No such file or directory\n");
}

static void bad_descriptions(void **state)
{
    (void)state;
    write_description("bad.cfg", "kernel = '%s/kernel'\nmemory = much\n");
    refused("create %s/bad.cfg", PCTL_USAGE,
            "pctl: create: %s/bad.cfg:2: expected a number, a text in quotes "
            "or a list, got \"much\"\n");
    write_description("bad.cfg", "\nmaxmem = 3\nkernel = '%s/kernel'");
    refused("create %s/bad.cfg memory=4", PCTL_USAGE,
            "pctl: create: %s/bad.cfg:2: maxmem: expected at least memory, "
            "which is 4; got 3\n");
    refused("create %s/demo.cfg memory=much", PCTL_USAGE,
            "pctl: create: memory: expected a number of MiB, got \"much\"\n");
    refused("create %s/demo.cfg 4", PCTL_USAGE,
            "pctl: create: expected KEY=VALUE, got \"4\"\n");
    refused("create name=x", PCTL_USAGE,
            "pctl: create: kernel: expected a file, as kernel = "
            "\"/boot/guest-pv.elf\"; got none\n");
    refused("create", PCTL_USAGE,
            "pctl: create: expected `pctl create [NAME|FILE] "
            "[KEY=VALUE]...`\n");
    refused("create %s/demo.cfg memory=1", PCTL_FAILED,
            "pctl: create: kernel: %s/kernel: kernel needs memory up to paddr "
            "0x101080, expected at most 0x100000 (1024 KiB)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(from_options, setup, teardown),
        cmocka_unit_test_setup_teardown(all_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(dmesg_symbols, setup, teardown),
        cmocka_unit_test_setup_teardown(dmesg_reads_once, setup, teardown),
        cmocka_unit_test_setup_teardown(fails_half_way, setup, teardown),
        cmocka_unit_test_setup_teardown(not_served, setup, teardown),
        cmocka_unit_test_setup_teardown(with_disks, setup, teardown),
        cmocka_unit_test_setup_teardown(with_list, setup, teardown),
        cmocka_unit_test_setup_teardown(taken_name, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_files, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_descriptions, setup, teardown),
    };

    return cmocka_run_group_tests_name("pctl create", tests, setup_files,
                                       remove_files);
}
