/* STM32F405: 168 MHz from the board's 25 MHz crystal, and USART1 on PA9 and PA10. */
#include "board.h"
#include "stm32f4.h"

void board_setup(void)
{
    if (stm32f4_start_pll(0, STM32F4_PLL_FROM_HSE(25u, 336u, 7u))) {
        stm32f4_use_pll();
    }
    RCC_APB2ENR |= APB2_USART1;
    stm32f4_connect_uart();
}
