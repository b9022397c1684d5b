/* A UART made of standard input and output; the runner connects them to a pseudo-terminal. */
#define _POSIX_C_SOURCE 200809L
#include "board.h"

#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define IDLE_MILLISECONDS 20

static char received[4096], to_send[4096];
static size_t received_count, received_next, to_send_count;

/* Raw mode: no echo, no line editing, every byte as it is. A pipe has no modes, which is fine. */
void board_uart_init(void)
{
    struct termios mode;
    if (tcgetattr(STDIN_FILENO, &mode) == 0) {
        mode.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
        mode.c_oflag &= ~(tcflag_t)OPOST;
        mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
        tcsetattr(STDIN_FILENO, TCSANOW, &mode);
    }
}

static void flush(void)
{
    size_t done = 0;
    while (done < to_send_count) {
        const ssize_t sent = write(STDOUT_FILENO, to_send + done, to_send_count - done);
        if (sent <= 0) {
            exit(EXIT_FAILURE); /* nobody listens any more */
        }
        done += (size_t)sent;
    }
    to_send_count = 0;
}

void board_putchar(char byte)
{
    to_send[to_send_count++] = byte;
    if (to_send_count == sizeof to_send) {
        flush();
    }
}

/* Sleeps a little instead of spinning when there is nothing to read; ends with its input. */
static void receive(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, IDLE_MILLISECONDS) > 0) {
        const ssize_t count = read(STDIN_FILENO, received, sizeof received);
        if (count <= 0) {
            exit(EXIT_SUCCESS);
        }
        received_count = (size_t)count;
        received_next = 0;
    }
}

int board_getchar(void)
{
    if (received_next == received_count) {
        flush();
        receive();
    }
    return received_next < received_count ? (uint8_t)received[received_next++] : -1;
}
