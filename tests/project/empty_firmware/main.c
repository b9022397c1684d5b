/* A firmware that does nothing yet, on an mps2-an386. */
#include <stdint.h>

extern uint32_t stack_top[];

int main(void)
{
    for (;;) {
    }
}

typedef union {
    uint32_t *stack;
    int (*handler)(void);
} vector_t;

__attribute__((section(".vectors"), used)) static const vector_t vectors[2] = {{.stack = stack_top}, {.handler = main}};
