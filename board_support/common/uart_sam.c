/* The USART of Microchip's SAM families; board_setup has switched on its clock and its pins. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define CR REGISTER(0x00)
#define MR REGISTER(0x04)
#define CSR REGISTER(0x14)
#define RHR REGISTER(0x18)
#define THR REGISTER(0x1C)
#define BRGR REGISTER(0x20)

#define CR_RESET_RX_TX (1u << 2 | 1u << 3)
#define CR_ENABLE_RX_TX (1u << 4 | 1u << 6)
#define MR_8_BITS_NO_PARITY (3u << 6 | 4u << 9)
#define CSR_RX_READY 1u
#define CSR_TX_READY 2u

/* Eighths of a sixteenth of the clock: the whole part below, the eighths from bit 16 on. */
#define DIVIDER ((BOARD_UART_CLOCK_HZ / 2u + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD)

void board_uart_init(void)
{
    CR = CR_RESET_RX_TX;
    MR = MR_8_BITS_NO_PARITY;
    BRGR = DIVIDER >> 3 | (DIVIDER & 7u) << 16;
    CR = CR_ENABLE_RX_TX;
}

void board_putchar(char byte)
{
    while ((CSR & CSR_TX_READY) == 0u) {
    }
    THR = (uint8_t)byte;
}

int board_getchar(void)
{
    return (CSR & CSR_RX_READY) != 0u ? (int)(RHR & 0xFFu) : -1;
}
