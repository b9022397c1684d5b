/*
 * A QEMU TCG plugin: counts the executed blocks of one inference.
 *
 * Arguments: run=A, end=B: the function to watch lies from address A up to B; stop=C: a function that is called before
 * and after it; out=FILE. From the first time A is executed until C is executed next, each block is counted, together
 * with its context: the last instruction of the block of [A, B) that was executed most recently, which for a block
 * in a called function is the call. A line for each block and context:
 *     context first-instruction instructions executions jumps unaligned-accesses
 * A jump is an execution that was not followed by the block that lies behind.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of QEMU's plugin interface (qemu-plugin.h, which distributions do not ship); the same in all versions. */
#ifndef API_VERSION
#define API_VERSION 1
#endif
#define EXPORT __attribute__((visibility("default")))
enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_t)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*executed_t)(unsigned cpu, void *data);
typedef void (*accessed_t)(unsigned cpu, uint32_t info, uint64_t address, void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_t callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, executed_t callback, int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, accessed_t callback, int flags, int rw, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(uint32_t info);
EXPORT int qemu_plugin_version = API_VERSION;

struct cell {
    struct cell *next;
    uint64_t context, executions, jumps, unaligned;
};

struct block {
    struct block *next;
    uint64_t first, last, behind, instructions;
    struct cell *cells; /* the one used last comes first */
};

static uint64_t run, end, stop;
static const char *out;
static struct block *blocks, *previous;
static uint64_t context;
static int inside, done;

static void *allocated(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* The cell of the current context, moved to the front. */
static struct cell *cell_of(struct block *block)
{
    for (struct cell **at = &block->cells; *at != NULL; at = &(*at)->next) {
        struct cell *cell = *at;
        if (cell->context == context) {
            *at = cell->next;
            cell->next = block->cells;
            block->cells = cell;
            return cell;
        }
    }
    struct cell *cell = allocated(sizeof *cell);
    cell->context = context;
    cell->next = block->cells;
    block->cells = cell;
    return cell;
}

/* To another name first: whoever waits for the file sees all of it. */
static void write_counts(void)
{
    char *partial = allocated(strlen(out) + sizeof ".part");
    FILE *file = fopen(strcat(strcpy(partial, out), ".part"), "w");
    if (file == NULL) {
        abort();
    }
    for (const struct block *b = blocks; b != NULL; b = b->next) {
        for (const struct cell *c = b->cells; c != NULL; c = c->next) {
            fprintf(file, "%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", c->context,
                    b->first, b->instructions, c->executions, c->jumps, c->unaligned);
        }
    }
    if (fclose(file) != 0 || rename(partial, out) != 0) {
        abort();
    }
    free(partial);
}

static void executed(unsigned cpu, void *data)
{
    struct block *block = data;
    (void)cpu;

    if (done) {
        return;
    }
    if (inside && previous != NULL && previous->behind != block->first) {
        previous->cells->jumps++;
    }
    if (block->first == run) {
        inside = 1;
        context = run;
    }
    if (!inside) {
        return;
    }
    if (block->first == stop) {
        write_counts();
        done = 1;
        return;
    }
    if (block->first >= run && block->first < end) {
        context = block->last;
    }
    cell_of(block)->executions++;
    previous = block;
}

static void accessed(unsigned cpu, uint32_t info, uint64_t address, void *data)
{
    struct block *block = data;
    (void)cpu;

    if (inside && !done && (address & ((1u << qemu_plugin_mem_size_shift(info)) - 1u)) != 0 && block->cells != NULL) {
        block->cells->unaligned++;
    }
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    struct block *block = allocated(sizeof *block);
    struct qemu_plugin_insn *insn = NULL;
    (void)id;

    block->instructions = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < block->instructions; i++) {
        insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, NO_REGISTERS, READS_AND_WRITES, block);
    }
    block->first = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    block->last = qemu_plugin_insn_vaddr(insn);
    block->behind = block->last + qemu_plugin_insn_size(insn);
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, NO_REGISTERS, block);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int count, char **arguments)
{
    (void)info;
    for (int i = 0; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL) {
            return 1;
        }
        *value++ = '\0';
        if (strcmp(arguments[i], "out") == 0) {
            out = strdup(value);
        } else {
            uint64_t *number = arguments[i][0] == 'r' ? &run : arguments[i][0] == 'e' ? &end : &stop;
            *number = strtoull(value, NULL, 0);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return out == NULL;
}
