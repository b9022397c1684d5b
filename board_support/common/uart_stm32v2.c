/* The USART and LPUART of the STM32F7, G, H, L4, L5, U5 and WB families; board_setup has switched on its clock and its
 * pins. BRR counts 256ths of a clock in an LPUART. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define CR1 REGISTER(0x00)
#define CR3 REGISTER(0x08)
#define BRR REGISTER(0x0C)
#define ISR REGISTER(0x1C)
#define RDR REGISTER(0x24)
#define TDR REGISTER(0x28)

#define CR1_UART_ENABLE (1u << 0)
#define CR1_RX_ENABLE (1u << 2)
#define CR1_TX_ENABLE (1u << 3)
#define CR3_NO_OVERRUN (1u << 12)
#define ISR_RX_FULL (1u << 5)
#define ISR_TX_EMPTY (1u << 7)

#define DIVIDER (((uint64_t)BOARD_UART_CLOCK_HZ * BOARD_UART_FRACTION + BOARD_UART_BAUD / 2u) / BOARD_UART_BAUD)

/* Without overrun detection: it would stop reception until its flag is cleared, and a lost byte shows in the CRC. */
void board_uart_init(void)
{
    CR1 = 0;
    CR3 = CR3_NO_OVERRUN;
    BRR = (uint32_t)DIVIDER;
    CR1 = CR1_UART_ENABLE | CR1_TX_ENABLE | CR1_RX_ENABLE;
}

void board_putchar(char byte)
{
    while ((ISR & ISR_TX_EMPTY) == 0u) {
    }
    TDR = (uint8_t)byte;
}

int board_getchar(void)
{
    return (ISR & ISR_RX_FULL) != 0u ? (int)(RDR & 0xFFu) : -1;
}
