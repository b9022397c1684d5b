#pragma once
#include <stdint.h>
#include <stdlib.h>

#define pdMS_TO_TICKS(ms) ((uint32_t)(ms))
