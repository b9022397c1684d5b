/* TIMER0 of the nRF51: 32 bits at 16 MHz, the core's own rate; its interrupt counts the wraps. */
#include "board.h"

#define TIMER0 0x40008000u
#define REGISTER(offset) (*(volatile uint32_t *)(TIMER0 + (offset)))
#define TASKS_START REGISTER(0x000)
#define TASKS_CAPTURE_1 REGISTER(0x044)
#define EVENTS_COMPARE_0 REGISTER(0x140)
#define INTENSET REGISTER(0x304)
#define BITMODE REGISTER(0x508)
#define PRESCALER REGISTER(0x510)
#define CC_0 REGISTER(0x540)
#define CC_1 REGISTER(0x544)

#define BITMODE_32 3u
#define INTERRUPT_COMPARE_0 (1u << 16)
#define NVIC_ISER (*(volatile uint32_t *)0xE000E100u)
#define TIMER0_INTERRUPT 8

static volatile uint32_t wraps;

void board_timer_init(void)
{
    BITMODE = BITMODE_32;
    PRESCALER = 0;
    CC_0 = 0;
    EVENTS_COMPARE_0 = 0;
    INTENSET = INTERRUPT_COMPARE_0;
    NVIC_ISER = 1u << TIMER0_INTERRUPT;
    TASKS_START = 1;
}

void board_timer_interrupt(void)
{
    EVENTS_COMPARE_0 = 0;
    wraps++;
}

/* Reads again while a wrap came in between or is still waiting to be counted. */
__attribute__((noinline)) uint64_t board_timestamp(void)
{
    uint32_t high, count;
    do {
        high = wraps;
        TASKS_CAPTURE_1 = 1;
        count = CC_1;
    } while (EVENTS_COMPARE_0 != 0u || high != wraps);
    return ((uint64_t)high << 32) | count;
}
