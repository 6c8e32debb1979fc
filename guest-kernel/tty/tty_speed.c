/* SPDX-License-Identifier: MIT
 *
 * The speeds of a terminal (termios(3), ioctl_tty(2)). They make nothing here
 * faster, but the C library reads them, and sets what it has read.
 */
#include "guest-kernel/tty/tty_parts.h"
#include "lib/macros.h"

#define CBAUD 0010017u
#define CBAUDEX 0010000u /* one of the upper half of the list */
#define BOTHER CBAUDEX   /* as a whole CBAUD: the speed is in a field */
#define NR_LOWER 15u
#define IN_SHIFT 16 /* the same bits, for input: 0 is "as output" */

static const uint32_t bauds[] = {
    0,       50,      75,      110,     134,     150,     200,     300,
    600,     1200,    1800,    2400,    4800,    9600,    19200,   38400,
    57600,   115200,  230400,  460800,  500000,  576000,  921600,  1000000,
    1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

static uint32_t speed_of(uint32_t cbaud, uint32_t other)
{
    uint32_t index = cbaud & ~CBAUDEX;

    if (cbaud == BOTHER)
        return other;
    if ((cbaud & CBAUDEX) != 0)
        index += NR_LOWER;
    return index < ARRAY_SIZE(bauds) ? bauds[index] : 0;
}

void tty_set_speeds(struct termios *termios)
{
    uint32_t in = (termios->cflag >> IN_SHIFT) & CBAUD;
    uint32_t out = termios->cflag & CBAUD;

    termios->ospeed = speed_of(out, termios->ospeed);
    termios->ispeed = in == 0 ? termios->ospeed : speed_of(in, termios->ispeed);
}
