/* SPDX-License-Identifier: MIT
 *
 * ioctl(2) on a terminal (ioctl_tty(2)).
 */
#include "guest-kernel/errno.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/tty/console.h"
#include "guest-kernel/tty/tty_parts.h"
#include "lib/string.h"

enum {
    TCGETS = 0x5401,
    TCSETS = 0x5402,
    TCSETSW = 0x5403,
    TCSETSF = 0x5404,
    TCSBRK = 0x5409,
    TCXONC = 0x540a,
    TCFLSH = 0x540b,
    TIOCSCTTY = 0x540e,
    TIOCGPGRP = 0x540f,
    TIOCSPGRP = 0x5410,
    TIOCOUTQ = 0x5411,
    TIOCSTI = 0x5412,
    TIOCGWINSZ = 0x5413,
    TIOCSWINSZ = 0x5414,
    FIONREAD = 0x541b, /* TIOCINQ */
    TIOCNOTTY = 0x5422,
    TCSBRKP = 0x5425,
    TIOCGSID = 0x5429,
    /* Their numbers hold the size of what they copy. */
    TCGETS2 = 0x802c542a,
    TCSETS2 = 0x402c542b,
    TCSETSW2 = 0x402c542c,
    TCSETSF2 = 0x402c542d,
};

/* Arguments of TCXONC and TCFLSH. */
enum { TCOOFF = 0, TCOON = 1, TCIOFF = 2, TCION = 3 };
enum { TCIFLUSH = 0, TCOFLUSH = 1, TCIOFLUSH = 2 };

static int64_t put(uint64_t vaddr, const void *from, size_t size)
{
    struct space *space = process_current()->space;

    return space_copy_out(space, vaddr, from, size) ? 0 : -EFAULT;
}

static int64_t get(void *to, uint64_t vaddr, size_t size)
{
    struct space *space = process_current()->space;

    return space_copy_in(space, to, vaddr, size) ? 0 : -EFAULT;
}

/* Output is never on its way, so "when it is out" is now. */
static int64_t set_termios(struct tty *tty, uint64_t arg, size_t size,
                           bool flush)
{
    struct termios termios = tty->termios;
    int64_t result = tty_check_job(tty, SIGTTOU);
    bool irq_on, changes_mode;

    if (result == 0)
        result = get(&termios, arg, size);
    if (result < 0)
        return result;
    tty_set_speeds(&termios);
    irq_on = privops_irq_save();
    if (flush)
        tty_flush(tty);
    changes_mode = ((termios.lflag ^ tty->termios.lflag) & ICANON) != 0;
    tty->termios = termios;
    if (changes_mode)
        tty_mode_changed(tty);
    if ((termios.iflag & IXON) == 0)
        tty->stopped = false;
    /* Another mode may make ready what was not. */
    wait_queue_wake_all(&tty->readers);
    wait_queue_wake_all(&tty->writers);
    poll_notify();
    privops_irq_restore(irq_on);
    return 0;
}

static int64_t set_window(struct tty *tty, uint64_t arg)
{
    struct window_size window;

    if (get(&window, arg, sizeof(window)) < 0)
        return -EFAULT;
    if (memcmp(&window, &tty->window, sizeof(window)) == 0)
        return 0;
    tty->window = window;
    if (tty->pgid != 0)
        (void)signal_send_group(tty->pgid, SIGWINCH, NULL);
    return 0;
}

static int64_t flow(struct tty *tty, uint64_t what)
{
    bool irq_on;

    if (what > TCION)
        return -EINVAL;
    irq_on = privops_irq_save();
    if (what == TCOOFF || what == TCOON)
        tty->stopped = what == TCOOFF;
    wait_queue_wake_all(&tty->writers);
    poll_notify();
    privops_irq_restore(irq_on);
    return 0;
}

static int64_t flush(struct tty *tty, uint64_t what)
{
    bool irq_on;

    if (what > TCIOFLUSH)
        return -EINVAL;
    irq_on = privops_irq_save();
    if (what != TCOFLUSH)
        tty_flush(tty);
    privops_irq_restore(irq_on);
    return 0;
}

/* After SIGTTOU's check: what changes the terminal, but for its owner. */
static int64_t change(struct tty *tty, uint32_t request, uint64_t arg)
{
    int64_t result = tty_check_job(tty, SIGTTOU);

    if (result < 0)
        return result;
    if (request == TCXONC)
        return flow(tty, arg);
    if (request == TCFLSH)
        return flush(tty, arg);
    return 0; /* TCSBRK: output is out, and there is no line to break */
}

static int64_t get_number(struct tty *tty, uint32_t request, uint64_t arg)
{
    bool irq_on = privops_irq_save(), own = process_current()->tty == tty;
    uint32_t number = 0;

    if (request == FIONREAD) {
        if (tty_is_canonical(tty))
            tty_assemble(tty);
        number = (uint32_t)tty_available(tty);
    } else if (request == TIOCGPGRP) {
        number = tty->pgid;
    } else if (request == TIOCGSID) {
        number = tty->sid;
    }
    privops_irq_restore(irq_on);
    if (!own && (request == TIOCGPGRP || request == TIOCGSID))
        return -ENOTTY;
    return put(arg, &number, sizeof(number));
}

int64_t tty_ioctl(struct file *file, uint32_t request, uint64_t arg)
{
    struct tty *tty = file->private;
    int32_t pgid;

    switch (request) {
    case TCGETS:
        return put(arg, &tty->termios, TERMIOS_SIZE);
    case TCGETS2:
        return put(arg, &tty->termios, TERMIOS2_SIZE);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(tty, arg, TERMIOS_SIZE, request == TCSETSF);
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
        return set_termios(tty, arg, TERMIOS2_SIZE, request == TCSETSF2);
    case TIOCGWINSZ:
        return put(arg, &tty->window, sizeof(tty->window));
    case TIOCSWINSZ:
        return set_window(tty, arg);
    case TCSBRK:
    case TCSBRKP:
    case TCXONC:
    case TCFLSH:
        return change(tty, request, arg);
    case TIOCGPGRP:
    case TIOCGSID:
    case TIOCOUTQ:
    case FIONREAD:
        return get_number(tty, request, arg);
    case TIOCSPGRP:
        return get(&pgid, arg, sizeof(pgid)) < 0
                   ? -EFAULT
                   : tty_set_foreground(tty, pgid);
    case TIOCSCTTY:
        return tty_become_controlling(tty, arg == 1);
    case TIOCNOTTY:
        return tty_give_up(tty);
    case TIOCSTI:
        return -EPERM;
    default:
        return -ENOTTY;
    }
}
