/* What RP2040 and RP2350 have in common: crystal, PLL, resets and pins. A setup.c defines the addresses that differ. */
#ifndef RP2_H
#define RP2_H

#include <stdint.h>

#include "board_config.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define CLEAR_BITS 0x3000u /* writing here instead clears the bits of a register */
#define RESETS_DONE (RESETS + 0x8u)

#define XOSC_CTRL REGISTER(XOSC)
#define XOSC_STATUS REGISTER(XOSC + 0x4u)
#define XOSC_STARTUP REGISTER(XOSC + 0xCu)
#define XOSC_1_TO_15_MHZ_ENABLE (0xAA0u | 0xFABu << 12)
#define XOSC_STABLE (1u << 31)
#define XOSC_1_MILLISECOND 47u /* of 12 MHz, in steps of 256 cycles */

#define PLL_CS REGISTER(PLL_SYS)
#define PLL_PWR REGISTER(PLL_SYS + 0x4u)
#define PLL_FBDIV REGISTER(PLL_SYS + 0x8u)
#define PLL_PRIM REGISTER(PLL_SYS + 0xCu)
#define PLL_LOCKED (1u << 31)
#define PLL_OFF_BUT_POST_DIVIDERS (1u << 3 | 1u << 2)
#define PLL_ON (1u << 2)

#define CLK_REF_CTRL REGISTER(CLOCKS + 0x30u)
#define CLK_REF_SELECTED REGISTER(CLOCKS + 0x38u)
#define CLK_SYS_CTRL REGISTER(CLOCKS + 0x3Cu)
#define CLK_SYS_SELECTED REGISTER(CLOCKS + 0x44u)
#define CLK_PERI_CTRL REGISTER(CLOCKS + 0x48u)
#define CLK_REF_FROM_XOSC 2u
#define CLK_SYS_FROM_PLL 1u
#define CLK_PERI_ENABLE_FROM_SYS (1u << 11)

#define FUNCTION_UART 2u
#define PIN_CTRL(pin) REGISTER(IO_BANK0 + 4u + 8u * (pin))

/* Lets the blocks in `bits` out of reset, and waits until they are ready. */
static inline void rp2_release(uint32_t bits)
{
    REGISTER(RESETS + CLEAR_BITS) = bits;
    while ((REGISTER(RESETS_DONE) & bits) != bits) {
    }
}

static inline void rp2_start_crystal(void)
{
    XOSC_STARTUP = XOSC_1_MILLISECOND;
    XOSC_CTRL = XOSC_1_TO_15_MHZ_ENABLE;
    while ((XOSC_STATUS & XOSC_STABLE) == 0u) {
    }
    CLK_REF_CTRL = CLK_REF_FROM_XOSC;
    while (CLK_REF_SELECTED != 1u << CLK_REF_FROM_XOSC) {
    }
}

/* The core and the peripherals run at `12 MHz * times / (by1 * by2)`. */
static inline void rp2_start_pll(uint32_t times, uint32_t by1, uint32_t by2)
{
    PLL_CS = 1;
    PLL_FBDIV = times;
    PLL_PWR = PLL_OFF_BUT_POST_DIVIDERS;
    while ((PLL_CS & PLL_LOCKED) == 0u) {
    }
    PLL_PRIM = by1 << 16 | by2 << 12;
    PLL_PWR = PLL_ON;
    CLK_SYS_CTRL = CLK_SYS_FROM_PLL;
    while (CLK_SYS_SELECTED != 1u << CLK_SYS_FROM_PLL) {
    }
    CLK_PERI_CTRL = CLK_PERI_ENABLE_FROM_SYS;
}

#endif
