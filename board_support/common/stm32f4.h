/* The STM32F40x and F446: the clock from an 8 MHz source through the PLL, and USART2 on PA2 and PA3. */
#ifndef STM32F4_H
#define STM32F4_H

#include "board_config.h"
#include "stm32.h"

#define STM32F4_REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_CR_ADDRESS 0x40023800u
#define RCC_CR STM32F4_REGISTER(RCC_CR_ADDRESS)
#define RCC_PLLCFGR STM32F4_REGISTER(0x40023804u)
#define RCC_CFGR_ADDRESS 0x40023808u
#define RCC_CFGR STM32F4_REGISTER(RCC_CFGR_ADDRESS)
#define RCC_AHB1ENR STM32F4_REGISTER(0x40023830u)
#define RCC_APB1ENR STM32F4_REGISTER(0x40023840u)
#define RCC_APB2ENR STM32F4_REGISTER(0x40023844u)
#define FLASH_ACR STM32F4_REGISTER(0x40023C00u)
#define GPIOA 0x40020000u

#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_HSE_BYPASS (1u << 18)
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define CFGR_PLL_APB1_BY_4_APB2_BY_2 (2u | 5u << 10 | 4u << 13)
#define CFGR_RUNS_FROM_PLL (2u << 2)
#define ACR_5_WAIT_STATES_AND_CACHES (5u | 7u << 8)
#define AHB1_GPIOA 1u
#define APB1_USART2 (1u << 17)
#define APB1_POWER (1u << 28)
#define APB2_USART1 (1u << 4)
#define AF7 7u

/* PLLCFGR for a VCO of `source / m * n`, half of which is the core's clock; `q` divides it for USB. */
#define STM32F4_PLL_FROM_HSE(m, n, q) ((m) | (n) << 6 | 0u << 16 | 1u << 22 | (uint32_t)(q) << 24 | 2u << 28)

/* Starts the external source (`bypass` is 0 for a crystal) and the PLL; returns whether both run. */
static inline int stm32f4_start_pll(uint32_t bypass, uint32_t pllcfgr)
{
    RCC_CR |= CR_HSE_ON | bypass;
    if ((RCC_CR & CR_HSE_ON) == 0u || !stm32_wait_for(RCC_CR_ADDRESS, CR_HSE_READY)) {
        return 0; /* an emulator without clocks forgets the bit at once, and needs none of this */
    }
    RCC_PLLCFGR = pllcfgr;
    RCC_CR |= CR_PLL_ON;
    return stm32_wait_for(RCC_CR_ADDRESS, CR_PLL_READY);
}

/* The flash must be slow enough before the core becomes fast. */
static inline void stm32f4_use_pll(void)
{
    FLASH_ACR = ACR_5_WAIT_STATES_AND_CACHES;
    RCC_CFGR = CFGR_PLL_APB1_BY_4_APB2_BY_2;
    (void)stm32_wait_for(RCC_CFGR_ADDRESS, CFGR_RUNS_FROM_PLL);
}

/* The UART's pins on port A. */
static inline void stm32f4_connect_uart(void)
{
    RCC_AHB1ENR |= AHB1_GPIOA;
    stm32_connect_pin(GPIOA, BOARD_UART_TX_PIN, AF7);
    stm32_connect_pin(GPIOA, BOARD_UART_RX_PIN, AF7);
}

#endif
