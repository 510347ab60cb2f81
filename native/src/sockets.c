/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP port pairs of RTP legs, control thread: an even port for RTP, the next for RTCP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"

enum {
    EPHEMERAL_TRIES = 200,
    RECEIVE_BUFFER = 262144, /* bytes: rides out a stop of the engine of a second */
    EXPEDITED = 0xB8,        /* DSCP EF: voice, RFC 3246 */
};

static int bind_udp(tr_engine *engine, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int buffer = RECEIVE_BUFFER, service = EXPEDITED;
    if (fd < 0)
        return -1;
    address.sin_addr = engine->rtp_address;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int e = errno;
        close(fd);
        errno = e;
        return -1;
    }
    /* both are wishes: calls work without */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    setsockopt(fd, IPPROTO_IP, IP_TOS, &service, sizeof(service));
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    getsockname(fd, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

/* port 0: any even one. Returns the port or -1. */
static int bind_pair(tr_engine *engine, uint16_t port, int fds[2])
{
    fds[0] = bind_udp(engine, port);
    if (fds[0] < 0)
        return -1;
    uint16_t got = port_of(fds[0]);
    fds[1] = got % 2 == 0 ? bind_udp(engine, (uint16_t)(got + 1)) : -1;
    if (fds[1] < 0) {
        close(fds[0]);
        return -1;
    }
    return got;
}

int tr_sockets_open(tr_engine *engine, int fds[2])
{
    int tries = engine->port_low ? (engine->port_high - engine->port_low + 1) / 2 : EPHEMERAL_TRIES;
    for (int i = 0; i < tries; i++) {
        uint16_t wanted = engine->next_port;
        if (engine->port_low) {
            int next = wanted + 2;
            engine->next_port = next + 1 > engine->port_high
                                    ? (uint16_t)(engine->port_low + (engine->port_low & 1))
                                    : (uint16_t)next;
        }
        int port = bind_pair(engine, wanted, fds);
        if (port > 0)
            return port;
    }
    return tr_control_fail(engine, TR_ERR_SYSTEM, "No pair of UDP ports is free: %s.",
                           strerror(errno));
}
