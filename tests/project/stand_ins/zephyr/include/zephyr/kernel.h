#pragma once
#include <stdint.h>
#include <stdlib.h>

static inline int32_t k_msleep(int32_t ms)
{
    exit(ms < 0);
}
