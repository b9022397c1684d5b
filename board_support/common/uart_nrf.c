/* The UART of the nRF51 and nRF52: six bytes of receive FIFO, events instead of status bits. A pin is 32 * port + number. */
#include "board.h"

#define REGISTER(offset) (*(volatile uint32_t *)(BOARD_UART_BASE + (offset)))
#define TASKS_STARTRX REGISTER(0x000)
#define TASKS_STARTTX REGISTER(0x008)
#define EVENTS_RXDRDY REGISTER(0x108)
#define EVENTS_TXDRDY REGISTER(0x11C)
#define ENABLE REGISTER(0x500)
#define PSELTXD REGISTER(0x50C)
#define PSELRXD REGISTER(0x514)
#define RXD REGISTER(0x518)
#define TXD REGISTER(0x51C)
#define BAUDRATE REGISTER(0x524)

#define GPIO(pin, offset) (*(volatile uint32_t *)(0x50000000u + 0x300u * ((pin) / 32u) + (offset)))
#define GPIO_OUTSET 0x508u
#define GPIO_DIRSET 0x518u
#define GPIO_PIN_CNF(pin) (0x700u + 4u * ((pin) % 32u))

#define ENABLE_UART 4u

/* The register holds baud * 2^32 / clock; only its upper 20 bits count. */
#define BAUD_VALUE ((uint32_t)((((uint64_t)BOARD_UART_BAUD << 32) / BOARD_UART_CLOCK_HZ + 0x800u) & 0xFFFFF000u))

void board_uart_init(void)
{
    GPIO(BOARD_UART_TX_PIN, GPIO_OUTSET) = 1u << BOARD_UART_TX_PIN % 32u;
    GPIO(BOARD_UART_TX_PIN, GPIO_DIRSET) = 1u << BOARD_UART_TX_PIN % 32u;
    GPIO(BOARD_UART_RX_PIN, GPIO_PIN_CNF(BOARD_UART_RX_PIN)) = 0; /* an input, its buffer connected */
    PSELTXD = BOARD_UART_TX_PIN;
    PSELRXD = BOARD_UART_RX_PIN;
    BAUDRATE = BAUD_VALUE;
    ENABLE = ENABLE_UART;
    TASKS_STARTTX = 1;
    TASKS_STARTRX = 1;
}

void board_putchar(char byte)
{
    EVENTS_TXDRDY = 0;
    TXD = (uint8_t)byte;
    while (EVENTS_TXDRDY == 0u) {
    }
}

/* The event must be cleared before the byte is read: the read brings the next byte, and its event, forward. */
int board_getchar(void)
{
    if (EVENTS_RXDRDY == 0u) {
        return -1;
    }
    EVENTS_RXDRDY = 0;
    return (int)(RXD & 0xFFu);
}
