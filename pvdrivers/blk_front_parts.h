/* SPDX-License-Identifier: MIT
 *
 * What the two files of blk_front.h have of each other.
 */
#ifndef PVDRIVERS_BLK_FRONT_PARTS_H
#define PVDRIVERS_BLK_FRONT_PARTS_H

#include "pvdrivers/blk_front.h"

#define BLK_FRONT_GROUP 64u /* entries: bits of a word */

/* What the back-end before has not answered, in its order. Its pages are lent
 * still. */
void blk_front_put_again(struct blk_front *front);

/* It is broken: what is under way fails, but for what has a page in use, which
 * is looked at again the next time. */
void blk_front_fail(struct blk_front *front);

/* If the owner waits for room. */
void blk_front_tell_room(struct blk_front *front);

#endif
