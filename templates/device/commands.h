/* The commands of the device protocol. Each answer ends with the line m-ready. */
#ifndef COMMANDS_H
#define COMMANDS_H

/* Whether `line` begins with the word `word`; moves *line behind it if so. */
int accept(const char **line, const char *word);

/* Sends `e-[<text>]`. */
void send_error(const char *text);

/* Each executes the command if it is one of its own, and returns whether it was. */
int mlperf_command(const char *line);
int aot_command(const char *line);

/* Sends the lines that the MLPerf Tiny runner expects when a device starts. */
void mlperf_greeting(void);

/* The inputs have changed by other means than `db`, so kept results are no longer theirs. */
void mlperf_forget_results(void);

#endif
