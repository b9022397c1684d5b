/* From reset to main on a RISC-V core in machine mode, and what happens on a trap. */
#include "board.h"
#include "startup.h"

#define PMP_READ 1u
#define PMP_EXECUTE 4u
#define PMP_UP_TO_ADDRESS 8u
#define PMP_LOCKED 0x80u
#define CAUSE_STORE_ACCESS 7u

void board_reset(void) __attribute__((naked, section(".vectors"), used));
void board_start(void) __attribute__((noreturn, used));
void board_trap(void) __attribute__((naked, aligned(4)));
void board_trap_report(uint32_t cause, uint32_t pc, const uint32_t *address) __attribute__((noreturn, used));

/* The very first instructions, at the beginning of flash. */
void board_reset(void)
{
    __asm volatile("la sp, board_stack_top\n\t"
                   "la tp, board_thread\n\t"
                   "j board_start");
}

/* Nothing may write from the beginning of flash up to the stack's end, not even machine mode: a stack that is one byte
 * too deep traps. */
static void guard_stack(void)
{
    const uint32_t start = (uint32_t)board_reset >> 2, end = (uint32_t)board_stack_limit >> 2;
    const uint32_t config = (PMP_READ | PMP_EXECUTE | PMP_UP_TO_ADDRESS | PMP_LOCKED) << 8;
    __asm volatile("csrw pmpaddr0, %0\n\t"
                   "csrw pmpaddr1, %1\n\t"
                   "csrw pmpcfg0, %2"
                   : : "r"(start), "r"(end), "r"(config));
}

void board_start(void)
{
    __asm volatile("csrw mtvec, %0" : : "r"(board_trap));
    guard_stack();
    board_prepare_memory();
    main();
    for (;;) {
    }
}

/* No interrupt is ever enabled, so whatever arrives is a fault. On a fresh stack: the old one may be full. */
void board_trap(void)
{
    __asm volatile("csrr a0, mcause\n\t"
                   "csrr a1, mepc\n\t"
                   "csrr a2, mtval\n\t"
                   "la sp, board_stack_top\n\t"
                   "j board_trap_report");
}

void board_trap_report(uint32_t cause, uint32_t pc, const uint32_t *address)
{
    if (cause == CAUSE_STORE_ACCESS && address < board_stack_limit && board_stack_limit - address < 0x4000) {
        board_report_fault("stack-overflow", -1, pc);
    }
    board_report_fault("exception-", (int32_t)cause, pc);
}
