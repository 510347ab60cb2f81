/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole engine in real time, over RTP on loopback: audio, bridges, recordings, faults. */
#include <arpa/inet.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "mix.h"
#include "tipring.h"
#include "wav.h"

static char folder[] = "/tmp/tipring-ctest-XXXXXX";
static int ports[64];

static void wait_ms(int ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static tr_engine *start(void)
{
    char why[256] = "";
    tr_engine *engine = tr_engine_create("127.0.0.1", 0, 0, why, sizeof(why));
    CHECK(engine != NULL);
    return engine;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The next event of this kind; others are passed over. 0 when none came in time. */
static int await(tr_engine *engine, int kind, tr_event *event, int ms)
{
    int64_t end = now_ms() + ms;
    struct pollfd fd = {.fd = tr_event_fd(engine), .events = POLLIN};
    for (;;) {
        while (tr_take_event(engine, event))
            if (event->kind == kind)
                return 1;
        int64_t left = end - now_ms();
        if (left <= 0)
            return 0;
        poll(&fd, 1, (int)left);
    }
}

/* Legs a and b send to each other. */
static void connect_two(tr_engine *engine, int a, int b, int codec, int events)
{
    ports[a] = tr_open_rtp(engine, a);
    ports[b] = tr_open_rtp(engine, b);
    CHECK(ports[a] > 0 && ports[a] % 2 == 0 && ports[b] > 0);
    int type = codec == TR_CODEC_PCMA ? 8 : 0;
    CHECK(tr_connect_rtp(engine, a, "127.0.0.1", (uint16_t)ports[b], codec, type, 20, events, 1,
                         1) == 0);
    CHECK(tr_connect_rtp(engine, b, "127.0.0.1", (uint16_t)ports[a], codec, type, 20, events, 1,
                         1) == 0);
}

static const char *path_of(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static void play_sine(tr_engine *engine, int leg, double hz, double dbm0)
{
    const tr_tone_segment segment = {{hz, 0}, dbm0, 0, 0};
    CHECK(tr_play_tone(engine, leg, 0, &segment, 1, 0) == 0);
}

static double share_of(const int16_t *samples, size_t n, double hz)
{
    double re = 0.0, im = 0.0;
    for (size_t i = 0; i < n; i++) {
        re += samples[i] * cos(2.0 * M_PI * hz * (double)i / 8000.0);
        im += samples[i] * sin(2.0 * M_PI * hz * (double)i / 8000.0);
    }
    return 2.0 * (re * re + im * im) / ((double)n * (tr_mix_energy(samples, n) + 1.0));
}

/* The best 50 ms: a loaded machine lets the sound begin late, or splices it, in some of them. */
static double best_share_of(const int16_t *samples, size_t n, double hz)
{
    const size_t piece = 400;
    double best = 0.0;
    for (size_t at = 0; at + piece <= n; at += piece) {
        double share = share_of(samples + at, piece, hz);
        best = share > best ? share : best;
    }
    return best;
}

static int16_t *read_back(const char *name, size_t *count)
{
    int16_t *samples = NULL;
    char why[128] = "";
    CHECK(tr_wav_load(path_of(name), &samples, count, why, sizeof(why)) == 0);
    return samples;
}

/* Record the leg for a while; the file's samples. */
static int16_t *record(tr_engine *engine, int leg, const char *name, int ms, size_t *count)
{
    tr_event event;
    CHECK(tr_start_recording(engine, leg, 1, path_of(name), 60.0, 0.0) == 0);
    wait_ms(ms);
    CHECK(tr_stop_recording(engine, leg, 0.0) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000) && event.leg == leg);
    return read_back(name, count);
}

static void sound_goes_through_both_laws(void)
{
    for (int codec = TR_CODEC_PCMA; codec <= TR_CODEC_PCMU; codec++) {
        tr_engine *engine = start();
        size_t n = 0;
        connect_two(engine, 1, 2, codec, -1);
        play_sine(engine, 1, 1004.0, -10.0);
        wait_ms(200);
        int16_t *samples = record(engine, 2, "sine.wav", 500, &n);
        CHECK(n >= 3200 && share_of(samples, n, 1004.0) > 0.99);
        CHECK(n > 0 && fabs(tr_mix_dbm0(tr_mix_energy(samples, n) / (double)n) + 10.0) < 0.5);
        free(samples);
        tr_engine_destroy(engine);
    }
}

static void digits_go_in_band_and_as_events(void)
{
    static const int payload_types[] = {-1, 101};
    for (int i = 0; i < 2; i++) {
        tr_engine *engine = start();
        tr_event event;
        connect_two(engine, 1, 2, TR_CODEC_PCMA, payload_types[i]);
        CHECK(tr_detect(engine, 2, 1, NULL, 0, 0, 0, 0) == 0);
        wait_ms(100);
        CHECK(tr_send_digits(engine, 1, "19*,D", 5, 80, 80, -9.0) == 0);
        for (const char *digit = "19*D"; *digit; digit++)
            CHECK(await(engine, TR_EVENT_DIGIT, &event, 3000) && event.id == *digit);
        CHECK(await(engine, TR_EVENT_DIGITS_SENT, &event, 2000) && event.leg == 1);
        CHECK(!await(engine, TR_EVENT_DIGIT, &event, 300)); /* none counted twice */
        tr_engine_destroy(engine);
    }
}

/* Legs 1..15 in a bridge, each connected to an outside leg 21..35 that plays its own frequency. */
static void fifteen_legs_hear_all_but_themselves(void)
{
    tr_engine *engine = start();
    int32_t legs[15];
    size_t n = 0;
    for (int i = 0; i < 15; i++) {
        legs[i] = i + 1;
        connect_two(engine, i + 1, i + 21, TR_CODEC_PCMU, -1);
        play_sine(engine, i + 21, 400.0 + 200.0 * i, -30.0);
    }
    CHECK(tr_join_bridge(engine, 9, legs, 15) == 0);
    wait_ms(300);
    int16_t *samples = record(engine, 24, "fifteen.wav", 800, &n);
    for (int i = 0; i < 15; i++) {
        double share = share_of(samples, n, 400.0 + 200.0 * i);
        CHECK(i == 3 ? share < 0.002 : share > 0.03);
    }
    free(samples);
    tr_stats stats;
    tr_read_stats(engine, &stats);
    CHECK(stats.legs == 30 && stats.max_tick_us > 0);
    tr_engine_destroy(engine);
}

static void loud_bridges_saturate(void)
{
    tr_engine *engine = start();
    const int32_t legs[] = {1, 2, 3};
    size_t n = 0;
    for (int i = 1; i <= 3; i++)
        connect_two(engine, i, i + 20, TR_CODEC_PCMU, -1);
    play_sine(engine, 21, 500.0, 3.0);
    play_sine(engine, 22, 500.0, 3.0);
    CHECK(tr_join_bridge(engine, 1, legs, 3) == 0);
    wait_ms(200);
    int16_t *samples = record(engine, 23, "loud.wav", 300, &n);
    CHECK(best_share_of(samples, n, 500.0) > 0.5); /* wrapped sums would be noise */
    free(samples);
    CHECK(tr_join_bridge(engine, 1, legs, 2) == 0);
    CHECK(tr_leave_bridge(engine, 2) == 0);
    wait_ms(200);
    samples = record(engine, 23, "left.wav", 200, &n);
    CHECK(n > 0 && tr_mix_dbm0(tr_mix_energy(samples, n) / (double)n) < -60.0);
    free(samples);
    tr_engine_destroy(engine);
}

static void write_ramp(const char *name, int first, int count)
{
    uint8_t header[TR_WAV_HEADER];
    FILE *file = fopen(path_of(name), "wb");
    tr_wav_header(header, (uint32_t)count);
    fwrite(header, 1, sizeof(header), file);
    for (int i = 0; i < count; i++) {
        int16_t sample = (int16_t)(6000.0 * sin(2.0 * M_PI * 500.0 * (first + i) / 8000.0));
        fwrite(&sample, sizeof(sample), 1, file);
    }
    fclose(file);
}

/* A sine cut between two files must come out as one sine. */
static void files_play_without_a_gap(void)
{
    tr_engine *engine = start();
    tr_event event;
    size_t n = 0;
    write_ramp("one.wav", 0, 1237);
    write_ramp("two.wav", 1237, 3001);
    const char *paths[] = {path_of("one.wav"), path_of("missing.wav"), path_of("two.wav")};
    connect_two(engine, 1, 2, TR_CODEC_PCMU, -1);
    wait_ms(100);
    CHECK(tr_start_recording(engine, 2, 4, path_of("played.wav"), 60.0, 0.0) == 0);
    CHECK(tr_play_files(engine, 1, 77, paths, 3, 0) == 0);
    CHECK(await(engine, TR_EVENT_PLAY_ENDED, &event, 2000) && event.id == 77);
    CHECK(memmem(event.data, event.length, "missing.wav cannot be read", 26));
    CHECK(!memmem(event.data, event.length, "one.wav", 7));
    wait_ms(150);
    tr_stop_recording(engine, 2, 0.0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000));
    int16_t *samples = read_back("played.wav", &n);
    size_t first = 0;
    while (first < n && abs(samples[first]) < 1000)
        first++;
    CHECK(first + 4200 < n && share_of(samples + first, 4200, 500.0) > 0.99);
    free(samples);
    tr_engine_destroy(engine);
}

static void recordings_end_by_themselves(void)
{
    tr_engine *engine = start();
    tr_event event;
    connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
    CHECK(tr_start_recording(engine, 1, 1, path_of("limit.wav"), 0.3, 0.0) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000));
    CHECK(event.length == 5 && !memcmp(event.data, "limit", 5) && fabs(event.value - 0.3) < 0.001);
    CHECK(tr_start_recording(engine, 1, 2, path_of("silence.wav"), 30.0, 0.4) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000));
    CHECK(event.id == 2 && !memcmp(event.data, "silence", 7));
    play_sine(engine, 2, 440.0, -20.0);
    CHECK(tr_start_recording(engine, 1, 3, path_of("trim.wav"), 30.0, 0.4) == 0);
    wait_ms(700);
    CHECK(tr_stop_recording(engine, 1, 0.5) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000));
    CHECK(event.id == 3 && !memcmp(event.data, "stopped", 7));
    CHECK(event.value > 0.1 && event.value < 0.4);
    CHECK(tr_start_recording(engine, 1, 5, path_of("closed.wav"), 30.0, 0.0) == 0);
    wait_ms(100);
    CHECK(tr_close_leg(engine, 1) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000) && !memcmp(event.data, "closed", 6));
    tr_engine_destroy(engine);
}

static void a_full_disk_costs_only_the_recording(void)
{
    tr_engine *engine = start();
    tr_event event;
    struct rlimit before, small;
    size_t n = 0;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 20000; /* the system refuses to write beyond, as a full disk does */
    connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
    play_sine(engine, 1, 600.0, -15.0);
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK(tr_start_recording(engine, 2, 1, path_of("full.wav"), 60.0, 0.0) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 5000));
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(memmem(event.data, event.length, "could not be continued: File too large", 38));
    free(read_back("full.wav", &n));
    CHECK(n > 4000 && n < 10000);
    free(record(engine, 2, "after.wav", 300, &n));
    CHECK(n >= 1600);
    CHECK(tr_start_recording(engine, 2, 2, "/nowhere/at/all.wav", 60.0, 0.0) == TR_ERR_SYSTEM);
    CHECK(strstr(tr_last_error(engine), "No such file"));
    tr_engine_destroy(engine);
}

/* A message of so many seconds without its file would be stored and never be heard. */
static void a_file_that_cannot_be_completed_has_no_duration(void)
{
    tr_engine *engine = start();
    tr_event event;
    connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
    CHECK(tr_start_recording(engine, 2, 1, path_of("taken.wav"), 60.0, 0.0) == 0);
    CHECK(mkdir(path_of("taken.wav"), 0700) == 0); /* no file can be renamed to it */
    wait_ms(200);
    CHECK(tr_stop_recording(engine, 2, 0.0) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000) && event.value == 0.0);
    CHECK(memmem(event.data, event.length, "could not be completed: Is a directory", 38));
    CHECK(access(path_of("taken.wav.part"), F_OK) < 0);
    CHECK(symlink("/dev/null", path_of("null.wav.part")) == 0); /* takes all, cannot be cut */
    CHECK(tr_start_recording(engine, 2, 2, path_of("null.wav"), 60.0, 0.0) == 0);
    wait_ms(200);
    CHECK(tr_stop_recording(engine, 2, 0.0) == 0);
    CHECK(await(engine, TR_EVENT_RECORD_ENDED, &event, 2000) && event.value == 0.0);
    CHECK(memmem(event.data, event.length, "could not be completed: Invalid argument", 40));
    CHECK(access(path_of("null.wav"), F_OK) < 0);
    tr_engine_destroy(engine);
}

static void malformed_rtp_is_dropped_and_counted(void)
{
    tr_engine *engine = start();
    uint8_t packet[1600];
    struct sockaddr_in to = {.sin_family = AF_INET};
    tr_leg_stats stats;
    connect_two(engine, 1, 2, TR_CODEC_PCMA, 101);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    to.sin_port = htons((uint16_t)ports[1]);
    srand(5);
    for (int i = 0; i < 3000; i++) {
        size_t length = (size_t)rand() % (i % 50 ? 200 : sizeof(packet));
        for (size_t k = 0; k < length; k++)
            packet[k] = (uint8_t)rand();
        if (i % 2)
            packet[0] = 0x80, packet[1] = i % 4 == 1 ? 8 : 101;
        sendto(fd, packet, length, 0, (struct sockaddr *)&to, sizeof(to));
        if (i % 100 == 0)
            wait_ms(10);
    }
    close(fd);
    wait_ms(300);
    CHECK(tr_read_leg_stats(engine, 1, &stats) == 0);
    CHECK(stats.packets_refused > 1000);
    CHECK(stats.packets_received > 10); /* the true sender is still heard */
    tr_engine_destroy(engine);
}

static void silence_of_the_network_is_told_once(void)
{
    tr_engine *engine = start();
    tr_event event;
    connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
    CHECK(tr_connect_rtp(engine, 2, "127.0.0.1", (uint16_t)ports[1], TR_CODEC_PCMA, 8, 20, -1, 0,
                         1) == 0);
    CHECK(await(engine, TR_EVENT_RTP_LOST, &event, 5000) && event.leg == 1);
    CHECK(event.value >= 3.0 && event.value < 3.1);
    CHECK(!await(engine, TR_EVENT_RTP_LOST, &event, 500));
    tr_engine_destroy(engine);
}

static void caller_id_goes_from_leg_to_leg(void)
{
    tr_engine *engine = start();
    tr_event event;
    const uint8_t message[] = {0x80, 4, 2, 2, '1', '2'};
    connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
    CHECK(tr_detect(engine, 2, 0, NULL, 0, 0, TR_FSK_V23, 0) == 0);
    CHECK(tr_send_caller_id(engine, 1, TR_FSK_V23, message, sizeof(message), 100) == 0);
    CHECK(await(engine, TR_EVENT_CALLER_ID_SENT, &event, 3000));
    CHECK(await(engine, TR_EVENT_CALLER_ID, &event, 1000) && event.id == 1);
    CHECK(event.length == sizeof(message) && !memcmp(event.data, message, sizeof(message)));
    CHECK(tr_send_caller_id(engine, 1, TR_FSK_V23, message, sizeof(message), 5000) == 0);
    CHECK(tr_stop_playing(engine, 1) == 0); /* the handset was lifted: the burst must end */
    CHECK(!await(engine, TR_EVENT_CALLER_ID_SENT, &event, 300));
    tr_engine_destroy(engine);
}

static void wrong_orders_are_refused_with_a_sentence(void)
{
    tr_engine *engine = start();
    const tr_tone_segment endless = {{400, 0}, -10, 0, 0};
    const int32_t nobody[] = {1, 99};
    char why[256];
    CHECK(tr_open_rtp(engine, 1) > 0);
    CHECK(tr_open_rtp(engine, 1) == TR_ERR_EXISTS);
    CHECK(tr_open_rtp(engine, 0) == TR_ERR_ARGUMENT);
    CHECK(tr_open_card(engine, 2, 0, 1, 0.0, 0.0) == 0);
    CHECK(tr_open_card(engine, 3, 0, 1, 0.0, 0.0) == TR_ERR_EXISTS);
    CHECK(strstr(tr_last_error(engine), "belongs to leg 2"));
    CHECK(tr_open_card(engine, 3, 64, 1, 0.0, 0.0) == TR_ERR_ARGUMENT);
    CHECK(tr_open_card(engine, 3, 1, 1, NAN, 0.0) == TR_ERR_ARGUMENT);
    CHECK(tr_connect_rtp(engine, 2, "127.0.0.1", 9, 1, 8, 20, -1, 1, 1) == TR_ERR_KIND);
    CHECK(tr_connect_rtp(engine, 1, "localhost", 9, 1, 8, 20, -1, 1, 1) == TR_ERR_ARGUMENT);
    CHECK(tr_connect_rtp(engine, 1, "127.0.0.1", 9, 1, 8, 25, -1, 1, 1) == TR_ERR_ARGUMENT);
    CHECK(tr_connect_rtp(engine, 1, "127.0.0.1", 9, 3, 8, 20, -1, 1, 1) == TR_ERR_ARGUMENT);
    CHECK(tr_join_bridge(engine, 1, nobody, 2) == TR_ERR_NO_LEG);
    CHECK(tr_play_tone(engine, 1, 0, &endless, 1, 3) == TR_ERR_ARGUMENT);
    CHECK(tr_send_digits(engine, 1, "1x", 2, 80, 80, -9.0) == TR_ERR_ARGUMENT);
    CHECK(tr_close_leg(engine, 99) == TR_ERR_NO_LEG);
    CHECK(!tr_engine_create("localhost", 0, 0, why, sizeof(why)) && strstr(why, "IPv4"));
    tr_engine_destroy(engine);
}

static void full_legs_can_be_closed_at_any_moment(void)
{
    const tr_tone_template dial = {
        .id = 1, .cycles = 1, .frequency_hz = {425}, .on_ms = {600, 0}};
    write_ramp("prompt.wav", 0, 8000);
    for (int round = 0; round < 20; round++) {
        tr_engine *engine = start();
        const int32_t legs[] = {1, 2};
        const char *paths[] = {path_of("prompt.wav")};
        connect_two(engine, 1, 2, TR_CODEC_PCMA, -1);
        tr_join_bridge(engine, 1, legs, 2);
        for (int i = 1; i <= 2; i++) {
            tr_play_files(engine, i, 1, paths, 1, 1);
            tr_start_recording(engine, i, i, path_of(i == 1 ? "a.wav" : "b.wav"), 60.0, 0.0);
            tr_detect(engine, i, 1, &dial, 1, 1, TR_FSK_BELL202, 1);
            tr_send_digits(engine, i, "123", 3, 80, 80, -9.0);
            tr_tag_leg(engine, i, "tag", 3);
        }
        wait_ms(round);
        if (round % 2)
            tr_close_leg(engine, 1);
        tr_engine_destroy(engine);
    }
    CHECK(access(path_of("b.wav"), R_OK) == 0);
}

static void any_order(tr_engine *engine, const char *const *paths)
{
    const tr_tone_segment beep = {{400, 450}, -10, (uint32_t)(rand() % 50 + 1), 5};
    const tr_tone_template busy = {
        .id = 1, .cycles = 2, .frequency_hz = {425}, .on_ms = {300, 400}, .off_ms = {300, 400}};
    const uint8_t message[] = {0x80, 2, 1, 0};
    const int32_t legs[] = {rand() % 8 + 1, rand() % 8 + 1, rand() % 8 + 1};
    int32_t leg = rand() % 8 + 1;
    tr_leg_stats stats;
    tr_leg_info infos[8];
    switch (rand() % 18) {
    case 0: tr_open_rtp(engine, leg); break;
    case 1: tr_open_card(engine, leg, rand() % 4, rand() % 2, 0.0, 3.0); break;
    case 2: tr_close_leg(engine, leg); break;
    case 3:
        tr_connect_rtp(engine, leg, "127.0.0.1", (uint16_t)(ports[rand() % 2 + 1]), rand() % 3, 8,
                       rand() % 7 * 10, rand() % 2 ? 101 : -1, rand() % 4 > 0, rand() % 4 > 0);
        break;
    case 4: tr_play_files(engine, leg, 1, paths, (size_t)(rand() % 3), rand() % 2); break;
    case 5: tr_play_tone(engine, leg, 2, &beep, 1, rand() % 3); break;
    case 6: tr_stop_playing(engine, leg); break;
    case 7: tr_join_bridge(engine, rand() % 4, legs, (size_t)(rand() % 4)); break;
    case 8: tr_leave_bridge(engine, leg); break;
    case 9:
        tr_start_recording(engine, leg, rand(), path_of(rand() % 2 ? "x.wav" : "y.wav"),
                           0.01 * (rand() % 30), 0.01 * (rand() % 10));
        break;
    case 10: tr_stop_recording(engine, leg, 0.1 * (rand() % 5)); break;
    case 11: tr_send_digits(engine, leg, "1,#", (size_t)(rand() % 4), 40, 40, -9.0); break;
    case 12:
        tr_send_caller_id(engine, leg, rand() % 3, message, sizeof(message), rand() % 20);
        break;
    case 13:
        tr_detect(engine, leg, rand() % 2, &busy, rand() % 2, rand() % 2, rand() % 3, rand() % 2);
        break;
    case 14: tr_tag_leg(engine, leg, "some tag", (size_t)(rand() % 9)); break;
    case 15: tr_read_leg_stats(engine, leg, &stats); break;
    case 16: tr_list_legs(engine, infos, 8); break;
    case 17: wait_ms(rand() % 4); break;
    }
}

static void random_orders_do_no_harm(void)
{
    tr_engine *engine = start();
    tr_event event;
    tr_stats stats;
    write_ramp("short.wav", 0, 300);
    const char *paths[] = {path_of("short.wav"), "/nowhere.wav"};
    srand(6);
    ports[1] = tr_open_rtp(engine, 1);
    ports[2] = tr_open_rtp(engine, 2);
    for (int i = 0; i < 6000; i++) {
        any_order(engine, paths);
        while (i % 7 == 0 && tr_take_event(engine, &event))
            CHECK(event.kind >= TR_EVENT_DIGIT && event.kind <= TR_EVENT_CARD_AUDIO);
    }
    wait_ms(50);
    tr_read_stats(engine, &stats);
    CHECK(stats.ticks > 50 && stats.events_lost == 0 && stats.legs <= 8);
    tr_engine_destroy(engine);
}

static void a_device_without_a_clock_is_given_up(void)
{
    tr_engine *engine = start();
    tr_event event;
    CHECK(tr_start_card(engine, "null", 12) == 0);
    CHECK(await(engine, TR_EVENT_CARD_AUDIO, &event, 3000) && event.id == 1);
    CHECK(await(engine, TR_EVENT_CARD_AUDIO, &event, 3000) && event.id == 0);
    CHECK(memmem(event.data, event.length, "does not keep time", 18));
    CHECK(tr_start_card(engine, "null", 12) == TR_ERR_EXISTS);
    tr_engine_destroy(engine);
}

static void a_missing_device_is_told_once(void)
{
    tr_engine *engine = start();
    tr_event event;
    CHECK(tr_start_card(engine, "no-such-card", 12) == 0);
    CHECK(await(engine, TR_EVENT_CARD_AUDIO, &event, 3000) && event.id == 0);
    CHECK(memmem(event.data, event.length, "\"no-such-card\" cannot be opened", 31));
    CHECK(!await(engine, TR_EVENT_CARD_AUDIO, &event, 1500));
    tr_engine_destroy(engine);
}

static void make_folder(void)
{
    CHECK(mkdtemp(folder) != NULL);
}

static void remove_folder(void)
{
    char command[300];
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    CHECK(system(command) == 0);
}

CHECK_MAIN(TEST(make_folder), TEST(sound_goes_through_both_laws),
           TEST(digits_go_in_band_and_as_events), TEST(fifteen_legs_hear_all_but_themselves),
           TEST(loud_bridges_saturate), TEST(files_play_without_a_gap),
           TEST(recordings_end_by_themselves), TEST(a_full_disk_costs_only_the_recording),
           TEST(a_file_that_cannot_be_completed_has_no_duration),
           TEST(malformed_rtp_is_dropped_and_counted), TEST(silence_of_the_network_is_told_once),
           TEST(caller_id_goes_from_leg_to_leg), TEST(wrong_orders_are_refused_with_a_sentence),
           TEST(full_legs_can_be_closed_at_any_moment),
           TEST(random_orders_do_no_harm), TEST(a_device_without_a_clock_is_given_up), TEST(a_missing_device_is_told_once),
           TEST(remove_folder))
