/* The USART of the STM32F1, F2 and F4 families; board_setup has switched on its clock and its pins. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define SR REGISTER(0x00)
#define DR REGISTER(0x04)
#define BRR REGISTER(0x08)
#define CR1 REGISTER(0x0C)

#define SR_RX_FULL (1u << 5)
#define SR_TX_EMPTY (1u << 7)
#define CR1_RX_ENABLE (1u << 2)
#define CR1_TX_ENABLE (1u << 3)
#define CR1_UART_ENABLE (1u << 13)

void board_uart_init(void)
{
    BRR = (BOARD_UART_CLOCK_HZ + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD;
    CR1 = CR1_UART_ENABLE | CR1_TX_ENABLE | CR1_RX_ENABLE;
}

void board_putchar(char byte)
{
    while ((SR & SR_TX_EMPTY) == 0u) {
    }
    DR = (uint8_t)byte;
}

int board_getchar(void)
{
    return (SR & SR_RX_FULL) != 0u ? (int)(DR & 0xFFu) : -1;
}
