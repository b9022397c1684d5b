/* Classifies one image of a digit and says over the UART which one it is. */
#include "board.h"
#include "digits.h"

/* All the RAM the model needs: its input, its output and everything between them. */
static uint8_t arena[DIGITS_ARENA_SIZE] __attribute__((aligned(DIGITS_ARENA_ALIGN)));

/* What a sensor would deliver: 8 x 8 pixels of ink, 0 to 16. */
static const uint8_t image[64] = {
    0, 0, 11, 16, 15, 3, 0, 0,
    0, 5, 16, 12, 11, 13, 0, 0,
    0, 3, 13, 1, 5, 15, 0, 0,
    0, 0, 0, 0, 12, 11, 0, 0,
    0, 0, 0, 1, 16, 7, 0, 0,
    0, 0, 0, 10, 15, 0, 0, 0,
    0, 0, 12, 16, 16, 11, 1, 0,
    0, 0, 13, 13, 8, 13, 16, 8,
};

static void print(const char *text)
{
    while (*text != '\0') {
        board_putchar(*text++);
    }
}

static void print_number(int number)
{
    for (int place = 100; place > 0; place /= 10) {
        if (number >= place || place == 1) {
            board_putchar((char)('0' + number / place % 10));
        }
    }
}

int main(void)
{
    board_init();

    int8_t *input = digits_input(arena);
    for (int i = 0; i < 64; i++) {
        input[i] = digits_quantize_input((float)image[i] / 16.0f);
    }
    digits_run(arena);
    const int8_t *output = digits_output(arena);

    int digit = 0;
    for (int i = 1; i < 10; i++) {
        digit = output[i] > output[digit] ? i : digit;
    }
    print("digit ");
    print_number(digit);
    print(", probability ");
    print_number((int)(100.0f * digits_dequantize_output(output[digit]) + 0.5f));
    print(" %\r\n");
    for (;;) {
        (void)board_getchar(); /* a real program would wait for the next image here */
    }
}
