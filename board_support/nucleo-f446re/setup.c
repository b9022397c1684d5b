/* STM32F446: 180 MHz, which needs the over-drive, from the ST-LINK's 8 MHz, and USART2 on PA2 and PA3. */
#include "board.h"
#include "stm32f4.h"

#define PWR_CR STM32F4_REGISTER(0x40007000u)
#define PWR_CSR_ADDRESS 0x40007004u
#define CR_SCALE_1 (3u << 14)
#define CR_OVER_DRIVE (1u << 16)
#define CR_OVER_DRIVE_SWITCH (1u << 17)
#define CSR_OVER_DRIVE_READY (1u << 16)
#define CSR_OVER_DRIVE_SWITCH_READY (1u << 17)

static int start_over_drive(void)
{
    PWR_CR |= CR_OVER_DRIVE;
    if (!stm32_wait_for(PWR_CSR_ADDRESS, CSR_OVER_DRIVE_READY)) {
        return 0;
    }
    PWR_CR |= CR_OVER_DRIVE_SWITCH;
    return stm32_wait_for(PWR_CSR_ADDRESS, CSR_OVER_DRIVE_SWITCH_READY);
}

void board_setup(void)
{
    RCC_APB1ENR |= APB1_POWER | APB1_USART2;
    PWR_CR |= CR_SCALE_1; /* before the PLL starts */
    if (stm32f4_start_pll(CR_HSE_BYPASS, STM32F4_PLL_FROM_HSE(4u, 180u, 8u)) && start_over_drive()) {
        stm32f4_use_pll();
    }
    stm32f4_connect_uart();
}
