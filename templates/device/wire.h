/* Text, numbers and checked frames on the UART. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size);

void send_char(char byte);
void send_text(const char *text);
void send_number(uint64_t value);
void send_thousandths(int64_t value);
void send_hex_byte(uint8_t value);

/* A frame: a line `m-aot-<what> <numbers>... <payload size>`, the payload, and a line with the CRC-32 of all that.
 *     frame_begin("m-aot-output"); frame_number(0); frame_end(data, size);
 * sends "m-aot-output 0 10\r\n", ten bytes, "*1a2b3c4d\r\n". */
void frame_begin(const char *what);
void frame_number(uint64_t value);
void frame_word(const char *text);
void frame_end(const uint8_t *data, size_t size);

/* The next number of a command line, decimal; moves *text behind it. Returns 0 when there is none or it is too big. */
int read_number(const char **text, uint32_t *value);

#endif
