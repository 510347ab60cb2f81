/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the engine share: orders, ports, the engine itself.
 *
 * Ownership: the control thread makes everything and frees everything. An order carries an object
 * to the engine thread; the engine hands back what it no longer needs through `returned`. A port's
 * members are marked with the thread that may touch them while the port is open.
 */
#ifndef TIPRING_CORE_H
#define TIPRING_CORE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "card.h"
#include "detect.h"
#include "echo.h"
#include "jitter.h"
#include "player.h"
#include "recorder.h"
#include "ring.h"
#include "rtp.h"
#include "snapshot.h"
#include "tipring.h"

enum {
    TR_MAX_BRIDGES = TR_MAX_LEGS,
    TR_HISTORY = 1024,        /* samples sent, kept to tell an echo of a digit from a digit */
    TR_MAX_PTIME_SAMPLES = 480,
    TR_MAX_INSERTS = 8,       /* digit strings and bursts waiting on one leg */
};

/* Where an RTP leg sends and what it expects: one order's worth. */
typedef struct {
    struct sockaddr_in remote;
    int codec, payload_type, dtmf_payload_type;
    uint32_t ptime; /* samples */
    int send, receive;
} tr_rtp_settings;

typedef struct {
    int fd, rtcp_fd;
    int connected;
    tr_rtp_settings settings; /* remote: where we send now */
    struct sockaddr_in negotiated; /* remote as signalled */
    tr_rtp_source source;
    tr_jitter *jitter;
    tr_rtp_event_rx event_rx;
    tr_rtp_event_tx event_tx;
    uint16_t seq;
    uint32_t ts, ssrc;
    int talkspurt;         /* the next packet begins one: marker bit */
    int16_t pending[TR_MAX_PTIME_SAMPLES];
    uint32_t fill;
    int64_t heard_at;      /* engine sample count */
    int64_t event_packets; /* not seen by the jitter buffer, so it takes them for lost */
    int lost_reported;
} tr_rtp_leg;

typedef struct tr_port {
    int32_t leg, kind;
    struct tr_engine *engine;
    /* control thread */
    char *tag;
    size_t tag_length;
    int32_t channel, rtp_port, bridge_id;
    int has_events;        /* RFC 4733 was negotiated */
    int inserts_waiting;   /* given and not yet handed back */
    /* engine thread */
    int index;             /* in engine->ports */
    int bridge;            /* slot, -1: none */
    float receive_gain, transmit_gain;
    tr_echo *echo;         /* card legs: the channel's, or null */
    tr_rtp_leg *rtp;
    tr_player *play;
    tr_player *inserts;    /* digits and caller ID: go before play */
    int digits_guard;      /* ticks in which our own digits may come back as echo */
    tr_detector *detector;
    tr_recorder *recorder;
    int16_t rx[TR_TICK_SAMPLES], tx[TR_TICK_SAMPLES];
    int16_t history[TR_HISTORY]; /* tx, ring */
    uint32_t history_at;
    double echo_energy;    /* of what we sent when the card took in this tick; RTP: 0 */
    double rx_energy, tx_energy; /* of the stretch now measured */
    tr_leg_stats stats;
    tr_snapshot snapshot;
} tr_port;

typedef enum {
    TR_ORDER_OPEN,
    TR_ORDER_CLOSE,
    TR_ORDER_CONNECT,   /* object: tr_rtp_settings */
    TR_ORDER_PLAY,      /* object: tr_player or null */
    TR_ORDER_INSERT,    /* object: tr_player */
    TR_ORDER_JOIN,      /* object: tr_join */
    TR_ORDER_LEAVE,
    TR_ORDER_RECORD,    /* object: tr_recorder */
    TR_ORDER_STOP_RECORD, /* value: samples to cut */
    TR_ORDER_DETECT,    /* object: tr_detector */
} tr_order_kind;

typedef struct {
    int32_t kind;
    uint32_t value;
    tr_port *port;
    void *object;
} tr_order;

typedef struct {
    int bridge; /* slot */
    size_t count;
    tr_port *ports[];
} tr_join;

typedef enum {
    TR_RETURN_PORT,
    TR_RETURN_PLAYER,
    TR_RETURN_INSERT,
    TR_RETURN_DETECTOR,
    TR_RETURN_MEMORY, /* plain malloc */
} tr_return_kind;

typedef struct {
    int32_t kind;
    tr_port *port; /* of an insert; null when the port has gone */
    void *object;
} tr_return;

typedef struct {
    int members;
    int32_t sum[TR_TICK_SAMPLES];
} tr_bridge;

struct tr_engine {
    tr_ring orders;        /* tr_order: control -> engine */
    tr_ring returned;      /* tr_return: engine -> control */
    tr_ring events;        /* tr_event: engine -> control */
    tr_ring writer_events; /* tr_event: writer thread -> control */
    int event_fd;
    pthread_t thread;
    _Atomic int stop;
    tr_writer *writer;
    tr_card *_Atomic card_made; /* set once by the control thread */
    /* control thread */
    char error[TR_MAX_TEXT];
    struct in_addr rtp_address;
    uint16_t port_low, port_high, next_port;
    tr_port *legs[TR_MAX_LEGS];
    int leg_count;
    int32_t bridge_ids[TR_MAX_BRIDGES]; /* by slot, 0: free */
    tr_echo *echoes[TR_MAX_CHANNELS];   /* kept from call to call: the line stays the same */
    /* engine thread */
    tr_card *card;         /* card_made as of this tick */
    tr_port *ports[TR_MAX_LEGS];
    int port_count;
    tr_bridge bridges[TR_MAX_BRIDGES];
    int64_t sample;
    int64_t card_due_us;   /* when the card's next block is due by its own count */
    int events_posted;     /* in this tick: the event fd must be told */
    tr_stats stats;
    tr_snapshot snapshot;
};

/* ---- engine.c (engine thread) ---- */
void tr_engine_post(tr_engine *engine, tr_event *event);
void tr_engine_post_text(tr_engine *engine, int32_t kind, int32_t leg, int32_t id, const char *text);
void tr_engine_return(tr_engine *engine, tr_return_kind kind, tr_port *port, void *object);
void *tr_engine_thread(void *engine);

/* ---- port.c (engine thread) ---- */
void tr_port_receive(tr_port *port);   /* fills rx; detectors, recorder */
void tr_port_transmit(tr_port *port);  /* fills tx from player, bridge or nothing, and sends it */
void tr_port_play(tr_port *port, tr_player *player);
void tr_port_insert(tr_port *port, tr_player *player);
void tr_port_end_recording(tr_port *port, tr_record_end end, uint32_t trim_samples);
void tr_port_report(tr_port *port, const tr_event *event); /* fills in the leg */

/* ---- rtpleg.c ---- */
tr_rtp_leg *tr_rtp_leg_create(int fd, int rtcp_fd);  /* control thread; owns the sockets */
void tr_rtp_leg_destroy(tr_rtp_leg *rtp);            /* control thread */
void tr_rtp_leg_connect(tr_port *port, const tr_rtp_settings *settings); /* engine thread */
void tr_rtp_leg_receive(tr_port *port);              /* engine thread: fills port->rx */
void tr_rtp_leg_transmit(tr_port *port);             /* engine thread: sends port->tx */

/* ---- bridge.c (engine thread) ---- */
void tr_bridge_join(tr_engine *engine, const tr_join *join);
void tr_bridge_leave(tr_port *port);
void tr_bridge_mix(tr_engine *engine); /* sums what all members said */
void tr_bridge_hear(tr_port *port);    /* fills port->tx with what the others said */

#endif
