/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the C tests share: a check that counts, and a main that runs a table of tests.
 */
#ifndef TIPRING_CHECK_H
#define TIPRING_CHECK_H

#include <stdio.h>

static int check_failures;

#define CHECK(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #condition);           \
            check_failures++;                                                                      \
        }                                                                                          \
    } while (0)

typedef struct {
    const char *name;
    void (*run)(void);
} check_test;

#define TEST(function)                                                                             \
    {                                                                                              \
        #function, function                                                                        \
    }

static inline int check_main(const char *file, const check_test *tests, int count)
{
    for (int i = 0; i < count; i++) {
        int before = check_failures;
        tests[i].run();
        if (check_failures != before)
            printf("%s: %s failed\n", file, tests[i].name);
    }
    printf("%s: %d tests, %d failed checks\n", file, count, check_failures);
    return check_failures ? 1 : 0;
}

#define CHECK_MAIN(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        static const check_test tests[] = {__VA_ARGS__};                                           \
        setvbuf(stdout, NULL, _IOLBF, 0);                                                          \
        return check_main(__FILE__, tests, (int)(sizeof(tests) / sizeof(tests[0])));               \
    }

#endif
