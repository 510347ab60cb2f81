/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RTP under the sanitizers: noise in buffers of exactly its length; meaning is tested in Python. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "rtp.h"

static unsigned seed = 1;

static unsigned chance(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Random bytes that are often nearly an RTP packet. */
static uint8_t *noise(size_t n)
{
    uint8_t *data = malloc(n ? n : 1);
    for (size_t i = 0; i < n; i++)
        data[i] = (uint8_t)chance(256);
    if (n && chance(8))
        data[0] = (uint8_t)(0x80 | (data[0] & 0x3f & (chance(2) ? 0x30 : 0x3f)));
    return data;
}

static void noise_is_parsed_inside_its_bounds(void)
{
    int parsed = 0;
    for (int round = 0; round < 200000; round++) {
        size_t n = chance(90);
        uint8_t *data = noise(n), *copy = malloc(n ? n : 1);
        tr_rtp_packet packet;
        if (tr_rtp_parse(data, n, &packet) == TR_RTP_OK) {
            parsed++;
            CHECK(packet.payload >= data + TR_RTP_HEADER);
            CHECK(packet.payload + packet.payload_len <= data + n);
            CHECK(tr_rtp_build(&packet, copy, n) == (int)(TR_RTP_HEADER + packet.payload_len));
        }
        free(data);
        free(copy);
    }
    CHECK(parsed > 10000);
}

static void noise_through_lock_and_events(void)
{
    tr_rtp_source source = {0};
    tr_rtp_event_rx events = {0};
    uint64_t now = 0;
    for (int round = 0; round < 100000; round++) {
        uint8_t payload[4] = {(uint8_t)chance(20), (uint8_t)chance(256), 0, (uint8_t)chance(256)};
        tr_rtp_packet packet = {.payload_type = 101, .seq = (uint16_t)chance(65536),
                                .ts = chance(100000), .ssrc = chance(3), .payload = payload,
                                .payload_len = chance(5)};
        now += chance(4000);
        tr_rtp_source_result result = tr_rtp_source_check(&source, 1 + chance(3), &packet, now);
        CHECK(result == TR_RTP_SOURCE_OK || source.heard_at == now || !result);
        char digit = tr_rtp_event_receive(&events, &packet);
        CHECK(digit == 0 || strchr("0123456789*#ABCD", digit));
    }
}

static void every_event_ends(void)
{
    tr_rtp_event_tx tx = {0};
    for (int round = 0; round < 10000; round++) {
        uint8_t payload[TR_RTP_EVENT_PAYLOAD];
        tr_rtp_packet packet = {0};
        uint32_t total = 1 + chance(64000), step = 80 + chance(400), packets = 0;
        CHECK(tr_rtp_event_start(&tx, "0123456789*#ABCD"[chance(16)], 1, total, 10) == 0);
        while (tr_rtp_event_next(&tx, step, payload, &packet))
            packets++;
        CHECK(packets == (total + step - 1) / step + 2);
        CHECK(((uint32_t)payload[2] << 8 | payload[3]) == total);
    }
}

CHECK_MAIN(TEST(noise_is_parsed_inside_its_bounds), TEST(noise_through_lock_and_events),
           TEST(every_event_ends))
