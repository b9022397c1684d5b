/* Time from the operating system, in nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include "board.h"

#include <time.h>

static uint64_t start;

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * BOARD_TICKS_PER_SECOND + (uint64_t)time.tv_nsec;
}

void board_timer_init(void)
{
    start = now();
}

__attribute__((noinline)) uint64_t board_timestamp(void)
{
    return now() - start;
}
