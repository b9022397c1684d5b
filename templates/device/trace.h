/* Included into every file of a tracing build, where the model calls this after each layer. */
#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>

void aot_trace(int index, const void *data, size_t size);

#endif
