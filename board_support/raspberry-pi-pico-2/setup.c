/* RP2350: 150 MHz from the 12 MHz crystal, UART0, and the block by which the boot ROM knows a program. */
#define RESETS 0x40020000u
#define XOSC 0x40048000u
#define PLL_SYS 0x40050000u
#define CLOCKS 0x40010000u
#define IO_BANK0 0x40028000u
#include "board.h"
#include "rp2.h"

#define RESET_IO_BANK0 (1u << 6)
#define RESET_PADS_BANK0 (1u << 9)
#define RESET_PLL_SYS (1u << 14)
#define RESET_UART0 (1u << 26)

#define PAD_CLEAR(pin) REGISTER(0x40038000u + CLEAR_BITS + 4u + 4u * (pin))
#define PAD_SET(pin) REGISTER(0x40038000u + 0x2000u + 4u + 4u * (pin))
#define PAD_ISOLATED (1u << 8)
#define PAD_OUTPUT_DISABLED (1u << 7)
#define PAD_INPUT_ENABLE (1u << 6)

/* A block of metadata within the first 4 KiB: its marks, one item (an executable for the secure Arm cores of an
 * RP2350), the end of the list, and the distance to the next block, which is this one again. */
__attribute__((section(".image"), used)) static const uint32_t image_definition[5] = {
    0xFFFFDED3u, 0x10210142u, 0x000001FFu, 0x00000000u, 0xAB123579u,
};

static void connect_pin(uint32_t pin)
{
    PIN_CTRL(pin) = FUNCTION_UART;
    PAD_SET(pin) = PAD_INPUT_ENABLE;
    PAD_CLEAR(pin) = PAD_ISOLATED | PAD_OUTPUT_DISABLED;
}

void board_setup(void)
{
    rp2_start_crystal();
    rp2_release(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_PLL_SYS);
    rp2_start_pll(125, 5, 2);
    rp2_release(RESET_UART0);
    connect_pin(BOARD_UART_TX_PIN);
    connect_pin(BOARD_UART_RX_PIN);
}
