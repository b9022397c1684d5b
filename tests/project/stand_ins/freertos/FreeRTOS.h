#pragma once
/* One task, which runs on the program's own stack until it first waits. */
#include <stdint.h>
#include <stdlib.h>

typedef uint32_t StackType_t;
typedef uint32_t TickType_t;
typedef unsigned long UBaseType_t;
typedef void (*TaskFunction_t)(void *);
typedef struct {
    TaskFunction_t function;
} StaticTask_t;
typedef StaticTask_t *TaskHandle_t;

#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
#define tskIDLE_PRIORITY ((UBaseType_t)0)
