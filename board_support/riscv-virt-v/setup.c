/* The vector unit of a core with Zve32x. */
#include "board.h"

#define MSTATUS_VS_INITIAL 0x200u /* Vector instructions may run; mstatus.VS is Off after reset. */

void board_setup(void)
{
    __asm volatile("csrs mstatus, %0" : : "r"(MSTATUS_VS_INITIAL));
}
