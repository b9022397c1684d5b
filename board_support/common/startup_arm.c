/* From reset to main on an Arm Cortex-M: the vector table, the floating-point unit, and what happens on a fault. */
#include "board.h"
#include "startup.h"

void board_reset(void) __attribute__((noreturn));
void board_fault(void);
void board_fault_report(const uint32_t *frame, uint32_t exception) __attribute__((noreturn, used));

typedef union {
    uint32_t *stack;
    void (*handler)(void);
} vector_t;

/* Exceptions 1 to 15, then the interrupts as far as the timer's. Nothing but the timer is ever enabled, so whatever
 * else arrives is a fault. */
__attribute__((section(".vectors"), used)) static const vector_t vectors[BOARD_TIMER_VECTOR + 1] = {
    {.stack = board_stack_top},
    {.handler = board_reset},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
    {.handler = board_fault},
#if BOARD_TIMER_VECTOR > 15
    [15] = {.handler = board_fault},
#endif
    [BOARD_TIMER_VECTOR] = {.handler = board_timer_interrupt},
};

/* Opens coprocessors 10 and 11: floating point and the vector extension. Must come before any code that could use
 * their registers. */
static void enable_fpu(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    volatile uint32_t *const cpacr = (volatile uint32_t *)0xE000ED88u;
    *cpacr |= 0xFu << 20;
    __asm volatile("dsb\n\tisb" ::: "memory");
#endif
}

/* A boot loader in front of this program has had a vector table of its own. The Cortex-M0 has no such register. */
static void use_vectors(void)
{
#if !defined(__ARM_ARCH_6M__)
    *(const vector_t *volatile *)0xE000ED08u = vectors;
#endif
}

/* ARMv8-M mainline checks every push against this limit. */
static void guard_stack(void)
{
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    __asm volatile("msr msplim, %0" : : "r"(board_stack_limit));
#endif
}

void board_reset(void)
{
    enable_fpu();
    use_vectors();
    guard_stack();
    board_prepare_memory();
    main();
    for (;;) {
    }
}

/* The frame cannot be read when the stack itself ran out of RAM; reading it would be a second fault, which locks the
 * core up without a word. */
void board_fault_report(const uint32_t *frame, uint32_t exception)
{
    if (frame < board_stack_limit || frame + 8 > board_stack_top) {
        board_report_fault("stack-overflow", -1, 0);
    }
    if (exception == 3u) {
        board_report_fault("hard", -1, frame[6]);
    }
    board_report_fault("exception-", (int32_t)exception, frame[6]);
}

/* Passes the frame that the core stacked and the exception's number, on a fresh stack: the old one may be full. */
__attribute__((naked)) void board_fault(void)
{
    __asm volatile("mrs r0, msp\n\t"
                   "mrs r1, ipsr\n\t"
                   "ldr r2, =board_stack_top\n\t"
                   "mov sp, r2\n\t"
                   "ldr r2, =board_fault_report\n\t"
                   "bx r2\n\t"
                   ".ltorg");
}
