/* SPDX-License-Identifier: MIT
 *
 * Instructions for test_decode_listing: never run, only assembled and then
 * listed by objdump. What the decoder knows, in many forms, between what it
 * does not know.
 */

/* All that have a memory operand m. */
.macro with_memory m
        lgdt \m
        lidt \m
        sgdt \m
        sidt \m
        lldt \m
        ltr \m
        sldt \m
        str \m
        lmsw \m
        smsw \m
        invlpg \m
        invpcid \m, %rax
        invpcid \m, %r15
        movw %ds, \m
        movw \m, %es
        lcall *\m
        rex.w lcall *\m
        ljmp *\m
        xsaves \m
        xsaves64 \m
        xrstors \m
        vmptrld \m
        vmclear \m
        vmxon \m
        vmptrst \m
        vmread %rax, \m
        vmwrite \m, %r9
        invept \m, %rcx
        invvpid \m, %rcx
        movb %al, \m
        movb %sil, \m
        movb %r9b, \m
        movw %dx, \m
        movl %ebx, \m
        movl %r12d, \m
        movq %rdi, \m
        movq %r15, \m
        movb $0x12, \m
        movw $0x1234, \m
        movl $0x12345678, \m
        movq $-2, \m
        ud0 \m, %eax
        ud1 \m, %eax
        movq \m, %rax           /* from here on: not for us */
        addq %rax, \m
        xchgq %rax, \m
        lock cmpxchgq %rcx, \m
        call *\m
        jmp *\m
        pushq \m
        popq \m
        movzbl \m, %eax
        fxsave \m
        cmpxchg16b \m
        movups %xmm1, \m
        vmovups %ymm1, \m
        prefetcht0 \m
.endm

.macro with_register q, d, w
        mov %\q, %cr0
        mov %\q, %cr3
        mov %\q, %cr4
        mov %\q, %cr8
        mov %cr0, %\q
        mov %cr2, %\q
        mov %cr8, %\q
        mov %\q, %db0
        mov %\q, %db7
        mov %db6, %\q
        lldt %\w
        ltr %\w
        sldt %\q
        sldt %\d
        sldt %\w
        str %\q
        lmsw %\w
        smsw %\q
        smsw %\d
        mov %ds, %\q
        mov %gs, %\d
        mov %\d, %ss
        mov %\d, %fs
        rdfsbase %\q
        rdgsbase %\d
        wrfsbase %\d
        wrgsbase %\q
        vmread %rbx, %\q
        mov %\q, %rax
        mov $1, %\q
        bswap %\q
        rdrand %\q
        rdseed %\d
        rdpid %\q
        verr %\w
        push %\q
        lzcnt %\q, %rax
.endm

.macro without_operands
        cli
        sti
        hlt
        pushfq
        popfq
        pushfw
        popfw
        iretq
        iretl
        iretw
        int $0x80
        int3
        int1
        clac
        stac
        in %dx, %al
        in %dx, %ax
        in %dx, %eax
        in $0x60, %al
        in $0x61, %ax
        in $0x62, %eax
        out %al, %dx
        out %ax, %dx
        out %eax, %dx
        out %al, $0x80
        out %ax, $0x81
        out %eax, $0x82
        insb
        insw
        insl
        outsb
        outsw
        outsl
        rep insb
        rep outsl
        addr32 rep outsb
        rep outsb %fs:(%rsi), %dx
        clts
        xsetbv
        rdpkru
        wrpkru
        rdmsr
        wrmsr
        rdtsc
        rdtscp
        rdpmc
        cpuid
        swapgs
        push %fs
        push %gs
        pop %fs
        pop %gs
        lretl
        lretq
        lretw
        lretl $8
        invd
        wbinvd
        wbnoinvd
        monitor
        mwait
        syscall
        sysretl
        sysretq
        sysenter
        sysexitl
        sysexitq
        rsm
        getsec
        vmcall
        vmmcall
        vmlaunch
        vmresume
        vmxoff
        vmfunc
        vmrun
        vmload
        vmsave
        stgi
        clgi
        skinit
        invlpga
        ud2
        nop                     /* from here on: not for us */
        pause
        ret
        leave
        cld
        std
        clc
        cltq
        rep movsb
        rep stosq
        lodsl
        xgetbv
        lfence
        endbr64
        emms
        serialize
        monitorx
        mwaitx
        clzero
        vzeroupper
        lahf
        xlat
        rex.w cli
        data16 hlt
        addr32 sti
        fs cpuid
.endm

without_operands

with_memory "(%rax)"
with_memory "(%rbx)"
with_memory "(%rsp)"
with_memory "(%rbp)"
with_memory "(%rsi)"
with_memory "(%r8)"
with_memory "(%r12)"
with_memory "(%r13)"
with_memory "1(%rcx)"
with_memory "-1(%rsp)"
with_memory "127(%rbp)"
with_memory "8(%r12)"
with_memory "0(%r13)"
with_memory "128(%rax)"
with_memory "0x12345678(%rsp)"
with_memory "-0x1000(%r12)"
with_memory "(%rax,%rbx)"
with_memory "(%rax,%rbx,4)"
with_memory "(%rsp,%rbp,8)"
with_memory "(%r12,%r12,2)"
with_memory "(%r13,%r13)"
with_memory "(%rbp,%r9,4)"
with_memory "8(%rax,%rbx)"
with_memory "-8(%r13,%r15,8)"
with_memory "0x1000(%rsp,%r12)"
with_memory "0x1000(,%rax,4)"
with_memory "0(,%r13,8)"
with_memory "0x1234"
with_memory "-0x1000"
with_memory "(%rip)"
with_memory "0x11223344(%rip)"
with_memory "%fs:0x28"
with_memory "%gs:(%rax)"
with_memory "%gs:0x10(%rip)"
with_memory "%fs:(%rax,%r9,2)"
with_memory "(%eax)"
with_memory "-4(%esp)"
with_memory "(%r13d,%r12d,8)"
with_memory "0x10(%eip)"
with_memory "%gs:(%ebx)"

movb %ah, (%rax)
movb %ch, 0x10(%rsi,%rdi,4)
movb %dh, (%rip)
movb %bh, %gs:0x1000

.irp n, 8, 9, 10, 11, 12, 13, 14, 15
        with_register r\n, r\n\()d, r\n\()w
.endr
.irp n, ax, bx, cx, dx, si, di, sp, bp
        with_register r\n, e\n, \n
.endr
