/* Reads commands from the UART, up to the `%` that ends each, and executes them. */
#include "board.h"
#include "commands.h"
#include "model.h"
#include "wire.h"

#define LINE_SIZE 81 /* the longest command of MLPerf Tiny has 80 characters */

int accept(const char **line, const char *word)
{
    const char *at = *line;
    while (*word != '\0') {
        if (*at++ != *word++) {
            return 0;
        }
    }
    if (*at != '\0' && *at != ' ') {
        return 0;
    }
    while (*at == ' ') {
        at++;
    }
    *line = at;
    return 1;
}

void send_error(const char *text)
{
    send_text("e-[");
    send_text(text);
    send_text("]\r\n");
}

/* Waits for a whole command. Line ends are dropped, so that a terminal may send them; so is what does not fit. */
static void read_line(char line[LINE_SIZE])
{
    size_t length = 0;
    for (;;) {
        const int byte = board_getchar();
        if (byte == '%') {
            line[length] = '\0';
            return;
        }
        if (byte >= ' ' && length < LINE_SIZE - 1u) {
            line[length++] = (char)byte;
        }
    }
}

/* An empty command is answered too: the host sends one to find the end of a garbled exchange. */
static void execute(const char *line, const char *problem)
{
    if (line[0] != '\0' && problem != NULL) {
        send_error(problem);
    } else if (line[0] != '\0' && !mlperf_command(line) && !aot_command(line)) {
        send_text("e-[Unknown command: ");
        send_text(line);
        send_text("]\r\n");
    }
    send_text("m-ready\r\n");
}

int main(void)
{
    static char line[LINE_SIZE];
    const char *problem;
    board_init();
    problem = model_problem();
    if (problem == NULL) {
        model_reset();
    }
    mlperf_greeting();
    for (;;) {
        read_line(line);
        execute(line, problem);
    }
}
