/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The media engine as Python sees it: the only header that cffi reads.
 *
 * An engine owns one real-time thread (10 ms tick), one thread that writes recordings and, once a
 * card is started, one that opens its sound stream. A leg is a port of the engine: a card channel
 * or an RTP port pair, named by the exchange's leg number.
 *
 * Threads. All functions here belong to the *control thread*: any thread, but one at a time for
 * one engine. They talk to the engine thread through a single-producer ring; none waits for a
 * tick, and none holds a lock that the engine thread takes. tr_event_fd() becomes readable when
 * tr_take_event() has something to give.
 *
 * Results are 0 or a count, or a negative tr_error; tr_last_error() has the sentence. Audio is
 * int16 linear, 8,000 Hz, 80 samples a tick. Text is UTF-8 with its length beside it or, where the
 * name says `path`, `host` or `device`, zero-terminated.
 */
#ifndef TIPRING_H
#define TIPRING_H

#include <stddef.h>
#include <stdint.h>

typedef struct tr_engine tr_engine;

#define TR_TICK_SAMPLES 80
#define TR_SAMPLE_RATE 8000
#define TR_MAX_LEGS 1024      /* open at the same time */
#define TR_MAX_CHANNELS 64    /* of one card */
#define TR_MAX_TEMPLATES 16   /* tones listened for on one leg */
#define TR_MAX_SEGMENTS 16    /* of one tone */
#define TR_MAX_TEXT 512       /* bytes of a reason or of event data */
#define TR_MAX_TAG 65536      /* bytes of a leg's tag */

typedef enum {
    TR_OK = 0,
    TR_ERR_MEMORY = -1,    /* out of memory or of legs */
    TR_ERR_ARGUMENT = -2,  /* a value out of its range */
    TR_ERR_NO_LEG = -3,    /* no such leg is open */
    TR_ERR_EXISTS = -4,    /* leg, channel or recording is already in use */
    TR_ERR_SYSTEM = -5,    /* the operating system refused; the sentence says what */
    TR_ERR_FORMAT = -6,    /* an audio file that cannot be used; the sentence says why */
    TR_ERR_BUSY = -7,      /* the engine thread does not take orders */
    TR_ERR_KIND = -8,      /* this kind of leg cannot do that */
} tr_error;

typedef enum { TR_LEG_CARD = 1, TR_LEG_RTP = 2 } tr_leg_kind;
typedef enum { TR_CODEC_PCMA = 1, TR_CODEC_PCMU = 2 } tr_codec;
typedef enum { TR_FSK_NONE = 0, TR_FSK_BELL202 = 1, TR_FSK_V23 = 2 } tr_fsk;

typedef enum {
    TR_EVENT_DIGIT = 1,        /* id: ASCII digit; value: 1 when it came as RFC 4733, else 0 */
    TR_EVENT_TONE = 2,         /* id: the template's id; since_sample */
    TR_EVENT_TONE_ENDED = 3,   /* id */
    TR_EVENT_VOICE = 4,
    TR_EVENT_CALLER_ID = 5,    /* data: message without checksum; id: 1 checksum right, else 0 */
    TR_EVENT_CALLER_ID_SENT = 6,
    TR_EVENT_DIGITS_SENT = 7,
    TR_EVENT_PLAY_ENDED = 8,   /* id: play; data: reason text */
    TR_EVENT_RECORD_ENDED = 9, /* id: record; value: seconds, 0 without a file; data: reason text */
    TR_EVENT_RTP_LOST = 10,    /* value: seconds of silence */
    TR_EVENT_CARD_AUDIO = 11,  /* id: 1 running, 0 not; data: reason text */
    TR_EVENT_CADENCE = 12,     /* data: tr_cadence_figures */
} tr_event_kind;

typedef struct {
    int32_t kind;         /* tr_event_kind */
    int32_t leg;
    int32_t id;
    uint32_t length;      /* of data */
    int64_t at_sample;    /* engine sample count, 8,000 a second */
    int64_t since_sample;
    double value;
    uint8_t data[TR_MAX_TEXT];
} tr_event;

typedef struct {
    double frequency_hz[2]; /* 0: absent */
    double level_dbm0;      /* each frequency */
    uint32_t on_ms;         /* 0: for ever */
    uint32_t off_ms;
} tr_tone_segment;

typedef struct {
    int32_t id;             /* comes back in TR_EVENT_TONE */
    int32_t cycles;         /* on-off rounds before it is reported, 1.. */
    double frequency_hz[2]; /* 0: absent */
    uint32_t on_ms[2];      /* shortest, longest; longest 0: continuous */
    uint32_t off_ms[2];     /* shortest, longest; 0, 0 for a continuous tone */
} tr_tone_template;

typedef struct {
    double frequency_hz[2]; /* lower first; 0: absent */
    int32_t on_ms, off_ms;  /* mean */
    int32_t rounds;         /* that agreed */
    int64_t since_sample;   /* first burst */
} tr_cadence_figures;

typedef struct {
    int32_t leg;
    int32_t kind;     /* tr_leg_kind */
    int32_t channel;  /* card channel, -1 for RTP */
    int32_t rtp_port; /* local RTP port, 0 for card */
    int32_t bridge;   /* 0 when in none */
} tr_leg_info;

typedef struct {
    int64_t ticks;
    int64_t sample;            /* engine sample count */
    int64_t late_ticks;        /* began more than 2 ms after their time */
    int64_t max_late_us;
    int64_t skipped_ticks;     /* given up after a stop of more than 500 ms */
    int64_t tick_us_total;     /* wall time spent in ticks */
    int64_t max_tick_us;
    int64_t realtime;          /* 1 when the thread runs under SCHED_FIFO */
    int64_t card_running;
    int64_t card_xruns;
    int64_t card_starts;
    int64_t card_lead_samples; /* playback ahead of capture: grows after underruns */
    int64_t events_lost;       /* Python did not take them in time */
    int64_t record_overruns;   /* samples not recorded because the disk stood still */
    int64_t legs;
} tr_stats;

typedef struct {
    int64_t packets_received;
    int64_t packets_sent;
    int64_t packets_lost;
    int64_t packets_late;
    int64_t packets_refused;    /* malformed, of strangers, or of another payload type */
    int64_t concealed_samples;
    int64_t jitter_samples;
    int64_t delay_samples;      /* of the jitter buffer */
    int64_t send_errors;
    double erl_db;
    double erle_db;
    double receive_dbm0;        /* level of the last 100 ms, -90 when silent */
    double transmit_dbm0;
} tr_leg_stats;

/* ---- engine (control thread) ---- */

/* Start an engine and its threads. RTP port pairs come from port_low..port_high of rtp_host (a
 * numeric IPv4 address), or from the system when both are 0. Null when out of memory or when the
 * address is none; `error` then holds a sentence, at most error_size bytes with the final zero. */
tr_engine *tr_engine_create(const char *rtp_host, uint16_t port_low, uint16_t port_high,
                            char *error, size_t error_size);

/* Stop the threads, close all legs and files (recordings are kept), free everything. May block
 * until recordings are on the disk. */
void tr_engine_destroy(tr_engine *engine);

/* Sentence of the last call that failed; valid until the next call. */
const char *tr_last_error(const tr_engine *engine);

/* Readable when events wait; owned by the engine, level triggered until they are taken. */
int tr_event_fd(const tr_engine *engine);

/* 1 and the oldest event, or 0 when none waits. */
int tr_take_event(tr_engine *engine, tr_event *event);

/* Figures of the engine as of its last tick; never blocks it. */
int tr_read_stats(tr_engine *engine, tr_stats *stats);

/* ---- legs (control thread) ---- */

/* Bind a leg to a channel of the card. Gains -40..40 dB. */
int tr_open_card(tr_engine *engine, int32_t leg, int32_t channel, int32_t echo_canceller,
                 double receive_gain_db, double transmit_gain_db);

/* Open an even UDP port and the next one. Returns the even port. */
int tr_open_rtp(tr_engine *engine, int32_t leg);

/* Where to send, what to expect; may be called again at any time. ptime 10, 20 .. 60 ms,
 * dtmf_payload_type -1 for none. */
int tr_connect_rtp(tr_engine *engine, int32_t leg, const char *host, uint16_t port, int32_t codec,
                   int32_t payload_type, int32_t ptime_ms, int32_t dtmf_payload_type, int32_t send,
                   int32_t receive);

int tr_close_leg(tr_engine *engine, int32_t leg);

/* Keep a text with the leg. */
int tr_tag_leg(tr_engine *engine, int32_t leg, const char *tag, size_t length);

/* The open legs, at most `capacity`; returns how many there are. */
int tr_list_legs(tr_engine *engine, tr_leg_info *legs, size_t capacity);

/* The leg's tag into `tag`; returns its whole length. */
int tr_read_tag(tr_engine *engine, int32_t leg, char *tag, size_t capacity);

int tr_read_leg_stats(tr_engine *engine, int32_t leg, tr_leg_stats *stats);

/* ---- playing (control thread; files are read here) ---- */

/* Play WAV files one after the other without a gap. Files that cannot be used are skipped and
 * named in TR_EVENT_PLAY_ENDED. */
int tr_play_files(tr_engine *engine, int32_t leg, int32_t play, const char *const *paths,
                  size_t count, int32_t loop);

/* repeat 0: for ever, else TR_EVENT_PLAY_ENDED follows after that many rounds. */
int tr_play_tone(tr_engine *engine, int32_t leg, int32_t play, const tr_tone_segment *segments,
                 size_t count, int32_t repeat);

/* Stops files, tones and caller ID; digits being sent go on. */
int tr_stop_playing(tr_engine *engine, int32_t leg);

/* digits 0-9 * # A-D and "," (500 ms pause), at most 128. RFC 4733 where the leg has it. */
int tr_send_digits(tr_engine *engine, int32_t leg, const char *digits, size_t length, int32_t on_ms,
                   int32_t off_ms, double level_dbm0);

/* Channel seizure, mark, message and checksum by FSK after delay_ms; message 2..255 bytes. */
int tr_send_caller_id(tr_engine *engine, int32_t leg, int32_t fsk, const uint8_t *message,
                      size_t length, int32_t delay_ms);

/* ---- bridges (control thread) ---- */

/* These legs and no others are in the bridge (bridge >= 1). */
int tr_join_bridge(tr_engine *engine, int32_t bridge, const int32_t *legs, size_t count);
int tr_leave_bridge(tr_engine *engine, int32_t leg);

/* ---- recording (control thread) ---- */

/* Record what the leg's party says into path, written as path + ".part" until it is complete.
 * silence_s 0: never end on silence. */
int tr_start_recording(tr_engine *engine, int32_t leg, int32_t record, const char *path,
                       double max_s, double silence_s);
int tr_stop_recording(tr_engine *engine, int32_t leg, double trim_s);

/* ---- detection (control thread) ---- */

/* What to listen for on a leg from now on. measure: also tell any steady cadenced tone. */
int tr_detect(tr_engine *engine, int32_t leg, int32_t digits, const tr_tone_template *templates,
              size_t count, int32_t voice, int32_t caller_id_fsk,
              int32_t measure);

/* ---- the card's sound stream (control thread) ---- */

/* Open this ALSA device (capture and playback, S16, 8 kHz) and keep it open: a thread of the
 * engine opens it again every second while it is away. TR_EVENT_CARD_AUDIO tells its state. */
int tr_start_card(tr_engine *engine, const char *device, int32_t channels);

#endif
