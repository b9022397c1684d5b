/* STM32F407: 168 MHz from the board's 8 MHz crystal, and USART2 on PA2 and PA3. */
#include "board.h"
#include "stm32f4.h"

void board_setup(void)
{
    if (stm32f4_start_pll(0, STM32F4_PLL_FROM_HSE(4u, 168u, 7u))) {
        stm32f4_use_pll();
    }
    RCC_APB1ENR |= APB1_USART2;
    stm32f4_connect_uart();
}
