/* What the start-up code of every core family shares. */
#ifndef STARTUP_H
#define STARTUP_H

#include <stdint.h>

/* Addresses that the linker script defines. */
extern uint32_t board_stack_limit[], board_stack_top[];

int main(void);

/* Copies initialized data out of flash and clears the rest. Call it before anything that relies on either. */
void board_prepare_memory(void);

/* Sends `aot-fault <what> pc=0x<pc>`, with `code` in hexadecimal behind `what` unless it is negative. Never returns. */
void board_report_fault(const char *what, int32_t code, uint32_t pc) __attribute__((noreturn));

#endif
