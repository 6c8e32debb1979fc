/* SPDX-License-Identifier: MIT
 *
 * Not Parapet: a 32-bit image that ends the machine in the way its command
 * line asks for, so that the tests of tools/run depend on nothing else.
 *
 *   exit=XX   write the hexadecimal value to the debug-exit port
 *   echo      send back each byte of input; at Ctrl-D exit=2a
 *   next      at each Ctrl-D say that the next domain has the console, and
 *             after the fortieth exit=2a
 *   reset     a triple fault
 *   hang      for ever
 *
 * PVH enters with paging off and ebx at the start info, whose word at offset
 * 24 is the command line's address (Xen, public/arch-x86/hvm/start_info.h).
 */
#include <stdint.h>

#define COM1 0x3f8
#define LINE_STATUS (COM1 + 5)
#define RECEIVED 0x01
#define CAN_SEND 0x20
#define DEBUG_EXIT 0xf4
#define CTRL_D 4

__asm__(".pushsection .note.pvh, \"a\", @note\n"
        ".long 4, 4, 18\n" /* XEN_ELFNOTE_PHYS32_ENTRY */
        ".asciz \"Xen\"\n"
        ".long start\n"
        ".popsection\n"
        ".globl start\n"
        "start: mov $stack_top, %esp\n"
        "pushl 24(%ebx)\n"
        "call end_as\n"
        ".lcomm stack, 4096\n"
        ".set stack_top, stack + 4096\n");

_Noreturn void end_as(const char *command);

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static uint8_t receive(void)
{
    while (!(in8(LINE_STATUS) & RECEIVED))
        ;
    return in8(COM1);
}

static void send(uint8_t byte)
{
    while (!(in8(LINE_STATUS) & CAN_SEND))
        ;
    out8(COM1, byte);
}

static void echo_until_ctrl_d(void)
{
    uint8_t byte;

    while ((byte = receive()) != CTRL_D)
        send(byte);
}

/* The next one is d10, then d11 and so on: two digits each. */
static void pass_the_console_on(void)
{
    char line[] = "d10: has the console\r\n";
    const char *text;
    int i;

    for (i = 10; i < 50; i++) {
        while (receive() != CTRL_D)
            ;
        line[1] = (char)('0' + i / 10);
        line[2] = (char)('0' + i % 10);
        for (text = line; *text != '\0'; text++)
            send((uint8_t)*text);
    }
}

static void triple_fault(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) empty = {0, 0};

    __asm__ volatile("lidt %0\n\tint3" : : "m"(empty));
}

static uint8_t hex_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

_Noreturn void end_as(const char *command)
{
    switch (command[0] << 8 | command[1]) {
    case 'e' << 8 | 'x':
        out8(DEBUG_EXIT,
             (uint8_t)(hex_digit(command[5]) << 4 | hex_digit(command[6])));
        break;
    case 'e' << 8 | 'c':
        echo_until_ctrl_d();
        out8(DEBUG_EXIT, 0x2a);
        break;
    case 'n' << 8 | 'e':
        pass_the_console_on();
        out8(DEBUG_EXIT, 0x2a);
        break;
    case 'r' << 8 | 'e':
        triple_fault();
        break;
    }
    for (;;)
        __asm__ volatile("pause");
}
