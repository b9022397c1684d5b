/* Core clock cycles from Xtensa's counter, which has 32 bits: two calls see time that is shorter than its whole round. */
#include "board.h"

static uint32_t last;
static uint64_t elapsed;

static uint32_t count(void)
{
    uint32_t cycles;
    __asm volatile("rsr.ccount %0" : "=r"(cycles));
    return cycles;
}

void board_timer_init(void)
{
    last = count();
}

__attribute__((noinline)) uint64_t board_timestamp(void)
{
    const uint32_t now = count();
    elapsed += (uint32_t)(now - last);
    last = now;
    return elapsed;
}
