/* What an .ino file finds included: Serial writes to standard output. */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct SerialPort {
    void begin(unsigned long baud) { (void)baud; }
    void print(const char *text) { std::printf("%s", text); }
    void print(long number) { std::printf("%ld", number); }
    void print(int number) { std::printf("%d", number); }
    void print(unsigned long number) { std::printf("%lu", number); }
    void println(const char *text) { std::printf("%s\r\n", text); }
    void println(long number) { std::printf("%ld\r\n", number); }
    void println(double number) { std::printf("%.2f\r\n", number); }
};
static SerialPort Serial;

static inline unsigned long micros() { return 0; }
static inline void delay(unsigned long ms) { std::exit(ms == 0); }

void setup();
void loop();

int main()
{
    setup();
    for (;;) {
        loop();
    }
}
