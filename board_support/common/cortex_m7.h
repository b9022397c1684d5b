/* The caches of a Cortex-M7, which are off and undefined after reset. */
#ifndef CORTEX_M7_H
#define CORTEX_M7_H

#include <stdint.h>

#define SCB_CCR (*(volatile uint32_t *)0xE000ED14u)
#define SCB_CCSIDR (*(volatile uint32_t *)0xE000ED80u)
#define SCB_CSSELR (*(volatile uint32_t *)0xE000ED84u)
#define SCB_ICIALLU (*(volatile uint32_t *)0xE000EF50u)
#define SCB_DCISW (*(volatile uint32_t *)0xE000EF60u)
#define CCR_DATA_CACHE (1u << 16)
#define CCR_INSTRUCTION_CACHE (1u << 17)

/* Lines of 32 bytes: a set is named by bits 5 and up, one of the four ways by bits 30 and 31. */
static inline void cortex_m7_enable_caches(void)
{
    SCB_CSSELR = 0;
    __asm volatile("dsb" ::: "memory");
    const uint32_t last_set = SCB_CCSIDR >> 13 & 0x7FFFu, last_way = SCB_CCSIDR >> 3 & 0x3FFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            SCB_DCISW = way << 30 | set << 5;
        }
    }
    SCB_ICIALLU = 0;
    __asm volatile("dsb\n\tisb" ::: "memory");
    SCB_CCR |= CCR_DATA_CACHE | CCR_INSTRUCTION_CACHE;
    __asm volatile("dsb\n\tisb" ::: "memory");
}

#endif
