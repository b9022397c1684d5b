/* From reset to main on an Xtensa core without register windows, and what happens on an exception. */
#include "board.h"
#include "startup.h"

void board_start(void) __attribute__((noreturn, used));
void board_exception(uint32_t cause, uint32_t pc, const uint32_t *address) __attribute__((noreturn, used));

/* The core starts at the first of these instructions, and looks for what to do with an exception at the others' distances
 * from VECBASE, one for each kind. Whatever arrives is a fault, for no interrupt is ever enabled: all go the same way, on
 * a fresh stack, as the old one may be full. */
__asm(".section .vectors, \"ax\"\n\t"
      ".global board_reset\n"
      "board_vectors:\n\t"
      "j board_reset\n\t"
      ".org 0x10\n\t"
      "j board_fault\n\t"
      ".org 0x20\n\t"
      "j board_fault\n\t"
      ".org 0x30\n\t"
      "j board_fault\n\t"
      ".org 0x50\n\t"
      "j board_fault\n\t"
      ".org 0x70\n\t"
      "j board_fault\n\t"
      ".align 4\n\t"
      ".literal_position\n"
      "board_fault:\n\t"
      "movi a1, board_stack_top\n\t"
      "rsr.exccause a2\n\t"
      "rsr.epc1 a3\n\t"
      "rsr.excvaddr a4\n\t"
      "call0 board_exception\n"
      "board_reset:\n\t"
      "movi a2, board_vectors\n\t"
      "wsr.vecbase a2\n\t"
      "movi a2, 0x2F\n\t" /* exceptions go to the vectors above, interrupts nowhere */
      "wsr.ps a2\n\t"
      "rsync\n\t"
      "movi a1, board_stack_top\n\t"
      "call0 board_start\n\t"
      ".text");

void board_start(void)
{
    board_prepare_memory();
    main();
    for (;;) {
    }
}

void board_exception(uint32_t cause, uint32_t pc, const uint32_t *address)
{
    if (address < board_stack_limit && board_stack_limit - address < 0x4000) {
        board_report_fault("stack-overflow", -1, pc);
    }
    board_report_fault("exception-", (int32_t)cause, pc);
}
