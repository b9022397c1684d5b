/* What nRF52840 boards set up: the crystal, because the RC oscillator is too inexact for a UART, and the cache. */
#ifndef NRF52_H
#define NRF52_H

#include <stdint.h>

#define CLOCK_TASKS_HFCLKSTART (*(volatile uint32_t *)0x40000000u)
#define CLOCK_EVENTS_HFCLKSTARTED (*(volatile uint32_t *)0x40000100u)
#define NVMC_ICACHECNF (*(volatile uint32_t *)0x4001E540u)
#define ICACHECNF_ENABLE 1u

static inline void nrf52_setup(void)
{
    NVMC_ICACHECNF = ICACHECNF_ENABLE;
    CLOCK_TASKS_HFCLKSTART = 1;
    while (CLOCK_EVENTS_HFCLKSTARTED == 0u) {
    }
}

#endif
