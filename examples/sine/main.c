/* Draws one wave of a sine on the terminal behind the UART, a point for each eighth of pi. */
#include "board.h"
#include "sine.h"

#define PI 3.14159265f
#define HALF_WIDTH 30

/* All the RAM the model needs: its input, its output and everything between them. */
static uint8_t arena[SINE_ARENA_SIZE] __attribute__((aligned(SINE_ARENA_ALIGN)));

static float sine(float x)
{
    sine_input(arena)[0] = sine_quantize_input(x);
    sine_run(arena);
    return sine_dequantize_output(sine_output(arena)[0]);
}

static void print_point(int column)
{
    for (int i = 0; i < column; i++) {
        board_putchar(' ');
    }
    board_putchar('*');
    board_putchar('\r');
    board_putchar('\n');
}

int main(void)
{
    board_init();
    for (int i = 0; i <= 16; i++) {
        print_point((int)(HALF_WIDTH * (1.0f + sine(PI * (float)i / 8.0f)) + 0.5f));
    }
    for (;;) {
        (void)board_getchar(); /* a real program would go on with its work here */
    }
}
