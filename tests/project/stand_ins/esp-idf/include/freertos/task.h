#pragma once
static inline void vTaskDelay(uint32_t ticks)
{
    exit(ticks == 0);
}
