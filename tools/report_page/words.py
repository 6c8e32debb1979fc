# SPDX-License-Identifier: MIT
"""What the page says in words: operations, ways, and how figures mislead."""

TITLE = "What virtualization costs here"

LEAD = (
    "Each block below is one operation of a guest kernel. Each bar is one way "
    "to do it. On the left is how many instructions it executes, guest and "
    "hypervisor together; on the right how long it takes in this emulator. "
    "The two are different questions with different answers: read each "
    "column by itself.")

OPERATION_BY_OPERATION = "Operation by operation"

MISLEAD_HEAD = "How these numbers mislead"

FIGURES = "All figures"

FIGURES_LEAD = (
    "One operation each, as in results.json. Ticks are those of the guest's "
    "time-stamp counter. Click on a line to open its table.")

LONGEST = "The longest exit of each name"

LONGEST_LEAD = (
    "How long the hypervisor kept the guest from running, at most, while the "
    "bench\'s operations ran: from the entry until a guest ran on, in "
    "instructions. No exit may exceed its bound, since interrupts are off "
    "meanwhile.")

WAYS = {
    "native": "the instruction itself, on the bare machine: no hypervisor",
    "direct": "the guest executes it by itself, the hypervisor sees nothing",
    "shared": "loads and stores in a page that guest and hypervisor share",
    "hypercall": "the guest calls the hypervisor",
    "split": "one domain asks, by shared memory, and another one serves it",
    "domain0": "the kernel of domain 0, which drives the device itself",
    "batch": "one of many in a single call",
    "pctl": "domain 0's command, with all that it, both kernels and the "
            "hypervisor do",
    "trap": "the guest executes a privileged instruction, or writes to a "
            "page table, which faults; the hypervisor emulates it",
    "emulated": "a device or instruction imitated by the hypervisor",
    "svm": "the CPU's own virtualization (AMD SVM) does it",
}

OPERATIONS = {
    "empty_loop": "The measuring loop with nothing in it: what is taken off "
                  "every other row.",
    "null_hypercall": "A call that only returns the ABI's version: the least "
                      "that entering the hypervisor and leaving it costs.",
    "enosys_hypercall": "A call with a number that does not exist, refused.",
    "multicall_N": "Null hypercalls sent N at a time: the cost of each of "
                   "them.",
    "ring_slot": "A slot of a driver's ring put, told and taken, by a "
                 "front-end and a back-end that do not sleep: both ends "
                 "together.",
    "ring_slot_N": "The same with N told at once.",
    "console_bytes": "256 bytes to the console: by its page, which another "
                     "domain reads, both ends together; by one call; or by a "
                     "serial driver, whose every write to its port is a "
                     "fault, upon which the guest kernel makes a call.",
    "clock_read": "Read the time of day in nanoseconds.",
    "virtual_cli_sti": "Interrupts off and on again, with a look for what "
                       "came in between.",
    "virtual_cli": "Interrupts off. The classic instruction that every "
                   "kernel uses all the time.",
    "iret": "Return from an interrupt frame built on the stack.",
    "breakpoint_roundtrip": "A breakpoint (int3) to the kernel's own handler "
                            "and back.",
    "kernel_fault_roundtrip": "A load from where nothing is mapped; the "
                              "kernel's page-fault handler steps over it.",
    "cr0_read": "Read control register 0.",
    "msr_read": "Read a model-specific register (EFER).",
    "event_self": "Send an event to oneself, take the upcall, acknowledge it "
                  "and return.",
    "event_send_pending": "Send an event that is pending already: nothing is "
                          "left to deliver.",
    "event_remote_pending": "The same, to another domain's port.",
    "event_remote_wake": "Send an event to another domain's virtual CPU that "
                         "sleeps on the same CPU, which a slice is running "
                         "out on; without the switch to it.",
    "event_remote_wake_slice": "The same where the sender had the CPU alone: "
                               "its slice begins.",
    "evtchn_pingpong": "An event to another domain's virtual CPU on the same "
                       "CPU, and one back. Both sleep in between: two "
                       "switches, two upcalls.",
    "vcpu_switch": "Yield to another domain's virtual CPU: two domains are on "
                   "the CPU, and both yield.",
    "vcpu_switch_256": "The same where 256 domains are on the CPU, and all "
                       "yield.",
    "set_timer": "Set the one-shot timer to an hour from now.",
    "set_timer_N": "Set it to a random moment, while the timers of N other "
                   "virtual CPUs are set on the same CPU.",
    "domain_create": "The control domain makes a domain: of 8 MiB, by a "
                     "program of its own, from its first call to the new "
                     "one's first instruction; or of 4 MiB, by pctl create. "
                     "The zeroing of memory is left out. Xen's is of 4 MiB, "
                     "by xl.",
    "domain_destroy": "It ends that domain: all that it had is the machine's "
                      "again. Xen's is of 4 MiB, by xl.",
    "domain_list_200": "A line for each of 200 domains. Xen's is of a few, by "
                       "xl.",
    "domain_boot": "pctl create of a guest with a RAM disk, up to the first "
                   "line of its first program, as its console shows it.",
    "create_among_N": "Make it while N other domains are alive.",
    "destroy_among_N": "End it while N other domains are alive.",
    "send_among_N": "An event to a domain that has not taken the last one, to "
                    "each of N in turn.",
    "blk_read_4k_dN": "Read 4 KiB of a disk that answers at once.",
    "blk_read_128k_dN": "Read 128 KiB of it.",
    "blk_write_4k_dN": "Write 4 KiB to it.",
    "blk_write_128k_dN": "Write 128 KiB to it.",
    "blk_ram_read_4k_dN": "Read 4 KiB of a disk that is memory.",
    "blk_ram_read_128k_dN": "Read 128 KiB of it.",
    "blk_ram_write_4k_dN": "Write 4 KiB to it.",
    "blk_ram_write_128k_dN": "Write 128 KiB to it.",
    "blk_notify_per_req_dN": "How often the two ends tell each other, both "
                             "directions together, for a request of 4 KiB: "
                             "front-end and back-end, or driver and device.",
    "yield_alone": "Offer the CPU to others when there is nobody else.",
    "pte_update": "Change one page-table entry, from one page to another. The "
                  "hypervisor checks each: what it may map, and that what it "
                  "mapped is let go.",
    "pte_batch_N": "The same, many entries in one call: how the price of "
                   "entering the hypervisor is shared. What remains at the "
                   "right is the price of checking. Natively it is a store "
                   "for each.",
    "pte_set_va": "Change the entry that maps an address, and drop its cached "
                  "translation.",
    "pin_unpin_l1_empty": "Make an empty page a page table, and a page again: "
                          "its 512 entries are looked at twice.",
    "pin_unpin_l1_full": "The same with a page that maps 512 others: each of "
                         "them gets a reference and loses it.",
    "root_switch_same": "Load the page-table root that is loaded already.",
    "root_switch": "Change to another address space: one load of the "
                   "page-table root.",
    "invalidate_page": "Drop the cached translation of one page.",
    "demand_fault": "Touch a page that is not there, map it in the fault's "
                    "handler, touch it again, unmap it.",
    "syscall_bounce": "A system call from user mode to the guest kernel's "
                      "entry, and back, with nothing done there. Natively it "
                      "is one instruction each way, without even a stack.",
    "user_fault_roundtrip": "A load from nowhere in user mode; the kernel's "
                            "page-fault handler steps over it.",
    "grant_map_unmap": "Map a page that another domain lends, and unmap it: "
                       "two calls.",
    "grant_map_unmap_N": "The same with N pages in each call: the cost of one "
                         "of them.",
    "grant_hold_release_N": "Hold N pages that another domain lends, without "
                            "a mapping, as for a device; and let them go.",
    "grant_copy_4k": "Copy a page that another domain lends to one of one's "
                     "own. What a copy of a page takes more than one of a "
                     "word is left out.",
    "grant_copy_4k_N": "The same with N pages in a call: the cost of one of "
                       "them.",
    "svm_null_exit": "VMRUN, an immediate VMMCALL, and the exit: the least "
                     "that hardware-assisted virtualization costs. The CPU "
                     "does nearly all of it, so nearly nothing is counted on "
                     "the left.",
    "lat_syscall_null": "getppid(): a system call that does nothing.",
    "lat_syscall_read": "Read one byte of /dev/zero.",
    "lat_syscall_write": "Write one byte to /dev/null.",
    "lat_syscall_stat": "stat() of a file in /tmp.",
    "lat_syscall_open": "Open a file in /tmp, and close it.",
    "lat_sig": "A signal to oneself, its handler, and the return; what kill() "
               "itself costs is taken off.",
    "lat_pipe": "A byte to another process and one back, through two pipes.",
    "lat_ctx_2": "From a process to the next of a ring of 2, that pass a byte "
                 "on; what the pipes cost is taken off.",
    "lat_ctx_8": "The same in a ring of 8.",
    "lat_mmap": "Map 1 MiB of a file, write to a byte in each 16 KiB of the "
                "first tenth, unmap it.",
    "lat_pagefault": "Touch one page of a mapped file, of 64 that are touched "
                     "out of order; mapping and unmapping are taken off.",
    "lat_proc_fork": "fork, exit, wait.",
    "lat_proc_exec": "fork, execve of a static program that does nothing, "
                     "exit, wait. The budget is of exits.",
    "lat_proc_shell": "The same program, by sh -c.",
    "bw_pipe": "64 KiB through a pipe, from another process.",
    "bw_mem": "memcpy of 256 KiB: no kernel has to do with it.",
}

PROGRAMS = "What programs see, and where the difference goes"

PROGRAMS_LEAD = (
    "The same program on the same guest kernel, on the bare machine and in a "
    "domain. What a domain costs is exits, calls of the hypervisor and traps "
    "into it: each bar below is all of one operation, divided by name. The "
    "names are lmbench's. Most of the time here is the emulator's, which "
    "empties its TLB when an exit changes the page table.")

OWNERS_LEAD = (
    "A bar of exits counts each as one. This one has all instructions that an "
    "operation executes in a domain, by whose they are: the program's, its "
    "kernel's, and the hypervisor's, these by the exit that they serve. The "
    "mark is where the same operation ends on the bare machine, so what "
    "is right of it is the difference. Found by logging every instruction of "
    "one operation.")

DISKS = "Requests to disks"

DISKS_LEAD = (
    "A program reads or writes a disk past what its kernel keeps, and has so "
    "many requests under way at once. Natively its kernel drives the disk; by "
    "domain0 that is domain 0's kernel; by split the program runs in a guest, "
    "to which domain 0's kernel gives the disk by shared memory. Copies of "
    "memory are left out.")

DISKS_OWNERS_LEAD = (
    "A request by way of split, by whose its instructions are: the program's, "
    "its kernel's, those of domain 0's kernel, which serves it, and the "
    "hypervisor's by the exit that they serve. The mark is where the same "
    "request ends on the bare machine.")

NO_XEN = "No figures of Xen:"
OLD_XEN = ("Xen's instructions are those of tests/bench/budgets.txt, without "
           "times:")

NO_WORDS = "An operation that this page has no description of."

STAGES = "Where the instructions of one null hypercall go"

STAGE_WORDS = {
    "stub": "the guest puts number and arguments into registers and calls",
    "entry": "syscall; from the guest's stack to the hypervisor's",
    "dispatch": "look up the number in the table",
    "handler": "what the call is for",
    "exit": "look for pending events; back into the guest",
    "timing": "the share of timing one call in 64 for the histograms",
}

MISLEAD = (
    ("Instructions have no weight.",
     "The left column is exact, and says how long a path is, not how slow. "
     "One instruction that faults makes the emulator leave its translated "
     "code, read descriptors and write a frame, and still counts once. So "
     "“trap against hypercall” can only be argued from the right column."),
    ("The time is the emulator's.",
     "Unless the accelerator above is KVM, nothing here ran on a real "
     "processor: QEMU translated it. What it finds cheap (a missed branch, a "
     "cold cache) silicon may find dear, and the other way round. Trust an "
     "order of magnitude first, a ratio second, a single figure last."),
    ("Time varies from run to run,",
     "by up to a factor of two on a busy machine. The whiskers are the middle "
     "half of the samples of this one run; another run can lie outside them. "
     "To compare two versions, measure them in turn, several times, and take "
     "overlapping quartiles for no difference."),
    ("Xen's time comes from another run.",
     "Its instructions compare exactly. Its nanoseconds were taken at another "
     "moment: a ratio below two means nothing. And Xen does more on the same "
     "path: more kinds of guest, a security module, guards against "
     "speculation. A shorter path is not a better hypervisor."),
    ("Bars on a log scale hide how far apart they are.",
     "Each step of the axis is ten times the one before, so a bar of twice the "
     "length may be a hundred times as much. Compare the printed "
     "figures. Bars start at the left edge only because bars must start "
     "somewhere: zero is not on such an axis."),
    ("Very short operations are noise.",
     "The cost of an empty loop is taken off. Where the operation is a store "
     "or two, what is left is small, and can even be less than nothing. Tenths "
     "of a nanosecond carry no meaning."),
    ("Layout can cost more than the path.",
     "A store into a page that also holds code makes the emulator translate "
     "it again: thousands of ticks for a store worth one. A row suddenly ten "
     "times slower is a matter of layout until proven otherwise."),
    ("Page-table switches drown everything else.",
     "Loading CR3 empties the emulated TLB: thousands of nanoseconds, on the "
     "bare machine as well. So a root switch, a system call and a user's "
     "fault, which need one on each way, are long on the right and short on "
     "the left, with any hypervisor. A CPU whose TLB is tagged pays much "
     "less."),
    ("This is the best case.",
     "The same path runs thousands of times in a row on one CPU with one "
     "guest. In real work the same call meets cold caches and neighbours."),
)

SHARES = "Shares of a CPU, by weight"
SHARES_AXIS = "Share of the CPU"
SHARES_LEAD = ("A domain that only counts is on a CPU beside one of weight "
               "{beside} that does so, too. What it got of the CPU, by its own "
               "weight; the line is its weight by the sum of both.")
