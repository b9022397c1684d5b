/* From reset to main, and what is said of a fault: the part that is the same on every core. */
#include "startup.h"

#include "board.h"

/* Addresses that the linker script defines. */
extern uint32_t board_data_start[], board_data_end[], board_data_load[];
extern uint32_t board_bss_start[], board_bss_end[];

/* Volatile, so that the loops stay loops: there is no C library yet that may be relied on. */
void board_prepare_memory(void)
{
    const volatile uint32_t *from = board_data_load;
    for (volatile uint32_t *to = board_data_start; to != board_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = board_bss_start; to != board_bss_end; to++) {
        *to = 0;
    }
}

void board_init(void)
{
#if BOARD_HAS_SETUP
    board_setup();
#endif
    board_uart_init();
    board_timer_init();
}

static void send_text(const char *text)
{
    while (*text != '\0') {
        board_putchar(*text++);
    }
}

static void send_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) {
        board_putchar("0123456789abcdef"[(value >> shift) & 15u]);
    }
}

void board_report_fault(const char *what, int32_t code, uint32_t pc)
{
    send_text("\r\naot-fault ");
    send_text(what);
    if (code >= 0) {
        send_hex((uint32_t)code);
    }
    send_text(" pc=0x");
    send_hex(pc);
    send_text("\r\n");
    for (;;) {
    }
}
