/* STM32L4R5: 120 MHz in the boost mode of voltage range 1, from the internal 4 MHz, and LPUART1 on PG7 and PG8. */
#include "board.h"
#include "stm32.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_CR_ADDRESS 0x40021000u
#define RCC_CR REGISTER(RCC_CR_ADDRESS)
#define RCC_CFGR_ADDRESS 0x40021008u
#define RCC_CFGR REGISTER(RCC_CFGR_ADDRESS)
#define RCC_PLLCFGR REGISTER(0x4002100Cu)
#define RCC_AHB2ENR REGISTER(0x4002104Cu)
#define RCC_APB1ENR1 REGISTER(0x40021058u)
#define RCC_APB1ENR2 REGISTER(0x4002105Cu)
#define PWR_CR2 REGISTER(0x40007004u)
#define PWR_CR5 REGISTER(0x40007080u)
#define FLASH_ACR REGISTER(0x40022000u)
#define GPIOG 0x48001800u

#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLL_FROM_MSI_4_TO_120_MHZ (1u | 0u << 4 | 60u << 8 | 1u << 24 | 0u << 25) /* 4 MHz * 60 / 2 */
#define CFGR_PLL 3u
#define CFGR_AHB_BY_2 (8u << 4)
#define CFGR_RUNS_FROM_PLL (3u << 2)
#define ACR_5_WAIT_STATES_PREFETCH_CACHES (5u | 7u << 8)
#define APB1_POWER (1u << 28)
#define APB1_2_LPUART1 1u
#define AHB2_GPIOG (1u << 6)
#define CR2_VDDIO2_VALID (1u << 9)
#define CR5_NO_BOOST (1u << 8)
#define AF8 8u
#define MICROSECOND 120u

/* Beyond 80 MHz the core first runs at half the clock, for at least a microsecond. */
static void start_clock(void)
{
    PWR_CR5 &= ~CR5_NO_BOOST;
    RCC_PLLCFGR = PLL_FROM_MSI_4_TO_120_MHZ;
    RCC_CR |= CR_PLL_ON;
    if (!stm32_wait_for(RCC_CR_ADDRESS, CR_PLL_READY)) {
        return;
    }
    FLASH_ACR = ACR_5_WAIT_STATES_PREFETCH_CACHES;
    RCC_CFGR = CFGR_PLL | CFGR_AHB_BY_2;
    (void)stm32_wait_for(RCC_CFGR_ADDRESS, CFGR_RUNS_FROM_PLL);
    for (volatile uint32_t i = 0; i < MICROSECOND; i++) {
    }
    RCC_CFGR = CFGR_PLL;
}

/* Port G has a supply of its own, which must be declared valid before its pins work. */
void board_setup(void)
{
    RCC_APB1ENR1 |= APB1_POWER;
    start_clock();
    PWR_CR2 |= CR2_VDDIO2_VALID;
    RCC_AHB2ENR |= AHB2_GPIOG;
    RCC_APB1ENR2 |= APB1_2_LPUART1;
    stm32_connect_pin(GPIOG, BOARD_UART_TX_PIN, AF8);
    stm32_connect_pin(GPIOG, BOARD_UART_RX_PIN, AF8);
}
