/* STM32H7A3: 280 MHz at voltage scale 0 from the ST-LINK's 8 MHz; caches; USART3 on PD8 and PD9. */
#include "board.h"
#include "cortex_m7.h"
#include "stm32.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_CR_ADDRESS 0x58024400u
#define RCC_CR REGISTER(RCC_CR_ADDRESS)
#define RCC_CFGR_ADDRESS 0x58024410u
#define RCC_CFGR REGISTER(RCC_CFGR_ADDRESS)
#define RCC_CDCFGR1 REGISTER(0x58024418u)
#define RCC_CDCFGR2 REGISTER(0x5802441Cu)
#define RCC_SRDCFGR REGISTER(0x58024420u)
#define RCC_PLLCKSELR REGISTER(0x58024428u)
#define RCC_PLLCFGR REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR REGISTER(0x58024430u)
#define RCC_AHB4ENR REGISTER(0x58024540u)
#define RCC_APB1LENR REGISTER(0x58024548u)
#define PWR_CR3 REGISTER(0x5802480Cu)
#define PWR_CSR1_ADDRESS 0x58024804u
#define PWR_SRDCR_ADDRESS 0x58024818u
#define PWR_SRDCR REGISTER(PWR_SRDCR_ADDRESS)
#define FLASH_ACR REGISTER(0x52002000u)
#define GPIOD 0x58020C00u

#define CR3_SMPS_ALONE (1u << 2)
#define CR3_SUPPLY_MASK 7u
#define CSR1_VOLTAGE_READY (1u << 13)
#define SRDCR_SCALE_0 (3u << 14)
#define SRDCR_SCALE_READY (1u << 13)
#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_HSE_BYPASS (1u << 18)
#define CR_PLL1_ON (1u << 24)
#define CR_PLL1_READY (1u << 25)
#define PLL1_FROM_HSE_BY_4 (2u | 4u << 4)
#define PLL1_P_INPUT_2_TO_4_MHZ (1u << 2 | 1u << 16)
#define PLL1_TIMES_280_BY_2 ((280u - 1u) | (2u - 1u) << 9 | (2u - 1u) << 16 | (2u - 1u) << 24)
#define CFGR_PLL1 3u
#define CFGR_RUNS_FROM_PLL1 (3u << 3)
#define CDCFGR1_APB3_BY_2 (4u << 4)
#define CDCFGR2_APB1_BY_2_APB2_BY_2 (4u << 4 | 4u << 8)
#define SRDCFGR_APB4_BY_2 (4u << 4)
#define ACR_6_WAIT_STATES (6u | 3u << 4)
#define AHB4_GPIOD (1u << 3)
#define APB1L_USART3 (1u << 18)
#define AF7 7u

/* The board feeds the core from the chip's switching regulator, and its registers take only one write after power-on. */
static int raise_voltage(void)
{
    PWR_CR3 = (PWR_CR3 & ~CR3_SUPPLY_MASK) | CR3_SMPS_ALONE;
    if (!stm32_wait_for(PWR_CSR1_ADDRESS, CSR1_VOLTAGE_READY)) {
        return 0;
    }
    PWR_SRDCR |= SRDCR_SCALE_0;
    return stm32_wait_for(PWR_SRDCR_ADDRESS, SRDCR_SCALE_READY);
}

static int start_pll(void)
{
    RCC_CR |= CR_HSE_BYPASS | CR_HSE_ON;
    if (!stm32_wait_for(RCC_CR_ADDRESS, CR_HSE_READY)) {
        return 0;
    }
    RCC_PLLCKSELR = PLL1_FROM_HSE_BY_4;
    RCC_PLLCFGR = PLL1_P_INPUT_2_TO_4_MHZ;
    RCC_PLL1DIVR = PLL1_TIMES_280_BY_2;
    RCC_CR |= CR_PLL1_ON;
    return stm32_wait_for(RCC_CR_ADDRESS, CR_PLL1_READY);
}

void board_setup(void)
{
    cortex_m7_enable_caches();
    if (raise_voltage() && start_pll()) {
        FLASH_ACR = ACR_6_WAIT_STATES;
        RCC_CDCFGR1 = CDCFGR1_APB3_BY_2;
        RCC_CDCFGR2 = CDCFGR2_APB1_BY_2_APB2_BY_2;
        RCC_SRDCFGR = SRDCFGR_APB4_BY_2;
        RCC_CFGR = CFGR_PLL1;
        (void)stm32_wait_for(RCC_CFGR_ADDRESS, CFGR_RUNS_FROM_PLL1);
    }
    RCC_AHB4ENR |= AHB4_GPIOD;
    RCC_APB1LENR |= APB1L_USART3;
    stm32_connect_pin(GPIOD, BOARD_UART_TX_PIN, AF7);
    stm32_connect_pin(GPIOD, BOARD_UART_RX_PIN, AF7);
}
