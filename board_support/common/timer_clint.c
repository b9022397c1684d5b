/* The machine timer of a RISC-V core's local interruptor: 64 bits that only ever count up. */
#include "board.h"

#define MTIME_LOW (*(volatile uint32_t *)0x0200BFF8u)
#define MTIME_HIGH (*(volatile uint32_t *)0x0200BFFCu)

static uint64_t start;

/* Reads again when the low half has wrapped in between. */
static uint64_t now(void)
{
    uint32_t high, low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (high != MTIME_HIGH);
    return (uint64_t)high << 32 | low;
}

void board_timer_init(void)
{
    start = now();
}

__attribute__((noinline)) uint64_t board_timestamp(void)
{
    return now() - start;
}
