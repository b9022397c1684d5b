/* From reset to main: the vector table, memory, the floating-point unit, and what happens on a fault. */
#include "board.h"

/* Addresses that the linker script defines. */
extern uint32_t board_stack_limit[], board_stack_top[];
extern uint32_t board_data_start[], board_data_end[], board_data_load[];
extern uint32_t board_bss_start[], board_bss_end[];

int main(void);
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

/* ARMv8-M mainline checks every push against this limit. */
static void guard_stack(void)
{
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    __asm volatile("msr msplim, %0" : : "r"(board_stack_limit));
#endif
}

/* Volatile, so that the loops stay loops: there is no C library yet that may be relied on. */
static void prepare_memory(void)
{
    const volatile uint32_t *from = board_data_load;
    for (volatile uint32_t *to = board_data_start; to != board_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = board_bss_start; to != board_bss_end; to++) {
        *to = 0;
    }
}

void board_reset(void)
{
    enable_fpu();
    guard_stack();
    prepare_memory();
    main();
    for (;;) {
    }
}

void board_init(void)
{
#if BOARD_HAS_SETUP
    board_setup();
#endif
    board_uart_init();
    board_timer_init();
}

static void send_text(const char *text)
{
    while (*text != '\0') {
        board_putchar(*text++);
    }
}

static void send_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        board_putchar("0123456789abcdef"[(value >> shift) & 15u]);
    }
}

/* The frame cannot be read when the stack itself ran out of RAM; reading it would be a second fault, which locks the
 * core up without a word. */
void board_fault_report(const uint32_t *frame, uint32_t exception)
{
    const int readable = frame >= board_stack_limit && frame + 8 <= board_stack_top;
    send_text("\r\naot-fault ");
    send_text(readable ? (exception == 3u ? "hard" : "exception-") : "stack-overflow");
    if (readable && exception != 3u) {
        send_hex(exception);
    }
    send_text(" pc=0x");
    send_hex(readable ? frame[6] : 0u);
    send_text("\r\n");
    for (;;) {
    }
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
