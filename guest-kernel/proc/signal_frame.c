/* SPDX-License-Identifier: MIT
 *
 * Frames of handlers, on the stack of a program that may have any stack at
 * all, and may have changed the frame before it comes back.
 */
#include "guest-kernel/proc/signal_frame.h"

#include "guest-kernel/errno.h"
#include "guest-kernel/proc/fpu.h"
#include "guest-kernel/proc/process.h"
#include "guest-kernel/proc/signal.h"
#include "guest-kernel/proc/user.h"
#include "lib/macros.h"
#include "lib/string.h"
#include "lib/x86/rflags.h"

#define RED_ZONE 128
#define STACK_ALIGNMENT 16
#define MIN_STACK_SIZE 2048

/* What a program may set of rflags (APM 1, section 3.1.4), and what is not in
 * force at the start of a handler. */
#define RFLAGS_USER (RFLAGS_STATUS | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC)
#define RFLAGS_HANDLER_OFF (RFLAGS_RF | RFLAGS_DF | RFLAGS_TF)

/* struct ucontext.uc_flags: there is an xsave area, and ss is there. */
#define CONTEXT_FLAGS 0x7ul

/* What an xsave area has in the bytes that are software's (asm/sigcontext.h,
 * struct _fpx_sw_bytes). */
#define FPU_NOTE_OFFSET 464
#define FPU_MAGIC1 0x46505853u
#define FPU_MAGIC2 0x46505845u
struct fpu_note {
    uint32_t magic;
    uint32_t extended_size; /* with FPU_MAGIC2 */
    uint64_t components;
    uint32_t size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct fpu_note) == 48, "the layout is Linux's");

/* ---- the alternate stack ---- */

static bool is_on_stack(const struct thread_signals *signals, uint64_t rsp)
{
    return !(signals->stack_flags & SS_AUTODISARM) &&
           rsp > signals->stack_start &&
           rsp - signals->stack_start <= signals->stack_size;
}

void signal_stack_get(struct signal_stack *stack, uint64_t rsp)
{
    const struct thread_signals *signals = &thread_current()->user->signals;

    *stack = (struct signal_stack){
        .start = signals->stack_start,
        .flags = signals->stack_flags,
        .size = signals->stack_size,
    };
    if (signals->stack_size == 0)
        stack->flags |= SS_DISABLE;
    else if (is_on_stack(signals, rsp))
        stack->flags |= SS_ONSTACK;
}

int64_t signal_stack_set(const struct signal_stack *stack, uint64_t rsp)
{
    struct thread_signals *signals = &thread_current()->user->signals;
    uint32_t mode = stack->flags & ~SS_AUTODISARM;

    if (is_on_stack(signals, rsp))
        return -EPERM;
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
        return -EINVAL;
    if (mode == SS_DISABLE) {
        signals->stack_start = signals->stack_size = 0;
        signals->stack_flags = 0;
        return 0;
    }
    if (stack->size < MIN_STACK_SIZE)
        return -ENOMEM;
    signals->stack_start = stack->start;
    signals->stack_size = stack->size;
    signals->stack_flags = stack->flags & SS_AUTODISARM;
    return 0;
}

/* ---- to the handler ---- */

static uint64_t fpu_area_size(void)
{
    return fpu_size() + sizeof(uint32_t);
}

/* Where frames go. In *low, what they must not reach below. Sums that wrap end
 * above SPACE_USER_END, where nothing can be written. */
static uint64_t choose_stack(const struct trap_regs *regs,
                             const struct signal_action *action, uint64_t *low)
{
    const struct thread_signals *signals = &thread_current()->user->signals;
    uint64_t rsp = regs->frame.rsp;

    *low = is_on_stack(signals, rsp) ? signals->stack_start : 0;
    if (!(action->flags & SA_ONSTACK) || signals->stack_size == 0 || *low != 0)
        return rsp - RED_ZONE;
    *low = signals->stack_start;
    return signals->stack_start + signals->stack_size;
}

static bool push_fpu(struct space *space, uint64_t vaddr)
{
    const struct fpu_note note = {
        .magic = FPU_MAGIC1,
        .extended_size = (uint32_t)fpu_area_size(),
        .components = fpu_components(),
        .size = (uint32_t)fpu_size(),
    };
    const uint32_t magic2 = FPU_MAGIC2;

    user_save_fpu();
    return space_copy_out(space, vaddr, thread_current()->user->fpu,
                          fpu_size()) &&
           space_copy_out(space, vaddr + FPU_NOTE_OFFSET, &note,
                          sizeof(note)) &&
           space_copy_out(space, vaddr + fpu_size(), &magic2, sizeof(magic2));
}

static void save_registers(struct signal_registers *to,
                           const struct trap_regs *regs)
{
    const struct parapet_frame *frame = &regs->frame;

    *to = (struct signal_registers){
        .r8 = regs->r8,
        .r9 = regs->r9,
        .r10 = regs->r10,
        .r11 = frame->r11,
        .r12 = regs->r12,
        .r13 = regs->r13,
        .r14 = regs->r14,
        .r15 = regs->r15,
        .rdi = regs->rdi,
        .rsi = regs->rsi,
        .rbp = regs->rbp,
        .rbx = regs->rbx,
        .rdx = regs->rdx,
        .rax = frame->rax,
        .rcx = frame->rcx,
        .rsp = frame->rsp,
        .rip = frame->rip,
        .rflags = frame->rflags,
        .cs = (uint16_t)frame->cs,
        .ss = (uint16_t)frame->ss,
        .error = frame->error,
        .vector = regs->vector,
    };
}

static void fill_frame(struct signal_frame *frame, const struct trap_regs *regs,
                       const struct signal_action *action,
                       const struct signal_info *info)
{
    const struct thread_signals *signals = &thread_current()->user->signals;

    memset(frame, 0, sizeof(*frame));
    frame->restorer = action->restorer;
    frame->context.flags = CONTEXT_FLAGS;
    signal_stack_get(&frame->context.stack, regs->frame.rsp);
    save_registers(&frame->context.registers, regs);
    frame->context.blocked =
        signals->restore_saved ? signals->saved : signals->blocked;
    frame->context.registers.old_mask = frame->context.blocked;
    frame->info = *info;
    if (info->number == SIGSEGV)
        frame->context.registers.fault_vaddr = info->vaddr;
}

static void enter_handler(struct trap_regs *regs, uint64_t frame_vaddr,
                          const struct signal_action *action,
                          unsigned int number)
{
    regs->rdi = number;
    regs->rsi = frame_vaddr + offsetof(struct signal_frame, info);
    regs->rdx = frame_vaddr + offsetof(struct signal_frame, context);
    regs->frame.rax = 0;
    regs->frame.rip = action->handler;
    regs->frame.rsp = frame_vaddr;
    regs->frame.rflags &= ~RFLAGS_HANDLER_OFF;
}

bool signal_frame_push(struct trap_regs *regs,
                       const struct signal_action *action,
                       const struct signal_info *info)
{
    struct thread_signals *signals = &thread_current()->user->signals;
    struct space *space = process_current()->space;
    uint64_t low, top = choose_stack(regs, action, &low), fpu_vaddr, vaddr;
    struct signal_frame frame;

    fpu_vaddr = ALIGN_DOWN(top - fpu_area_size(), FPU_ALIGNMENT);
    /* As after a call: the return address is eight below a multiple. */
    vaddr = ALIGN_DOWN(fpu_vaddr - sizeof(frame), STACK_ALIGNMENT) - 8;
    if (vaddr < low || vaddr > top || action->handler >= SPACE_USER_END ||
        !(action->flags & SA_RESTORER))
        return false;
    fill_frame(&frame, regs, action, info);
    frame.context.registers.fpu_vaddr = fpu_vaddr;
    if (!push_fpu(space, fpu_vaddr) ||
        !space_copy_out(space, vaddr, &frame, sizeof(frame)))
        return false;
    if (signals->stack_flags & SS_AUTODISARM) {
        signals->stack_size = 0;
        signals->stack_flags = 0;
    }
    enter_handler(regs, vaddr, action, (unsigned int)info->number);
    return true;
}

/* ---- and back ---- */

/* Whether the area at vaddr is of xsave, with all components: else it is one
 * of fxsave, by a program of its own mind. */
static bool is_complete(struct space *space, uint64_t vaddr)
{
    struct fpu_note note;
    uint32_t magic2;

    return space_copy_in(space, &note, vaddr + FPU_NOTE_OFFSET, sizeof(note)) &&
           note.magic == FPU_MAGIC1 && note.size == fpu_size() &&
           space_copy_in(space, &magic2, vaddr + note.size, sizeof(magic2)) &&
           magic2 == FPU_MAGIC2;
}

/* Interrupts may come meanwhile, but no other thread: nobody saves to
 * user->fpu. */
static bool pop_fpu(struct space *space, uint64_t vaddr)
{
    struct fpu_state *state = thread_current()->user->fpu;
    uint64_t size = FPU_LEGACY_SIZE;
    bool ok = true;

    fpu_reset(state);
    if (vaddr != 0) {
        if (is_complete(space, vaddr))
            size = fpu_size();
        ok = space_copy_in(space, state, vaddr, size);
        /* Also of a part: the next switch to this thread loads it. */
        fpu_sanitize(state);
    }
    user_load_fpu();
    return ok;
}

static void load_registers(struct trap_regs *regs,
                           const struct signal_registers *from)
{
    struct parapet_frame *frame = &regs->frame;

    regs->r8 = from->r8;
    regs->r9 = from->r9;
    regs->r10 = from->r10;
    frame->r11 = from->r11;
    regs->r12 = from->r12;
    regs->r13 = from->r13;
    regs->r14 = from->r14;
    regs->r15 = from->r15;
    regs->rdi = from->rdi;
    regs->rsi = from->rsi;
    regs->rbp = from->rbp;
    regs->rbx = from->rbx;
    regs->rdx = from->rdx;
    frame->rax = from->rax;
    frame->rcx = from->rcx;
    frame->rsp = from->rsp;
    frame->rip = from->rip;
    frame->rflags =
        (frame->rflags & ~RFLAGS_USER) | (from->rflags & RFLAGS_USER);
}

bool signal_frame_pop(struct trap_regs *regs)
{
    struct space *space = process_current()->space;
    uint64_t vaddr = regs->frame.rsp - sizeof(uint64_t);
    struct signal_context context;

    if (!space_copy_in(space, &context,
                       vaddr + offsetof(struct signal_frame, context),
                       sizeof(context)) ||
        context.registers.rip >= SPACE_USER_END ||
        !pop_fpu(space, context.registers.fpu_vaddr))
        return false;
    load_registers(regs, &context.registers);
    /* Fails for a handler that is still on it: then it stays. */
    (void)signal_stack_set(&context.stack, regs->frame.rsp);
    signal_block(context.blocked);
    return true;
}
