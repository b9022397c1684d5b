/* Core clock cycles from SysTick: a 24-bit down-counter whose exception counts the wraps. */
#include "board.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define SCB_ICSR (*(volatile uint32_t *)0xE000ED04u)

#define CSR_ENABLE_INTERRUPT_CORE_CLOCK 7u
#define ICSR_SYSTICK_PENDING (1u << 26)
#define PERIOD 0x1000000u

static volatile uint32_t wraps;

void board_timer_init(void)
{
    SYST_RVR = PERIOD - 1u;
    SYST_CVR = 0;
    SYST_CSR = CSR_ENABLE_INTERRUPT_CORE_CLOCK;
}

void board_timer_interrupt(void)
{
    wraps++;
}

/* Reads again while a wrap came in between or is still waiting to be counted. The exception is raised as the counter
 * reaches 0, one tick before it reloads; at 0 it is unclear to which side of the wrap the count belongs. */
__attribute__((noinline)) uint64_t board_timestamp(void)
{
    uint32_t high, count;
    do {
        high = wraps;
        count = SYST_CVR;
    } while (count == 0u || (SCB_ICSR & ICSR_SYSTICK_PENDING) != 0u || high != wraps);
    return (uint64_t)high * PERIOD + (PERIOD - count);
}
