/* What GCC calls on an LX106 and takes to be in the chip's ROM, which the emulated machine has not: multiplication and
 * division of integers, and arithmetic of floating-point numbers, rounded to nearest, ties to even. */
#include "board.h"

#define TOP 0x8000000000000000u

typedef union {
    double number;
    uint64_t bits;
} Double;

typedef union {
    float number;
    uint32_t bits;
} Float;

/* (-1)^sign * mantissa * 2^exponent; the mantissa is 0, or its top bit is set. */
typedef struct {
    uint64_t sign;
    int32_t exponent;
    uint64_t mantissa;
    enum { FINITE, INFINITE, NO_NUMBER } kind;
} Parts;

/* How a type holds numbers: bits of the mantissa with the first one, and the largest exponent field. */
typedef struct {
    int32_t digits;
    int32_t last;
} Format;

static const Format DOUBLE = {53, 2047}, SINGLE = {24, 255};

uint64_t __umulsidi3(uint32_t a, uint32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
double __adddf3(double a, double b);
double __subdf3(double a, double b);
double __muldf3(double a, double b);
double __divdf3(double a, double b);
float __addsf3(float a, float b);
float __subsf3(float a, float b);
float __mulsf3(float a, float b);
double __extendsfdf2(float a);
float __truncdfsf2(double a);
double __floatsidf(int32_t a);
double __floatunsidf(uint32_t a);
float __floatsisf(int32_t a);
float __floatunsisf(uint32_t a);
int32_t __fixdfsi(double a);
uint32_t __fixunsdfsi(double a);
uint32_t __fixunssfsi(float a);

void board_setup(void)
{
}

/* Integers */

uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
    const uint32_t low = (a & 0xFFFFu) * (b & 0xFFFFu);
    const uint32_t middle = (a >> 16) * (b & 0xFFFFu) + (low >> 16);
    const uint32_t other = (a & 0xFFFFu) * (b >> 16) + (middle & 0xFFFFu);
    const uint32_t high = (a >> 16) * (b >> 16) + (middle >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (other << 16 | (low & 0xFFFFu));
}

uint64_t __muldi3(uint64_t a, uint64_t b)
{
    const uint32_t crossed = (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return __umulsidi3((uint32_t)a, (uint32_t)b) + ((uint64_t)crossed << 32);
}

/* The quotient; `rest` becomes what is left. Of a division by zero, all ones. */
static uint64_t divided(uint64_t a, uint64_t b, uint64_t *rest)
{
    uint64_t quotient = 0, left = 0;
    for (int i = 0; i < 64; i++) {
        const uint64_t carry = left & TOP;
        left = left << 1 | a >> 63;
        a <<= 1;
        quotient <<= 1;
        if (carry != 0u || left >= b) {
            left -= b;
            quotient |= 1u;
        }
    }
    *rest = left;
    return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    uint64_t rest;
    return divided(a, b, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    uint64_t rest;
    (void)divided(a, b, &rest);
    return rest;
}

int64_t __divdi3(int64_t a, int64_t b)
{
    const uint64_t quotient = __udivdi3(a < 0 ? 0u - (uint64_t)a : (uint64_t)a, b < 0 ? 0u - (uint64_t)b : (uint64_t)b);
    return (int64_t)((a ^ b) < 0 ? 0u - quotient : quotient);
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    uint32_t quotient = 0, left = 0;
    for (int i = 0; i < 32; i++) {
        const uint32_t carry = left >> 31;
        left = left << 1 | a >> 31;
        a <<= 1;
        quotient <<= 1;
        if (carry != 0u || left >= b) {
            left -= b;
            quotient |= 1u;
        }
    }
    return quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    return a - __udivsi3(a, b) * b;
}

int32_t __divsi3(int32_t a, int32_t b)
{
    const uint32_t quotient = __udivsi3(a < 0 ? 0u - (uint32_t)a : (uint32_t)a, b < 0 ? 0u - (uint32_t)b : (uint32_t)b);
    return (int32_t)((a ^ b) < 0 ? 0u - quotient : quotient);
}

/* Floating-point numbers */

static Parts normal(uint64_t sign, int32_t exponent, uint64_t mantissa)
{
    for (; mantissa != 0u && mantissa < TOP; exponent--) {
        mantissa <<= 1;
    }
    return (Parts){sign, exponent, mantissa, FINITE};
}

static Parts parts(uint64_t bits, Format format)
{
    const int32_t fraction_bits = format.digits - 1;
    const int32_t field = (int32_t)(bits >> fraction_bits) & format.last;
    const uint64_t sign = bits >> (format.last == DOUBLE.last ? 63 : 31);
    const uint64_t first = (uint64_t)1 << fraction_bits, fraction = bits & (first - 1u);
    if (field == format.last) {
        return (Parts){sign, 0, 0, fraction == 0u ? INFINITE : NO_NUMBER};
    }
    const int32_t exponent = (field == 0 ? 1 : field) - format.last / 2 - fraction_bits;
    return normal(sign, exponent, field == 0 ? fraction : fraction | first);
}

/* What is shifted out leaves a trace in the lowest bit, for which way to round. */
static uint64_t shifted(uint64_t mantissa, int32_t by)
{
    if (by >= 64) {
        return mantissa != 0u;
    }
    return by == 0 ? mantissa : mantissa >> by | (mantissa << (64 - by) != 0u);
}

static uint64_t joined(Parts value, Format format)
{
    const int32_t fraction_bits = format.digits - 1, spare = 64 - format.digits;
    const uint64_t sign = value.sign << (format.last == DOUBLE.last ? 63 : 31);
    const uint64_t infinite = sign | (uint64_t)format.last << fraction_bits;
    int32_t field = value.exponent + 63 + format.last / 2;
    if (value.kind == FINITE && value.mantissa == 0u) {
        return sign;
    }
    if (value.kind != FINITE || field >= format.last) {
        return value.kind == NO_NUMBER ? infinite | (uint64_t)1 << (fraction_bits - 1) : infinite;
    }
    if (field < 1) {
        value.mantissa = shifted(value.mantissa, 1 - field);
        field = 1;
    }
    const uint64_t half = (uint64_t)1 << (spare - 1), lost = value.mantissa & (2u * half - 1u);
    const uint64_t kept = value.mantissa >> spare;
    const uint64_t up = lost > half || (lost == half && (kept & 1u) != 0u);
    return sign + ((uint64_t)(field - 1) << fraction_bits) + kept + up; /* a carry makes the next exponent */
}

static Parts of_double(double a)
{
    return parts((Double){.number = a}.bits, DOUBLE);
}

static Parts of_float(float a)
{
    return parts((Float){.number = a}.bits, SINGLE);
}

static double to_double(Parts value)
{
    return (Double){.bits = joined(value, DOUBLE)}.number;
}

static float to_float(Parts value)
{
    return (Float){.bits = (uint32_t)joined(value, SINGLE)}.number;
}

static Parts no_number(void)
{
    return (Parts){0, 0, 0, NO_NUMBER};
}

static Parts sum(Parts a, Parts b)
{
    if (a.kind != FINITE || b.kind != FINITE) {
        const int opposite = a.kind == INFINITE && b.kind == INFINITE && a.sign != b.sign;
        return a.kind == NO_NUMBER || b.kind == NO_NUMBER || opposite ? no_number() : a.kind == INFINITE ? a : b;
    }
    if (a.mantissa == 0u || b.mantissa == 0u) {
        const Parts zero = {a.sign & b.sign, 0, 0, FINITE};
        return a.mantissa != 0u ? a : b.mantissa != 0u ? b : zero;
    }
    const Parts larger = a.exponent > b.exponent || (a.exponent == b.exponent && a.mantissa >= b.mantissa) ? a : b;
    const Parts smaller = larger.exponent == a.exponent && larger.mantissa == a.mantissa && larger.sign == a.sign ? b : a;
    const uint64_t lower = shifted(smaller.mantissa >> 1, larger.exponent - smaller.exponent);
    const uint64_t upper = larger.mantissa >> 1; /* of 53 bits at most: nothing is lost */
    if (a.sign == b.sign) {
        return normal(a.sign, larger.exponent + 1, upper + lower);
    }
    return upper == lower ? (Parts){0, 0, 0, FINITE} : normal(larger.sign, larger.exponent + 1, upper - lower);
}

static Parts product(Parts a, Parts b)
{
    const uint64_t sign = a.sign ^ b.sign;
    if (a.kind != FINITE || b.kind != FINITE) {
        const int none = a.kind == NO_NUMBER || b.kind == NO_NUMBER || (a.kind == FINITE && a.mantissa == 0u) ||
                         (b.kind == FINITE && b.mantissa == 0u);
        return none ? no_number() : (Parts){sign, 0, 0, INFINITE};
    }
    /* Both mantissas have at most 53 bits, at the top: their lowest 11 are 0. */
    const uint32_t a_high = (uint32_t)(a.mantissa >> 32), a_low = (uint32_t)a.mantissa;
    const uint32_t b_high = (uint32_t)(b.mantissa >> 32), b_low = (uint32_t)b.mantissa;
    const uint64_t low = __umulsidi3(a_low, b_low);
    const uint64_t middle = __umulsidi3(a_high, b_low) + (low >> 32);
    const uint64_t other = __umulsidi3(a_low, b_high) + (middle & 0xFFFFFFFFu);
    const uint64_t high = __umulsidi3(a_high, b_high) + (middle >> 32) + (other >> 32);
    const uint64_t rest = (low & 0xFFFFFFFFu) | (other & 0xFFFFFFFFu);
    return normal(sign, a.exponent + b.exponent + 64, high | (rest != 0u));
}

static Parts quotient(Parts a, Parts b)
{
    const uint64_t sign = a.sign ^ b.sign;
    if (a.kind == NO_NUMBER || b.kind == NO_NUMBER || (a.kind == INFINITE && b.kind == INFINITE)) {
        return no_number();
    }
    if (a.kind == INFINITE || b.kind == INFINITE) {
        return (Parts){sign, 0, 0, a.kind == INFINITE ? INFINITE : FINITE};
    }
    if (b.mantissa == 0u) {
        return a.mantissa == 0u ? no_number() : (Parts){sign, 0, 0, INFINITE};
    }
    uint64_t left = a.mantissa >> 1, found = 0;
    const uint64_t by = b.mantissa >> 1;
    for (int i = 0; i < 62; i++) {
        found = found << 1 | (left >= by);
        left = (left >= by ? left - by : left) << 1;
    }
    return normal(sign, a.exponent - b.exponent - 61, found | (left != 0u));
}

static Parts negated(Parts a)
{
    a.sign ^= 1u;
    return a;
}

double __adddf3(double a, double b)
{
    return to_double(sum(of_double(a), of_double(b)));
}

double __subdf3(double a, double b)
{
    return to_double(sum(of_double(a), negated(of_double(b))));
}

double __muldf3(double a, double b)
{
    return to_double(product(of_double(a), of_double(b)));
}

double __divdf3(double a, double b)
{
    return to_double(quotient(of_double(a), of_double(b)));
}

float __addsf3(float a, float b)
{
    return to_float(sum(of_float(a), of_float(b)));
}

float __subsf3(float a, float b)
{
    return to_float(sum(of_float(a), negated(of_float(b))));
}

float __mulsf3(float a, float b)
{
    return to_float(product(of_float(a), of_float(b)));
}

double __extendsfdf2(float a)
{
    return to_double(of_float(a));
}

float __truncdfsf2(double a)
{
    return to_float(of_double(a));
}

/* Between floating-point numbers and integers */

static Parts of_integer(int32_t a)
{
    return normal(a < 0, 0, a < 0 ? 0u - (uint32_t)a : (uint32_t)a);
}

double __floatsidf(int32_t a)
{
    return to_double(of_integer(a));
}

double __floatunsidf(uint32_t a)
{
    return to_double(normal(0, 0, a));
}

float __floatsisf(int32_t a)
{
    return to_float(of_integer(a));
}

float __floatunsisf(uint32_t a)
{
    return to_float(normal(0, 0, a));
}

/* Towards zero; what has no integer is whatever it is. */
static uint32_t whole(Parts a)
{
    const int32_t shift = -a.exponent;
    return shift >= 64 || shift < 0 ? 0u : (uint32_t)(a.mantissa >> shift);
}

int32_t __fixdfsi(double a)
{
    const Parts value = of_double(a);
    const uint32_t size = whole(value);
    return (int32_t)(value.sign != 0u ? 0u - size : size);
}

uint32_t __fixunsdfsi(double a)
{
    return whole(of_double(a));
}

uint32_t __fixunssfsi(float a)
{
    return whole(of_float(a));
}
