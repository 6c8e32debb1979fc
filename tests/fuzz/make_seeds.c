/* SPDX-License-Identifier: MIT
 *
 *     make_seeds DIR
 *
 * Writes the fuzzers' first inputs: a bundle around a kernel, so that what is
 * in the kernel can be reached too; a bundle around nothing much, which is
 * smaller and so explored faster; a bare kernel; a description for pctl.
 */
#include <stdio.h>

#include "tests/fuzz/samples.h"

static const char description[] =
    "# all keys\nname = 'demo'; kernel = \"/k\"\nramdisk = '/r'\n"
    "memory = 64\nmaxmem = '128'\nvcpus = 2\ncpus = ['0-3,^1', \"all\"]\n"
    "weight = 512\ncap = 150\nextra = 'a \\'b\\''\nvif = [ ]\n"
    "disk = ['phy:/dev/vda,xvda,w', '/dev/vdb1,,xvdc',\n"
    "        'format=raw, vdev=xvdb, access=ro, target=ram:64M']\n";

static int write_file(const char *dir, const char *name, const void *data,
                      size_t size)
{
    char path[4096];
    FILE *file;
    int failed;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "wb");
    if (!file) {
        perror(path);
        return 1;
    }
    failed = fwrite(data, size, 1, file) != 1;
    failed |= fclose(file) != 0;
    if (failed)
        perror(path);
    return failed;
}

int main(int argc, char **argv)
{
    static struct sample_kernel kernel;
    static uint64_t bundle[SAMPLE_BUNDLE_ROOM / 8];
    int failed;

    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds DIR\n");
        return 2;
    }
    sample_kernel_make(&kernel);
    failed = write_file(argv[1], "kernel", &kernel, sizeof(kernel));
    failed |= write_file(argv[1], "bundle", bundle,
                         sample_bundle_make(bundle, &kernel, sizeof(kernel)));
    failed |= write_file(argv[1], "description", description,
                         sizeof(description) - 1);
    failed |= write_file(argv[1], "small", bundle,
                         sample_bundle_make(bundle, "kernel", 6));
    return failed;
}
