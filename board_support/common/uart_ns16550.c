/* The 16550 UART, registers one byte apart: sixteen bytes of FIFO each way. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint8_t *)(BOARD_UART_BASE + (offset)))
#define DATA REGISTER(0)
#define FIFO_CONTROL REGISTER(2)
#define LINE_CONTROL REGISTER(3)
#define LINE_STATUS REGISTER(5)
#define DIVISOR_LOW REGISTER(0)  /* these two while the divisor is open */
#define DIVISOR_HIGH REGISTER(1)

#define FIFO_ENABLE_AND_CLEAR 7u
#define LINE_8_BITS 3u
#define LINE_DIVISOR_OPEN 0x80u
#define STATUS_RX_READY 1u
#define STATUS_TX_EMPTY 0x20u

#define DIVISOR ((BOARD_UART_CLOCK_HZ + 8u * BOARD_UART_BAUD) / (16u * BOARD_UART_BAUD))

void board_uart_init(void)
{
    LINE_CONTROL = LINE_DIVISOR_OPEN | LINE_8_BITS;
    DIVISOR_LOW = DIVISOR & 0xFFu;
    DIVISOR_HIGH = DIVISOR >> 8;
    LINE_CONTROL = LINE_8_BITS;
    FIFO_CONTROL = FIFO_ENABLE_AND_CLEAR;
}

void board_putchar(char byte)
{
    while ((LINE_STATUS & STATUS_TX_EMPTY) == 0u) {
    }
    DATA = (uint8_t)byte;
}

int board_getchar(void)
{
    return (LINE_STATUS & STATUS_RX_READY) != 0u ? DATA : -1;
}
