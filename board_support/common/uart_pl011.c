/* Arm's PL011 UART, with its FIFOs; board_setup has switched on its clock and its pins. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define DR REGISTER(0x00)
#define FR REGISTER(0x18)
#define IBRD REGISTER(0x24)
#define FBRD REGISTER(0x28)
#define LCR_H REGISTER(0x2C)
#define CR REGISTER(0x30)

#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL (1u << 5)
#define LCR_8_BITS_AND_FIFO (3u << 5 | 1u << 4)
#define CR_UART_TX_RX_ENABLE (1u << 0 | 1u << 8 | 1u << 9)

/* 64ths of a sixteenth of the clock. */
#define DIVIDER ((BOARD_UART_CLOCK_HZ * 4u + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD)

/* The line control register comes last of the three: writing it takes over the divider. */
void board_uart_init(void)
{
    IBRD = DIVIDER >> 6;
    FBRD = DIVIDER & 63u;
    LCR_H = LCR_8_BITS_AND_FIFO;
    CR = CR_UART_TX_RX_ENABLE;
}

void board_putchar(char byte)
{
    while ((FR & FR_TX_FULL) != 0u) {
    }
    DR = (uint8_t)byte;
}

int board_getchar(void)
{
    return (FR & FR_RX_EMPTY) == 0u ? (int)(DR & 0xFFu) : -1;
}
