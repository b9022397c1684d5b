/* What the firmware asks of a board: bytes over its UART, time, and how deep the stack went. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "board_config.h"

/* Clocks, pins, UART and timer. Call once, first. */
void board_init(void);

/* Sends one byte; waits while the transmitter is busy. */
void board_putchar(char byte);

/* The next received byte (0 to 255), or -1 when none has come yet. */
int board_getchar(void);

/* Ticks since board_init, BOARD_TICKS_PER_SECOND of them in a second. Never inlined, so that a probe or a debugger can
 * find the two calls around a measurement. Do not call it with interrupts disabled. */
uint64_t board_timestamp(void);

/* Fills the unused stack below the caller with a pattern. */
void board_stack_paint(void);

/* Bytes of stack used below the caller since board_stack_paint; 0 where a board cannot tell. */
size_t board_stack_peak(void);

/* Each is written by the driver or board file that this board uses; board_init calls them. */
void board_setup(void);
void board_uart_init(void);
void board_timer_init(void);
void board_timer_interrupt(void);

#endif
