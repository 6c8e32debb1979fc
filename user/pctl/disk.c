/* SPDX-License-Identifier: MIT */
#include "user/pctl/disk.h"

#include <string.h>

#define PHY "phy:/dev/"
#define RAM "ram:"

int disk_index(const char *device)
{
    if (strncmp(device, "xvd", 3) != 0 || device[3] < 'a' || device[3] > 'z' ||
        device[4] != '\0')
        return -1;
    return device[3] - 'a';
}

/* The part up to the next comma, or the end; NULL: it is empty or too long. */
static const char *part(const char **text, char *to, size_t size)
{
    size_t length = strcspn(*text, ",");

    if (length == 0 || length >= size)
        return NULL;
    memcpy(to, *text, length);
    to[length] = '\0';
    *text += length;
    if (**text == ',')
        ++*text;
    return to;
}

const char *disk_parse(const char *text, struct parapet_blk_attach *attach)
{
    char store[PARAPET_BLK_STORE_NAME], device[8], mode[4];
    const char *name = store;
    int index;

    if (!part(&text, store, sizeof(store)) ||
        (strncmp(store, PHY, strlen(PHY)) != 0 &&
         strncmp(store, RAM, strlen(RAM)) != 0))
        return "the store must be phy:/dev/NAME or ram:SIZE";
    if (strncmp(store, PHY, strlen(PHY)) == 0)
        name += strlen(PHY);
    if (!part(&text, device, sizeof(device)) || disk_index(device) < 0)
        return "the device must be xvda to xvdz";
    index = disk_index(device);
    if (!part(&text, mode, sizeof(mode)) || *text != '\0' ||
        (strcmp(mode, "r") != 0 && strcmp(mode, "w") != 0))
        return "the mode must be r or w";
    attach->index = (uint32_t)index;
    attach->flags = mode[0] == 'r' ? PARAPET_BLK_ATTACH_READONLY : 0;
    attach->reserved = 0;
    memset(attach->store, 0, sizeof(attach->store));
    memcpy(attach->store, name, strlen(name));
    return NULL;
}
