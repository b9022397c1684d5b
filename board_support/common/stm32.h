/* What the STM32 families have in common: GPIO pins, and waiting for hardware with an end to it. */
#ifndef STM32_H
#define STM32_H

#include <stdint.h>

#define STM32_PATIENCE 1000000u

/* Waits until a bit of `bits` is set at `address`. Not for ever: with a broken crystal the board runs on, slowly, on
 * its own oscillator. Returns whether it came. */
static inline int stm32_wait_for(uint32_t address, uint32_t bits)
{
    const volatile uint32_t *const reg = (const volatile uint32_t *)address;
    for (uint32_t i = 0; i < STM32_PATIENCE; i++) {
        if ((*reg & bits) != 0u) {
            return 1;
        }
    }
    return 0;
}

/* Gives the pin to the peripheral behind the alternate `function`; `port` is the address of its GPIO registers. */
static inline void stm32_connect_pin(uint32_t port, uint32_t pin, uint32_t function)
{
    volatile uint32_t *const moder = (volatile uint32_t *)port;
    volatile uint32_t *const afr = (volatile uint32_t *)(port + 0x20u + 4u * (pin / 8u));
    const uint32_t alternate = 2u, shift = 4u * (pin % 8u);
    *afr = (*afr & ~(15u << shift)) | function << shift;
    *moder = (*moder & ~(3u << 2u * pin)) | alternate << 2u * pin;
}

#endif
