#include "wire.h"

#include "board.h"

/* CRC-32 of everything sent; a frame sets it to zero at its beginning and sends it at its end. */
static uint32_t sent_crc;

/* Half a byte at a time: a table of 64 bytes instead of 1024. Polynomial 0xEDB88320, as in zlib and Ethernet. */
uint32_t crc32_update(uint32_t crc, const uint8_t *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15u];
        crc = crc >> 4 ^ table[crc & 15u];
    }
    return ~crc;
}

static void send_bytes(const uint8_t *data, size_t size)
{
    sent_crc = crc32_update(sent_crc, data, size);
    for (size_t i = 0; i < size; i++) {
        board_putchar((char)data[i]);
    }
}

void send_char(char byte)
{
    const uint8_t data = (uint8_t)byte;
    send_bytes(&data, 1);
}

void send_text(const char *text)
{
    while (*text != '\0') {
        send_char(*text++);
    }
}

/* Bit by bit: some cores have no divider, and the library's 64-bit division is larger than this whole file. */
static uint32_t divide_by_10(uint64_t *value)
{
    uint64_t quotient = 0;
    uint32_t remainder = 0;
    for (int bit = 63; bit >= 0; bit--) {
        remainder = remainder << 1 | (uint32_t)(*value >> bit & 1u);
        quotient <<= 1;
        if (remainder >= 10u) {
            remainder -= 10u;
            quotient |= 1u;
        }
    }
    *value = quotient;
    return remainder;
}

void send_number(uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + divide_by_10(&value));
    } while (value != 0u);
    while (count > 0) {
        send_char(digits[--count]);
    }
}

void send_thousandths(int64_t value)
{
    uint64_t rest = value < 0 ? 0u - (uint64_t)value : (uint64_t)value;
    char digits[3];
    for (int i = 2; i >= 0; i--) {
        digits[i] = (char)('0' + divide_by_10(&rest));
    }
    if (value < 0) {
        send_char('-');
    }
    send_number(rest);
    send_char('.');
    send_bytes((const uint8_t *)digits, sizeof digits);
}

void send_hex_byte(uint8_t value)
{
    static const char digits[] = "0123456789abcdef";
    send_char(digits[value >> 4]);
    send_char(digits[value & 15u]);
}

void frame_begin(const char *what)
{
    sent_crc = 0;
    send_text(what);
}

void frame_number(uint64_t value)
{
    send_char(' ');
    send_number(value);
}

void frame_word(const char *text)
{
    send_char(' ');
    send_text(text);
}

void frame_end(const uint8_t *data, size_t size)
{
    frame_number(size);
    send_text("\r\n");
    send_bytes(data, size);
    const uint32_t crc = sent_crc;
    send_char('*');
    for (int shift = 24; shift >= 0; shift -= 8) {
        send_hex_byte((uint8_t)(crc >> shift));
    }
    send_text("\r\n");
}

int read_number(const char **text, uint32_t *value)
{
    const char *at = *text;
    uint32_t number = 0;
    while (*at == ' ') {
        at++;
    }
    const char *const first = at;
    for (; *at >= '0' && *at <= '9'; at++) {
        const uint32_t digit = (uint32_t)(*at - '0');
        if (number > (UINT32_MAX - digit) / 10u) {
            return 0;
        }
        number = number * 10u + digit;
    }
    *text = at;
    *value = number;
    return at != first;
}
