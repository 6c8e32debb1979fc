/* SPDX-License-Identifier: MIT
 *
 * The native start in C, called by pvh.S; and what else the native build
 * must say about itself.
 */
#include "guest-kernel/dev/uart.h"
#include "guest-kernel/dev/virtio_blk.h"
#include "guest-kernel/mm/early.h"
#include "guest-kernel/mm/layout.h"
#include "guest-kernel/privops/native/native.h"
#include "guest-kernel/privops/privops.h"
#include "lib/x86/control.h"

_Noreturn void native_main(uint32_t start_paddr);

const char *privops_name(void)
{
    return "native";
}

/* pvh.S begins on it. */
struct privops_stack privops_boot_stack(void)
{
    struct privops_stack stack;

    stack.low = (uint64_t)boot_stack_start;
    stack.high = stack.low + STACK_SIZE;
    return stack;
}

_Noreturn void native_main(uint32_t start_paddr)
{
    static struct boot_info boot;

    uart_init();
    native_tables_init();
    kernel_banner();
    native_check_features();
    native_user_init();
    native_boot_info(start_paddr, &boot);
    early_init(&boot);
    native_paging_init(&boot);
    native_time_init();
    kernel_main(&boot);
}

void privops_console_write(const char *text, size_t size)
{
    uart_write(text, size);
}

size_t privops_console_write_some(const char *text, size_t size)
{
    privops_console_write(text, size);
    return size;
}

void privops_console_last_words(void)
{
}

size_t privops_console_read(char *buffer, size_t size)
{
    return uart_read(buffer, size);
}

uint64_t privops_fault_vaddr(void)
{
    return read_cr2();
}

void privops_devices_init(void)
{
    virtio_blk_init();
}

/* Nobody asks: the machine's power button is on no line that is looked at. */
void privops_requests_init(void)
{
}

bool privops_counters(void (*put)(const struct privops_counter *counter))
{
    (void)put;
    return false;
}
