/* STM32F746: 216 MHz, which needs the over-drive, from the ST-LINK's 8 MHz; caches; USART3 on PD8 and PD9. */
#include "board.h"
#include "cortex_m7.h"
#include "stm32.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_CR_ADDRESS 0x40023800u
#define RCC_CR REGISTER(RCC_CR_ADDRESS)
#define RCC_PLLCFGR REGISTER(0x40023804u)
#define RCC_CFGR_ADDRESS 0x40023808u
#define RCC_CFGR REGISTER(RCC_CFGR_ADDRESS)
#define RCC_AHB1ENR REGISTER(0x40023830u)
#define RCC_APB1ENR REGISTER(0x40023840u)
#define PWR_CR1 REGISTER(0x40007000u)
#define PWR_CSR1_ADDRESS 0x40007004u
#define FLASH_ACR REGISTER(0x40023C00u)
#define GPIOD 0x40020C00u

#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_HSE_BYPASS (1u << 18)
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLL_RESERVED (1u << 29) /* set after reset, and to be kept */
#define PLL_FROM_HSE_8_TO_216_MHZ (4u | 216u << 6 | 0u << 16 | 1u << 22 | 9u << 24 | PLL_RESERVED) /* 8 MHz / 4 * 216 / 2 */
#define CFGR_PLL_APB1_BY_4_APB2_BY_2 (2u | 5u << 10 | 4u << 13)
#define CFGR_RUNS_FROM_PLL (2u << 2)
#define ACR_7_WAIT_STATES_PREFETCH_ART (7u | 1u << 8 | 1u << 9)
#define CR1_SCALE_1 (3u << 14)
#define CR1_OVER_DRIVE (1u << 16)
#define CR1_OVER_DRIVE_SWITCH (1u << 17)
#define CSR1_OVER_DRIVE_READY (1u << 16)
#define CSR1_OVER_DRIVE_SWITCH_READY (1u << 17)
#define APB1_USART3 (1u << 18)
#define APB1_POWER (1u << 28)
#define AHB1_GPIOD (1u << 3)
#define AF7 7u

static int start_pll(void)
{
    RCC_CR |= CR_HSE_ON | CR_HSE_BYPASS;
    if (!stm32_wait_for(RCC_CR_ADDRESS, CR_HSE_READY)) {
        return 0;
    }
    RCC_PLLCFGR = PLL_FROM_HSE_8_TO_216_MHZ;
    RCC_CR |= CR_PLL_ON;
    return stm32_wait_for(RCC_CR_ADDRESS, CR_PLL_READY);
}

static int start_over_drive(void)
{
    PWR_CR1 |= CR1_OVER_DRIVE;
    if (!stm32_wait_for(PWR_CSR1_ADDRESS, CSR1_OVER_DRIVE_READY)) {
        return 0;
    }
    PWR_CR1 |= CR1_OVER_DRIVE_SWITCH;
    return stm32_wait_for(PWR_CSR1_ADDRESS, CSR1_OVER_DRIVE_SWITCH_READY);
}

void board_setup(void)
{
    cortex_m7_enable_caches();
    RCC_APB1ENR |= APB1_POWER | APB1_USART3;
    PWR_CR1 |= CR1_SCALE_1; /* before the PLL starts */
    if (start_pll() && start_over_drive()) {
        FLASH_ACR = ACR_7_WAIT_STATES_PREFETCH_ART;
        RCC_CFGR = CFGR_PLL_APB1_BY_4_APB2_BY_2;
        (void)stm32_wait_for(RCC_CFGR_ADDRESS, CFGR_RUNS_FROM_PLL);
    }
    RCC_AHB1ENR |= AHB1_GPIOD;
    stm32_connect_pin(GPIOD, BOARD_UART_TX_PIN, AF7);
    stm32_connect_pin(GPIOD, BOARD_UART_RX_PIN, AF7);
}
