/* The commands of the MLPerf Tiny benchmark, so that its own runner can drive this firmware. Loaded bytes go straight
 * into the model's inputs, one after the other. An inference may overwrite them, so the results of the first one after
 * a load are kept, and stay the results until the next load. */
#include "board.h"
#include "commands.h"
#include "model.h"
#include "wire.h"

#define PROFILE "ULPMark for tinyML Firmware V0.0.1"
#define DEFAULT_WARMUPS 10
#define BYTES_PER_PRINTED_LINE 8

static uint32_t load_size, load_position;
static int results_kept;

static void send_timestamp(void)
{
    uint64_t ticks = board_timestamp();
    uint64_t microseconds = 0;
    for (int shift = 40; shift >= 0; shift--) { /* a long division: see divide_by_10 in wire.c */
        const uint64_t part = (uint64_t)BOARD_TICKS_PER_MICROSECOND << shift;
        if (ticks >= part) {
            ticks -= part;
            microseconds |= (uint64_t)1 << shift;
        }
    }
    send_text("m-lap-us-");
    send_number(microseconds);
    send_text("\r\n");
}

static void send_help(void)
{
    send_text(PROFILE "\r\n\r\n"
              "help         : Print this information\r\n"
              "name         : Print the name of the device\r\n"
              "profile      : Print the profile and the model\r\n"
              "timestamp    : Print the time in microseconds\r\n"
              "db load N    : Expect N bytes of input\r\n"
              "db HH[HH]*   : Load bytes, in hexadecimal\r\n"
              "db print     : Print the input bytes\r\n"
              "infer N [W]  : Run N inferences after W warm-ups\r\n"
              "results      : Print the results\r\n"
              "aot-*        : What the program aot uses\r\n");
}

static void send_profile(void)
{
    send_text("m-profile-[" PROFILE "]\r\nm-model-[");
    send_text(model_benchmark_name);
    send_text("]\r\n");
}

static void send_results(void)
{
    if (!results_kept) {
        model_keep_results();
    }
    send_text("m-results-[");
    model_send_results();
    send_text("]\r\n");
}

static void load(const char *arguments)
{
    uint32_t size;
    if (!read_number(&arguments, &size)) {
        send_error("Command 'db load' requires the # of bytes");
    } else if (size == 0u) {
        send_error("Command 'db load' must be >0 bytes");
    } else if (model_load_byte(size - 1u) == NULL) {
        send_error("Supplied buffer size exceeds the model's inputs");
    } else {
        load_size = size;
        load_position = 0;
        results_kept = 0;
        send_text("m-[Expecting ");
        send_number(size);
        send_text(" bytes]\r\n");
    }
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit = (char)(digit | 0x20); /* lower case */
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Digits beyond the announced size are disregarded. */
static void load_digits(const char *digits)
{
    while (load_position < load_size && *digits != '\0') {
        const int high = hex_digit(digits[0]);
        const int low = high < 0 ? -1 : hex_digit(digits[1]);
        if (low < 0) {
            send_error(high >= 0 && digits[1] == '\0' ? "Insufficent number of hex digits" : "Invalid hex digit");
            return;
        }
        *model_load_byte(load_position++) = (uint8_t)(high << 4 | low);
        digits += 2;
        if (load_position == load_size) {
            model_loaded();
            send_text("m-load-done\r\n");
        }
    }
}

static void print_inputs(void)
{
    for (uint32_t i = 0; i < load_size; i++) {
        send_text(i % BYTES_PER_PRINTED_LINE == 0u ? "m-buffer-" : "-");
        send_hex_byte(*model_load_byte(i));
        if (i % BYTES_PER_PRINTED_LINE == BYTES_PER_PRINTED_LINE - 1u || i == load_size - 1u) {
            send_text("\r\n");
        }
    }
}

static void buffer_command(const char *arguments)
{
    if (*arguments == '\0') {
        send_error("Command 'db' requires a subcommand");
    } else if (accept(&arguments, "load")) {
        load(arguments);
    } else if (accept(&arguments, "print")) {
        print_inputs();
    } else {
        load_digits(arguments);
    }
}

static void run(uint32_t count)
{
    while (count-- > 0u) {
        model_run();
        if (!results_kept) {
            model_keep_results();
            results_kept = 1;
        }
    }
}

static void send_count(const char *text, uint32_t count)
{
    send_text(text);
    send_number(count);
    send_text("\r\n");
}

static void infer(const char *arguments)
{
    uint32_t count = 1, warmups = DEFAULT_WARMUPS;
    if (*arguments != '\0' && (!read_number(&arguments, &count) || count == 0u)) {
        send_error("Inference iterations must be >0");
        return;
    }
    if (*arguments == ' ' && !read_number(&arguments, &warmups)) {
        send_error("Inference warmup must be >=0");
        return;
    }
    send_count("m-warmup-start-", warmups);
    run(warmups);
    send_text("m-warmup-done\r\n");
    send_count("m-infer-start-", count);
    send_timestamp();
    run(count);
    send_timestamp();
    send_text("m-infer-done\r\n");
    send_results();
}

int mlperf_command(const char *line)
{
    if (accept(&line, "name")) {
        send_text("m-name-dut-[aot]\r\n");
    } else if (accept(&line, "timestamp")) {
        send_timestamp();
    } else if (accept(&line, "profile")) {
        send_profile();
    } else if (accept(&line, "help")) {
        send_help();
    } else if (accept(&line, "db")) {
        buffer_command(line);
    } else if (accept(&line, "infer")) {
        infer(line);
    } else if (accept(&line, "results")) {
        send_results();
    } else {
        return 0;
    }
    return 1;
}

void mlperf_forget_results(void)
{
    results_kept = 0;
}

void mlperf_greeting(void)
{
    send_text("m-timestamp-mode-performance\r\n");
    send_timestamp();
    send_text("m-init-done\r\nm-ready\r\n");
}
