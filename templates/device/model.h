/* What the firmware knows of the model it carries. */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Memory of an input or output, inside the arena. */
typedef struct {
    uint8_t *data;
    uint32_t size;
} port_t;

extern const char model_name[], model_benchmark_name[], model_sha256[], model_code[], model_version[];
extern const uint32_t model_inputs, model_outputs;

/* Input or output `index`, which must be below model_inputs or model_outputs. */
port_t model_input(uint32_t index);
port_t model_output(uint32_t index);

/* What keeps the model from running, or NULL: the constants may be a file, and that may be wrong. Reads all of it. */
const char *model_problem(void);

/* Forgets what the model remembers from one inference to the next, if it remembers anything. */
void model_reset(void);

/* Where the benchmark's runner loads byte `position`, or NULL beyond the end; call model_loaded after the last. */
uint8_t *model_load_byte(uint32_t position);
void model_loaded(void);

/* One inference. It may overwrite its inputs: they share the arena with everything else. */
void model_run(void);

/* Remembers the outputs of the last inference, and sends what is remembered as comma-separated decimals. */
void model_keep_results(void);
void model_send_results(void);

#endif
