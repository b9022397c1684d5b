/* How deep the stack went: fill it with a pattern, run, and look how much of the pattern is left. */
#include "board.h"

#define PATTERN 0xA5C35AE1u

extern uint32_t board_stack_limit[];

static volatile uint32_t *stack_pointer(void)
{
    uint32_t *sp;
#ifdef __riscv
    __asm volatile("mv %0, sp" : "=r"(sp));
#else
    __asm volatile("mov %0, sp" : "=r"(sp));
#endif
    return sp;
}

/* Volatile, so that the loop is not turned into a call of memset, whose own frame lies in what is being filled. */
__attribute__((noinline)) void board_stack_paint(void)
{
    volatile uint32_t *const top = stack_pointer();
    for (volatile uint32_t *word = board_stack_limit; word < top; word++) {
        *word = PATTERN;
    }
}

__attribute__((noinline)) size_t board_stack_peak(void)
{
    volatile uint32_t *const top = stack_pointer();
    volatile uint32_t *word = board_stack_limit;
    while (word < top && *word == PATTERN) {
        word++;
    }
    return (size_t)(top - word) * sizeof *word;
}
