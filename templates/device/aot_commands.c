/* The commands of aot: binary inputs and outputs with checksums, time, stack, and the output of every layer. */
#include "board.h"
#include "commands.h"
#include "model.h"
#include "wire.h"

#define PROTOCOL_VERSION 2
#define SILENCE_TICKS ((uint64_t)BOARD_TICKS_PER_SECOND) /* give up on a byte that does not come within a second */

#ifdef AOT_TRACE
#define TRACES 1
#else
#define TRACES 0
#endif

static int has_run;      /* since the last input */
static uint32_t ran_crc; /* of the inputs of that run */

static void identify(void)
{
    frame_begin("m-aot-identify");
    frame_number(PROTOCOL_VERSION);
    frame_word(model_name);
    frame_word(model_sha256);
    frame_word(model_code);
    frame_word(model_version);
    frame_number(TRACES);
    frame_number(BOARD_TICKS_PER_SECOND);
    frame_end(NULL, 0);
}

/* The next byte, or -1 after a second of silence: a lost byte must not hang the device for ever. */
static int receive(void)
{
    int byte = board_getchar();
    if (byte < 0) {
        const uint64_t start = board_timestamp();
        while (byte < 0 && board_timestamp() - start < SILENCE_TICKS) {
            byte = board_getchar();
        }
    }
    return byte;
}

static int receive_into(uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        const int byte = receive();
        if (byte < 0) {
            return 0;
        }
        data[i] = (uint8_t)byte;
    }
    return 1;
}

/* `aot-input INDEX OFFSET SIZE CRC`, then SIZE raw bytes for input INDEX from OFFSET on. The CRC covers the four words
 * before it, too, so that good bytes at a wrong place are not accepted; what they overwrote there, `inputs_are_right`
 * notices. */
static void receive_input(const char *line, const char *arguments)
{
    uint32_t index, offset, size, crc;
    const char *end = arguments;
    if (!read_number(&end, &index) || !read_number(&end, &offset) || !read_number(&end, &size)) {
        send_error("aot-input needs INDEX OFFSET SIZE CRC");
        return;
    }
    const uint32_t line_crc = crc32_update(0, (const uint8_t *)line, (size_t)(end - line));
    if (!read_number(&end, &crc) || index >= model_inputs || offset > model_input(index).size ||
        size > model_input(index).size - offset) {
        send_error("aot-input beyond the end of an input");
        return;
    }
    uint8_t *const data = model_input(index).data + offset;
    mlperf_forget_results();
    has_run = 0;
    if (!receive_into(data, size)) {
        send_error("aot-input timed out");
    } else if (crc32_update(line_crc, data, size) != crc) {
        send_error("aot-input checksum");
    } else {
        frame_begin("m-aot-input");
        frame_number(index);
        frame_number(offset);
        frame_end(NULL, 0);
    }
}

static void send_output(const char *arguments)
{
    uint32_t index;
    if (!read_number(&arguments, &index) || index >= model_outputs) {
        send_error("aot-output needs the number of an output");
        return;
    }
    const port_t output = model_output(index);
    frame_begin("m-aot-output");
    frame_number(index);
    frame_number(ran_crc);
    frame_end(output.data, output.size);
}

static void send_done(const char *what)
{
    frame_begin(what);
    frame_end(NULL, 0);
}

/* Whether the inputs are those that the host believes it sent. It says their CRC twice, so that a wrong digit cannot
 * make it look as if they were others. */
static int inputs_are_right(const char *arguments, uint32_t *crc)
{
    uint32_t again, found = 0;
    if (!read_number(&arguments, crc) || !read_number(&arguments, &again) || *crc != again) {
        send_error("the CRC of the inputs is needed twice");
        return 0;
    }
    if (has_run && *crc == ran_crc) {
        return 1;
    }
    for (uint32_t i = 0; i < model_inputs; i++) {
        found = crc32_update(found, model_input(i).data, model_input(i).size);
    }
    if (found != *crc) {
        send_error("aot inputs differ");
    }
    return found == *crc;
}

/* `aot-run CRC CRC`: one inference for each time that inputs came. Sent again, because its answer was lost, it only
 * answers: a model that remembers must not take a step twice. */
static void run_once(const char *arguments)
{
    uint32_t crc;
    if (!inputs_are_right(arguments, &crc)) {
        return;
    }
    if (!has_run) {
        model_run();
        has_run = 1;
        ran_crc = crc;
    }
    send_done("m-aot-run");
}

static void reset(void)
{
    model_reset();
    send_done("m-aot-reset");
}

/* Runs on whatever the inputs hold, which the first run may overwrite: time does not depend on it. */
static void measure_time(const char *arguments)
{
    uint32_t count;
    if (!read_number(&arguments, &count) || count == 0u) {
        send_error("aot-time needs the number of inferences");
        return;
    }
    const uint64_t start = board_timestamp();
    for (uint32_t i = 0; i < count; i++) {
        model_run();
    }
    const uint64_t ticks = board_timestamp() - start;
    frame_begin("m-aot-time");
    frame_number(count);
    frame_number(ticks);
    frame_number(BOARD_TICKS_PER_SECOND);
    frame_end(NULL, 0);
}

static void measure_stack(void)
{
    board_stack_paint();
    model_run();
    const size_t peak = board_stack_peak(); /* before anything else goes as deep */
    frame_begin("m-aot-stack");
    frame_number(peak);
    frame_end(NULL, 0);
}

#ifdef AOT_TRACE
#include "trace.h"

static int tracing;
static uint64_t layer_start;

/* The model calls this after each layer. The time spent in here counts for no layer. */
void aot_trace(int index, const void *data, size_t size)
{
    const uint64_t ticks = board_timestamp() - layer_start;
    if (tracing) {
        frame_begin("m-aot-layer");
        frame_number((uint64_t)index);
        frame_number(ticks);
        frame_end(data, size);
    }
    layer_start = board_timestamp();
}

static void run_layers(const char *arguments)
{
    uint32_t crc;
    has_run = 0;
    if (!inputs_are_right(arguments, &crc)) {
        return;
    }
    tracing = 1;
    layer_start = board_timestamp();
    model_run();
    tracing = 0;
    send_done("m-aot-layers");
}
#else
static void run_layers(const char *arguments)
{
    (void)arguments;
    send_error("this firmware was built without tracing");
}
#endif

int aot_command(const char *line)
{
    const char *arguments = line;
    if (accept(&arguments, "aot-identify")) {
        identify();
    } else if (accept(&arguments, "aot-input")) {
        receive_input(line, arguments);
    } else if (accept(&arguments, "aot-run")) {
        run_once(arguments);
    } else if (accept(&arguments, "aot-reset")) {
        reset();
    } else if (accept(&arguments, "aot-output")) {
        send_output(arguments);
    } else if (accept(&arguments, "aot-layers")) {
        run_layers(arguments);
    } else if (accept(&arguments, "aot-time")) {
        measure_time(arguments);
    } else if (accept(&arguments, "aot-stack")) {
        measure_stack();
    } else {
        return 0;
    }
    return 1;
}
