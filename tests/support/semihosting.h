/* What an emulator does for a program that asks it: files, and the end. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include <stdint.h>

#if defined(__XTENSA__)
/* The system calls of Xtensa's simulator, with the numbers that Linux gives to what a file is opened for. */
enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5 };
enum { TO_READ = 0, TO_WRITE_ANEW = 01101, FOR_ALL = 0666 };

static uintptr_t ask_with(uintptr_t call, uintptr_t first, uintptr_t second, uintptr_t third)
{
    register uintptr_t a2 __asm("a2") = call;
    register uintptr_t a3 __asm("a3") = first;
    register uintptr_t a4 __asm("a4") = second;
    register uintptr_t a5 __asm("a5") = third;
    __asm volatile("simcall" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
    return a2;
}

static uintptr_t open_to_read(const char *name, uintptr_t length)
{
    (void)length;
    return ask_with(OPEN, (uintptr_t)name, TO_READ, 0);
}

static uintptr_t open_to_write(const char *name, uintptr_t length)
{
    (void)length;
    return ask_with(OPEN, (uintptr_t)name, TO_WRITE_ANEW, FOR_ALL);
}

static void get_or_end(uintptr_t file, void *data, uintptr_t size)
{
    if (ask_with(READ, file, (uintptr_t)data, size) != size) {
        (void)ask_with(EXIT, 0, 0, 0);
    }
}

static void put(uintptr_t file, const void *data, uintptr_t size)
{
    (void)ask_with(WRITE, file, (uintptr_t)data, size);
}

#else
enum { OPEN = 0x01, WRITE = 0x05, READ = 0x06, EXIT = 0x18 };
enum { BINARY_TO_READ = 1, BINARY_TO_WRITE = 5, DONE = 0x20026 };

static uintptr_t ask(uintptr_t operation, uintptr_t argument)
{
#if defined(__riscv)
    register uintptr_t a0 __asm("a0") = operation;
    register uintptr_t a1 __asm("a1") = argument;
    __asm volatile(".balign 16\n\t" /* on one page, and none of them two bytes long */
                   ".option push\n\t"
                   ".option norvc\n\t"
                   "slli zero, zero, 31\n\t"
                   "ebreak\n\t"
                   "srai zero, zero, 7\n\t"
                   ".option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
    return a0;
#else
    register uintptr_t r0 __asm("r0") = operation;
    register uintptr_t r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
#endif
}

static uintptr_t ask_with(uintptr_t operation, uintptr_t first, uintptr_t second, uintptr_t third)
{
    const uintptr_t words[3] = {first, second, third};
    return ask(operation, (uintptr_t)words);
}

static uintptr_t open_to_read(const char *name, uintptr_t length)
{
    return ask_with(OPEN, (uintptr_t)name, BINARY_TO_READ, length);
}

static uintptr_t open_to_write(const char *name, uintptr_t length)
{
    return ask_with(OPEN, (uintptr_t)name, BINARY_TO_WRITE, length);
}

/* Ends the program where there is nothing more to read. */
static void get_or_end(uintptr_t file, void *data, uintptr_t size)
{
    if (ask_with(READ, file, (uintptr_t)data, size) != 0u) {
        (void)ask(EXIT, DONE);
    }
}

static void put(uintptr_t file, const void *data, uintptr_t size)
{
    (void)ask_with(WRITE, file, (uintptr_t)data, size);
}

#endif

#endif
