/* ATSAME70: 300 MHz, and 150 for everything but the core, from the 12 MHz crystal; caches; USART1 on PB4 and PA21. */
#include "board.h"
#include "cortex_m7.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define PMC_PCER0 REGISTER(0x400E0610u)
#define CKGR_MOR REGISTER(0x400E0620u)
#define CKGR_PLLAR REGISTER(0x400E0628u)
#define PMC_MCKR REGISTER(0x400E0630u)
#define PMC_SR REGISTER(0x400E0668u)
#define EEFC_FMR REGISTER(0x400E0C00u)
#define WDT_MR REGISTER(0x400E1854u)
#define CCFG_SYSIO REGISTER(0x40088114u)
#define PIOA 0x400E0E00u
#define PIOB 0x400E1000u
#define PIO_PDR(port) REGISTER((port) + 0x04u)
#define PIO_ABCDSR1(port) REGISTER((port) + 0x70u)
#define PIO_ABCDSR2(port) REGISTER((port) + 0x74u)

#define MOR_KEY (0x37u << 16)
#define MOR_RC_AND_CRYSTAL (1u << 3 | 1u << 0)
#define MOR_SLOW_START (0xFFu << 8)
#define MOR_SELECT_CRYSTAL (1u << 24)
#define PLLAR_TIMES_25 (1u << 29 | 24u << 16 | 63u << 8 | 1u)
#define MCKR_BY_2 (1u << 8)
#define MCKR_MAIN_CLOCK 1u
#define MCKR_PLLA 2u
#define SR_CRYSTAL (1u << 0)
#define SR_PLLA (1u << 1)
#define SR_MASTER_CLOCK (1u << 3)
#define SR_SELECTED (1u << 16)
#define FMR_6_WAIT_STATES (6u << 8 | 1u << 26)
#define WATCHDOG_OFF (1u << 15)
#define SYSIO_PB4 (1u << 4) /* a pin, not the debug port's TDI */
#define ID_PIOA 10u
#define ID_PIOB 11u
#define ID_USART1 14u
#define PATIENCE 1000000u

/* Not for ever: with a broken crystal the board runs on, slowly, on its own oscillator. */
static int wait_for(uint32_t bits)
{
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((PMC_SR & bits) != 0u) {
            return 1;
        }
    }
    return 0;
}

static int start_pll(void)
{
    CKGR_MOR = MOR_KEY | MOR_SLOW_START | MOR_RC_AND_CRYSTAL;
    if (!wait_for(SR_CRYSTAL)) {
        return 0;
    }
    CKGR_MOR = MOR_KEY | MOR_SLOW_START | MOR_RC_AND_CRYSTAL | MOR_SELECT_CRYSTAL;
    if (!wait_for(SR_SELECTED)) {
        return 0;
    }
    CKGR_PLLAR = PLLAR_TIMES_25;
    return wait_for(SR_PLLA);
}

/* The flash first, then the divider, then the source: each may change only while the last one has settled. */
static void use_pll(void)
{
    EEFC_FMR = FMR_6_WAIT_STATES;
    PMC_MCKR = MCKR_BY_2 | MCKR_MAIN_CLOCK;
    (void)wait_for(SR_MASTER_CLOCK);
    PMC_MCKR = MCKR_BY_2 | MCKR_PLLA;
    (void)wait_for(SR_MASTER_CLOCK);
}

static void connect_uart(void)
{
    const uint32_t rx = 1u << BOARD_UART_RX_PIN, tx = 1u << BOARD_UART_TX_PIN;
    PMC_PCER0 = 1u << ID_PIOA | 1u << ID_PIOB | 1u << ID_USART1;
    CCFG_SYSIO |= SYSIO_PB4;
    PIO_ABCDSR1(PIOA) &= ~rx; /* function A */
    PIO_ABCDSR2(PIOA) &= ~rx;
    PIO_PDR(PIOA) = rx;
    PIO_ABCDSR1(PIOB) |= tx; /* function D */
    PIO_ABCDSR2(PIOB) |= tx;
    PIO_PDR(PIOB) = tx;
}

void board_setup(void)
{
    WDT_MR = WATCHDOG_OFF;
    cortex_m7_enable_caches();
    if (start_pll()) {
        use_pll();
    }
    connect_uart();
}
