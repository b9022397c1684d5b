/* STM32F405: 168 MHz from the board's 25 MHz crystal, and USART1 on PA9 and PA10. */
#include "board.h"

#define RCC_CR (*(volatile uint32_t *)0x40023800u)
#define RCC_PLLCFGR (*(volatile uint32_t *)0x40023804u)
#define RCC_CFGR (*(volatile uint32_t *)0x40023808u)
#define RCC_AHB1ENR (*(volatile uint32_t *)0x40023830u)
#define RCC_APB2ENR (*(volatile uint32_t *)0x40023844u)
#define FLASH_ACR (*(volatile uint32_t *)0x40023C00u)
#define GPIOA_MODER (*(volatile uint32_t *)0x40020000u)
#define GPIOA_AFRH (*(volatile uint32_t *)0x40020024u)

#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLL_FROM_HSE_25_TO_168_MHZ (25u | 336u << 6 | 0u << 16 | 1u << 22 | 7u << 24)
#define CFGR_PLL_APB1_BY_4_APB2_BY_2 (2u | 5u << 10 | 4u << 13)
#define ACR_5_WAIT_STATES_AND_CACHES (5u | 7u << 8)
#define GPIOA_ENABLE 1u
#define USART1_ENABLE (1u << 4)
#define ALTERNATE_FUNCTION 2u
#define AF7 7u

#define PATIENCE 100000u

/* Not for ever: with a broken crystal the board runs on, slowly, on its own oscillator. */
static int wait_for(uint32_t ready)
{
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((RCC_CR & ready) != 0u) {
            return 1;
        }
    }
    return 0;
}

static void start_clock(void)
{
    RCC_CR |= CR_HSE_ON;
    if ((RCC_CR & CR_HSE_ON) == 0u || !wait_for(CR_HSE_READY)) {
        return; /* an emulator without clocks forgets the bit at once, and needs none of this */
    }
    RCC_PLLCFGR = PLL_FROM_HSE_25_TO_168_MHZ;
    RCC_CR |= CR_PLL_ON;
    if (!wait_for(CR_PLL_READY)) {
        return;
    }
    FLASH_ACR = ACR_5_WAIT_STATES_AND_CACHES; /* before the core becomes faster than the flash */
    RCC_CFGR = CFGR_PLL_APB1_BY_4_APB2_BY_2;
}

static void connect_pin(uint32_t pin)
{
    GPIOA_MODER = (GPIOA_MODER & ~(3u << 2u * pin)) | ALTERNATE_FUNCTION << 2u * pin;
    GPIOA_AFRH = (GPIOA_AFRH & ~(15u << 4u * (pin - 8u))) | AF7 << 4u * (pin - 8u);
}

void board_setup(void)
{
    start_clock();
    RCC_AHB1ENR |= GPIOA_ENABLE;
    RCC_APB2ENR |= USART1_ENABLE;
    connect_pin(BOARD_UART_TX_PIN);
    connect_pin(BOARD_UART_RX_PIN);
}
