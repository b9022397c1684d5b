/* The UART of Arm's CMSDK, in the FPGA images of the MPS boards: no FIFO, one byte each way. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define DATA REGISTER(0x00)
#define STATE REGISTER(0x04)
#define CTRL REGISTER(0x08)
#define BAUDDIV REGISTER(0x10)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_TX_ENABLE 1u
#define CTRL_RX_ENABLE 2u

void board_uart_init(void)
{
    BAUDDIV = BOARD_UART_CLOCK_HZ / BOARD_UART_BAUD;
    CTRL = CTRL_TX_ENABLE | CTRL_RX_ENABLE;
}

void board_putchar(char byte)
{
    while ((STATE & STATE_TX_FULL) != 0u) {
    }
    DATA = (uint8_t)byte;
}

int board_getchar(void)
{
    return (STATE & STATE_RX_FULL) != 0u ? (int)(DATA & 0xFFu) : -1;
}
