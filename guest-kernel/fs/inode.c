/* SPDX-License-Identifier: MIT
 *
 * How long inodes live.
 */
#include "guest-kernel/fs/inode.h"

struct inode *inode_get(struct inode *inode)
{
    inode->refs++;
    return inode;
}

void inode_put(struct inode *inode)
{
    if (inode == NULL)
        return;
    inode->refs--;
    if (inode->refs == 0 && inode->links == 0)
        inode->ops->release(inode);
}
