/* The console of Xtensa's simulator: system calls by the instruction SIMCALL. */
#include "board.h"

#define CALL_READ 3
#define CALL_WRITE 4
#define INPUT 0
#define OUTPUT 1

/* The call's number and its operands lie in registers, its result in the first of them. */
static int call(int number, int file, volatile char *byte)
{
    register int result __asm("a2") = number;
    register int a3 __asm("a3") = file;
    register volatile char *a4 __asm("a4") = byte;
    register int a5 __asm("a5") = 1;
    __asm volatile("simcall" : "+r"(result), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
    return result;
}

void board_uart_init(void)
{
}

void board_putchar(char byte)
{
    volatile char sent = byte;
    while (call(CALL_WRITE, OUTPUT, &sent) != 1) {
    }
}

int board_getchar(void)
{
    volatile char received;
    return call(CALL_READ, INPUT, &received) == 1 ? (unsigned char)received : -1;
}
