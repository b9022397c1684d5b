/* RP2040: 133 MHz from the 12 MHz crystal, UART0, and the second stage of the boot loader. */
#define RESETS 0x4000C000u
#define XOSC 0x40024000u
#define PLL_SYS 0x40028000u
#define CLOCKS 0x40008000u
#define IO_BANK0 0x40014000u
#include "board.h"
#include "rp2.h"

#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)

/* The boot ROM copies the first 256 bytes of flash to RAM and jumps there if the last four are their checksum (CRC-32,
 * most significant bit first, not inverted). They make flash readable at its addresses: the SSI sends command 3Bh, 24
 * bits of address and 8 empty clocks, then reads two bits at a time, which every flash chip can; a quarter of the
 * core's clock is slow enough for any of them. Then they start the program as a reset would. */
__asm(".section .boot, \"ax\"\n\t"
      ".syntax unified\n\t"
      ".thumb\n\t"
      "ldr r3, =0x18000000\n\t" /* SSI */
      "movs r1, #0\n\t"
      "str r1, [r3, #8]\n\t" /* SSIENR: off */
      "movs r1, #4\n\t"
      "str r1, [r3, #20]\n\t" /* BAUDR: clock / 4 */
      "ldr r1, =0x003F0300\n\t"
      "str r1, [r3, #0]\n\t" /* CTRLR0: two data lines, 32 bits, read after sending */
      "ldr r1, =0x3B004218\n\t"
      "ldr r0, =0x180000F4\n\t"
      "str r1, [r0]\n\t" /* SPI_CTRLR0: command 3Bh, 8 waits, 8 bits of command, 24 of address */
      "movs r1, #0\n\t"
      "str r1, [r3, #4]\n\t" /* CTRLR1: one word */
      "movs r1, #1\n\t"
      "str r1, [r3, #8]\n\t" /* SSIENR: on */
      "ldr r0, =0x10000100\n\t"
      "ldr r1, =0xE000ED08\n\t"
      "str r0, [r1]\n\t" /* VTOR */
      "ldmia r0, {r0, r1}\n\t"
      "msr msp, r0\n\t"
      "bx r1\n\t"
      ".ltorg\n\t"
      ".org 252\n\t"
      ".word 0x016501F0\n\t"
      ".text");

void board_setup(void)
{
    rp2_start_crystal();
    rp2_release(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_PLL_SYS);
    rp2_start_pll(133, 6, 2);
    rp2_release(RESET_UART0);
    PIN_CTRL(BOARD_UART_TX_PIN) = FUNCTION_UART;
    PIN_CTRL(BOARD_UART_RX_PIN) = FUNCTION_UART;
}
