/* STM32U575: 160 MHz in voltage range 1 with its booster, from the internal 4 MHz; instruction cache; USART1 on PA9 and
 * PA10. TrustZone is off, as the chip is delivered. */
#include "board.h"
#include "stm32.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define RCC_CR_ADDRESS 0x46020C00u
#define RCC_CR REGISTER(RCC_CR_ADDRESS)
#define RCC_CFGR1_ADDRESS 0x46020C1Cu
#define RCC_CFGR1 REGISTER(RCC_CFGR1_ADDRESS)
#define RCC_PLL1CFGR REGISTER(0x46020C28u)
#define RCC_PLL1DIVR REGISTER(0x46020C34u)
#define RCC_AHB2ENR1 REGISTER(0x46020C8Cu)
#define RCC_AHB3ENR REGISTER(0x46020C94u)
#define RCC_APB2ENR REGISTER(0x46020CA4u)
#define PWR_CR3 REGISTER(0x46020808u)
#define PWR_VOSR_ADDRESS 0x4602080Cu
#define PWR_VOSR REGISTER(PWR_VOSR_ADDRESS)
#define FLASH_ACR REGISTER(0x40022000u)
#define ICACHE_CR REGISTER(0x40030400u)
#define GPIOA 0x42020000u

#define AHB3_POWER (1u << 2)
#define CR3_SWITCHING_REGULATOR (1u << 1)
#define VOSR_RANGE_1 (3u << 16)
#define VOSR_BOOSTER (1u << 18)
#define VOSR_READY (1u << 15)
#define VOSR_BOOSTER_READY (1u << 14)
#define PLL1_FROM_MSI_R_OUT (1u | 1u << 18) /* input, and the booster's clock, 4 MHz: divided by 1 */
#define PLL1_TIMES_80_BY_2 ((80u - 1u) | (2u - 1u) << 9 | (2u - 1u) << 16 | (2u - 1u) << 24)
#define CR_PLL1_ON (1u << 24)
#define CR_PLL1_READY (1u << 25)
#define CFGR1_PLL1 3u
#define CFGR1_RUNS_FROM_PLL1 (3u << 2)
#define ACR_4_WAIT_STATES_PREFETCH (4u | 1u << 8)
#define ICACHE_ENABLE 1u
#define AHB2_GPIOA 1u
#define APB2_USART1 (1u << 14)
#define AF7 7u

/* The booster runs on the PLL's input clock, so that is chosen first. */
static int raise_voltage(void)
{
    RCC_AHB3ENR |= AHB3_POWER;
    PWR_CR3 |= CR3_SWITCHING_REGULATOR;
    RCC_PLL1CFGR = PLL1_FROM_MSI_R_OUT;
    PWR_VOSR |= VOSR_RANGE_1;
    if (!stm32_wait_for(PWR_VOSR_ADDRESS, VOSR_READY)) {
        return 0;
    }
    PWR_VOSR |= VOSR_BOOSTER;
    return stm32_wait_for(PWR_VOSR_ADDRESS, VOSR_BOOSTER_READY);
}

static int start_pll(void)
{
    RCC_PLL1DIVR = PLL1_TIMES_80_BY_2;
    RCC_CR |= CR_PLL1_ON;
    return stm32_wait_for(RCC_CR_ADDRESS, CR_PLL1_READY);
}

void board_setup(void)
{
    if (raise_voltage() && start_pll()) {
        FLASH_ACR = ACR_4_WAIT_STATES_PREFETCH;
        RCC_CFGR1 = CFGR1_PLL1;
        (void)stm32_wait_for(RCC_CFGR1_ADDRESS, CFGR1_RUNS_FROM_PLL1);
    }
    ICACHE_CR |= ICACHE_ENABLE;
    RCC_AHB2ENR1 |= AHB2_GPIOA;
    RCC_APB2ENR |= APB2_USART1;
    stm32_connect_pin(GPIOA, BOARD_UART_TX_PIN, AF7);
    stm32_connect_pin(GPIOA, BOARD_UART_RX_PIN, AF7);
}
