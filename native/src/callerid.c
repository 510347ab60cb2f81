/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "callerid.h"

#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

#include "tipring.h"

enum {
    SEIZURE_BITS = 300, /* GR-30 2.3: 01 pattern, begins with space */
    MARK_BITS = 180,    /* GR-30 2.3 */
    TAIL_BITS = 10,     /* mark after the checksum, so that its stop bit is whole */
    LEVEL_DBM0 = -14,   /* GR-30: -13.5 dBm at the subscriber's end of a short loop */
    SEIZURE_ENOUGH = 32, /* mark bits in a row that arm the framing */
};

/* ---- sending ---- */

typedef struct {
    uint8_t bytes[TR_CALLERID_MAX + 1];
    int count; /* with checksum */
    int bit;   /* next one */
} burst;

static int byte_bit(const burst *b, int bit)
{
    int place = bit % 10; /* start, eight bits with the lowest first, stop */
    if (place == 0)
        return 0;
    return place == 9 ? 1 : b->bytes[bit / 10] >> (place - 1) & 1;
}

static int next_bit(void *user)
{
    burst *b = user;
    int bit = b->bit++;
    if (bit < SEIZURE_BITS)
        return bit & 1;
    bit -= SEIZURE_BITS;
    if (bit < MARK_BITS)
        return 1;
    bit -= MARK_BITS;
    if (bit < b->count * 10)
        return byte_bit(b, bit);
    return bit < b->count * 10 + TAIL_BITS ? 1 : SIG_STATUS_END_OF_DATA;
}

static const fsk_spec_t *spec_of(int fsk)
{
    return &preset_fsk_specs[fsk == TR_FSK_V23 ? FSK_V23CH1 : FSK_BELL202];
}

static void load_burst(burst *b, const uint8_t *message, size_t length)
{
    uint8_t sum = 0;
    memset(b, 0, sizeof(*b));
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + message[i]);
    memcpy(b->bytes, message, length);
    b->bytes[length] = (uint8_t)-sum;
    b->count = (int)length + 1;
}

int tr_callerid_render(int fsk, const uint8_t *message, size_t length, uint32_t delay_ms,
                       int16_t **samples, size_t *count)
{
    burst b;
    load_burst(&b, message, length);
    size_t bits = (size_t)(SEIZURE_BITS + MARK_BITS + b.count * 10 + TAIL_BITS);
    size_t delay = (size_t)delay_ms * 8, space = bits * 20 / 3 + 80;
    fsk_tx_state_t *tx = fsk_tx_init(NULL, spec_of(fsk), next_bit, &b);
    *samples = calloc(delay + space, sizeof(int16_t));
    if (!tx || !*samples) {
        free(*samples);
        if (tx)
            fsk_tx_free(tx);
        return -1;
    }
    fsk_tx_power(tx, LEVEL_DBM0);
    *count = delay + (size_t)fsk_tx(tx, *samples + delay, (int)space);
    fsk_tx_free(tx);
    return 0;
}

/* ---- receiving ---- */

struct tr_callerid_rx {
    fsk_rx_state_t *fsk;
    tr_callerid_heard heard;
    void *user;
    int marks;    /* mark bits in a row while waiting */
    int armed;    /* the mark was seen: bytes follow */
    int bit;      /* -1: waiting for a start bit, else bits of this byte so far */
    unsigned shift;
    size_t count;
    uint8_t bytes[TR_CALLERID_MAX + 1];
};

static void start_waiting(tr_callerid_rx *rx)
{
    rx->armed = 0;
    rx->marks = 0;
    rx->bit = -1;
    rx->count = 0;
}

static void finish(tr_callerid_rx *rx, int ok)
{
    size_t length = rx->count;
    start_waiting(rx);
    rx->heard(rx->user, rx->bytes, length, ok);
}

static void take_byte(tr_callerid_rx *rx, uint8_t byte)
{
    rx->bytes[rx->count++] = byte;
    if (rx->count < 2 || rx->count < (size_t)rx->bytes[1] + 3)
        return;
    uint8_t sum = 0;
    for (size_t i = 0; i < rx->count; i++)
        sum = (uint8_t)(sum + rx->bytes[i]);
    rx->count--; /* the checksum is not part of the message */
    finish(rx, sum == 0);
}

static void take_bit(tr_callerid_rx *rx, int bit)
{
    if (!rx->armed) {
        rx->marks = bit ? rx->marks + 1 : 0;
        rx->armed = rx->marks >= SEIZURE_ENOUGH;
        return;
    }
    if (rx->bit < 0) {
        if (!bit)
            rx->bit = 0, rx->shift = 0;
        return;
    }
    if (rx->bit < 8) {
        rx->shift |= (unsigned)bit << rx->bit++;
        return;
    }
    rx->bit = -1;
    take_byte(rx, (uint8_t)rx->shift); /* a missing stop bit shows in the checksum */
}

static void put_bit(void *user, int bit)
{
    tr_callerid_rx *rx = user;
    if (bit >= 0)
        take_bit(rx, bit);
    else if (bit == SIG_STATUS_CARRIER_DOWN && rx->count >= 2)
        finish(rx, 0); /* the burst broke off inside the message */
    else
        start_waiting(rx);
}

tr_callerid_rx *tr_callerid_create(int fsk, tr_callerid_heard heard, void *user)
{
    tr_callerid_rx *rx = calloc(1, sizeof(*rx));
    if (!rx)
        return NULL;
    rx->heard = heard;
    rx->user = user;
    start_waiting(rx);
    rx->fsk = fsk_rx_init(NULL, spec_of(fsk), FSK_FRAME_MODE_ASYNC, put_bit, rx);
    if (!rx->fsk) {
        free(rx);
        return NULL;
    }
    fsk_rx_signal_cutoff(rx->fsk, -42.0f);
    return rx;
}

void tr_callerid_destroy(tr_callerid_rx *rx)
{
    if (!rx)
        return;
    fsk_rx_free(rx->fsk);
    free(rx);
}

void tr_callerid_feed(tr_callerid_rx *rx, const int16_t *samples, size_t n)
{
    fsk_rx(rx->fsk, samples, (int)n);
}
