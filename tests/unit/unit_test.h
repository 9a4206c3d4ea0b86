/*
 * unit_test.h - cmocka and what it wants included before.
 */
#ifndef LEASH_UNIT_TEST_H
#define LEASH_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
