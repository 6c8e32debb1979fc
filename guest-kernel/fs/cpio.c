/* SPDX-License-Identifier: MIT
 *
 * The newc format (cpio(5)): a header of a six-byte magic number and thirteen
 * numbers of eight hexadecimal digits; the name with its NUL; the data. Name
 * and data are followed by up to three bytes that bring the offset to a
 * multiple of four. An entry named TRAILER!!! ends the archive.
 */
#include "guest-kernel/fs/cpio.h"

#include "lib/macros.h"
#include "lib/string.h"

#define MAGIC_SIZE 6
#define FIELD_SIZE 8
#define NR_FIELDS 13
#define HEADER_SIZE (MAGIC_SIZE + NR_FIELDS * FIELD_SIZE)
#define TRAILER "TRAILER!!!"

enum field {
    FIELD_MODE = 1,
    FIELD_MTIME = 5,
    FIELD_FILE_SIZE = 6,
    FIELD_DEVICE_MAJOR = 9,
    FIELD_DEVICE_MINOR = 10,
    FIELD_NAME_SIZE = 11,
};

void cpio_open(struct cpio *cpio, const void *bytes, size_t size)
{
    cpio->bytes = bytes;
    cpio->size = size;
    cpio->offset = 0;
}

static bool parse_digit(uint8_t c, uint32_t *digit)
{
    if (c >= '0' && c <= '9')
        *digit = c - (uint32_t)'0';
    else if (c >= 'a' && c <= 'f')
        *digit = c - (uint32_t)'a' + 10;
    else if (c >= 'A' && c <= 'F')
        *digit = c - (uint32_t)'A' + 10;
    else
        return false;
    return true;
}

static bool parse_fields(const uint8_t *header, uint32_t *fields)
{
    const uint8_t *c = header + MAGIC_SIZE;
    unsigned int field, i;
    uint32_t digit;

    for (field = 0; field < NR_FIELDS; field++) {
        fields[field] = 0;
        for (i = 0; i < FIELD_SIZE; i++) {
            if (!parse_digit(*c++, &digit))
                return false;
            fields[field] = fields[field] << 4 | digit;
        }
    }
    return true;
}

/* "070702" is the same format with a checksum, which is not checked here. */
static bool is_magic(const uint8_t *header)
{
    return memcmp(header, "070701", MAGIC_SIZE) == 0 ||
           memcmp(header, "070702", MAGIC_SIZE) == 0;
}

/* Offset and sizes are below 2^63 and 2^32: none of the sums can overflow. */
static enum cpio_result parse_entry(struct cpio *cpio, const uint32_t *fields,
                                    struct cpio_entry *entry)
{
    size_t name_at = cpio->offset + HEADER_SIZE;
    size_t name_size = fields[FIELD_NAME_SIZE];
    size_t data_at = ALIGN_UP(name_at + name_size, (size_t)4);
    size_t next_at;

    if (name_size > cpio->size - name_at)
        return CPIO_TRUNCATED;
    entry->name = (const char *)cpio->bytes + name_at;
    if (name_size < 2 ||
        memchr(entry->name, '\0', name_size) != entry->name + name_size - 1)
        return CPIO_BAD_NAME;
    if (strcmp(entry->name, TRAILER) == 0)
        return CPIO_END;
    entry->size = fields[FIELD_FILE_SIZE];
    if (data_at > cpio->size || entry->size > cpio->size - data_at)
        return CPIO_TRUNCATED;
    entry->data = cpio->bytes + data_at;
    entry->mode = fields[FIELD_MODE];
    entry->mtime = fields[FIELD_MTIME];
    entry->device = (fields[FIELD_DEVICE_MAJOR] & 0xfff) << 8 |
                    (fields[FIELD_DEVICE_MINOR] & 0xff);
    /* The padding of the last entry may be cut off. */
    next_at = ALIGN_UP(data_at + entry->size, (size_t)4);
    cpio->offset = MIN(next_at, cpio->size);
    return CPIO_ENTRY;
}

enum cpio_result cpio_next(struct cpio *cpio, struct cpio_entry *entry)
{
    uint32_t fields[NR_FIELDS];
    const uint8_t *header;

    if (cpio->size - cpio->offset < HEADER_SIZE)
        return CPIO_TRUNCATED;
    header = cpio->bytes + cpio->offset;
    if (!is_magic(header))
        return CPIO_BAD_MAGIC;
    if (!parse_fields(header, fields))
        return CPIO_BAD_NUMBER;
    return parse_entry(cpio, fields, entry);
}

const char *cpio_result_text(enum cpio_result result)
{
    static const char *const texts[] = {
        [CPIO_ENTRY] = "an entry",
        [CPIO_END] = "the end",
        [CPIO_TRUNCATED] = "the archive ends too early",
        [CPIO_BAD_MAGIC] = "there is no newc header",
        [CPIO_BAD_NUMBER] = "a number is not hexadecimal",
        [CPIO_BAD_NAME] = "a name has no end or is empty",
    };

    return texts[result];
}
