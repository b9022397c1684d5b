/* nRF52840: 64 MHz from the crystal. */
#include "board.h"
#include "nrf52.h"

void board_setup(void)
{
    nrf52_setup();
}
