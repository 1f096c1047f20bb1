/* SPDX-License-Identifier: Apache-2.0 */
/* base/buf.c -- a growable buffer with a ceiling. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

#define FIRST_CAP 64

void sdg_buf_init(sdg_buf *buf, size_t max)
{
  *buf = (sdg_buf){.max = max};
}

void sdg_buf_init_secret(sdg_buf *buf, size_t max)
{
  *buf = (sdg_buf){.max = max, .secret = true};
}

static void release(sdg_buf *buf)
{
  if (buf->secret) {
    sdg_wipe(buf->base, buf->cap);
  }
  sdg_free(buf->base);
}

void sdg_buf_clear(sdg_buf *buf)
{
  release(buf);
  *buf = (sdg_buf){.max = buf->max, .secret = buf->secret};
}

void sdg_buf_reset(sdg_buf *buf)
{
  buf->err = STARDELEG_OK;
  sdg_buf_truncate(buf, 0);
}

/* Doubling keeps the cost of many small additions linear. */
static size_t choose_cap(const sdg_buf *buf, size_t need)
{
  size_t cap = buf->cap < FIRST_CAP ? FIRST_CAP : buf->cap;

  while (cap < need) {
    cap = cap > SIZE_MAX / 2 ? need : cap * 2;
  }
  /* Doubling must not take more than the buffer may ever hold. */
  return buf->max < SIZE_MAX - 1 && cap > buf->max + 1 && need <= buf->max + 1 ? buf->max + 1 : cap;
}

/* Makes room for |more| bytes and the NUL behind them. */
static bool reserve(sdg_buf *buf, size_t more)
{
  size_t need;
  uint8_t *base;

  if (buf->err != STARDELEG_OK) {
    return false;
  }
  if (more > buf->max - buf->len || buf->len + more >= (size_t)PTRDIFF_MAX) {
    buf->err = STARDELEG_ERR_LIMIT;
    return false;
  }
  need = buf->len + more + 1;
  if (need <= buf->cap) {
    return true;
  }
  need = choose_cap(buf, need);
  /* Not realloc: it would leave a copy of a secret behind. */
  base = buf->secret ? sdg_calloc(need, 1) : sdg_realloc(buf->base, need, 1);
  if (base == NULL) {
    buf->err = STARDELEG_ERR_NOMEM;
    return false;
  }
  if (buf->secret) {
    if (buf->len != 0) {
      memcpy(base, buf->base, buf->len);
    }
    release(buf);
  }
  buf->base = base;
  buf->cap = need;
  return true;
}

uint8_t *sdg_buf_add_room(sdg_buf *buf, size_t len)
{
  uint8_t *room;

  if (!reserve(buf, len)) {
    return NULL;
  }
  room = buf->base + buf->len;
  buf->len += len;
  buf->base[buf->len] = '\0';
  return room;
}

void sdg_buf_add(sdg_buf *buf, const void *data, size_t len)
{
  uint8_t *room = len != 0 ? sdg_buf_add_room(buf, len) : NULL;

  if (room != NULL) {
    memcpy(room, data, len);
  }
}

void sdg_buf_add_bytes(sdg_buf *buf, stardeleg_bytes b)
{
  sdg_buf_add(buf, b.base, b.len);
}

void sdg_buf_add_str(sdg_buf *buf, const char *s)
{
  sdg_buf_add_bytes(buf, sdg_bytes_str(s));
}

void sdg_buf_add_byte(sdg_buf *buf, uint8_t b)
{
  sdg_buf_add(buf, &b, 1);
}

void sdg_buf_add_int(sdg_buf *buf, int64_t n)
{
  char digits[24];

  (void)snprintf(digits, sizeof(digits), "%lld", (long long)n);
  sdg_buf_add_str(buf, digits);
}

void sdg_buf_truncate(sdg_buf *buf, size_t len)
{
  if (len >= buf->len) {
    return;
  }
  if (buf->secret) {
    sdg_wipe(buf->base + len, buf->len - len);
  }
  buf->len = len;
  buf->base[len] = '\0';
}

stardeleg_err sdg_buf_error(const sdg_buf *buf)
{
  return buf->err;
}

stardeleg_bytes sdg_buf_bytes(const sdg_buf *buf)
{
  return sdg_bytes(buf->base, buf->len);
}

const char *sdg_buf_str(const sdg_buf *buf)
{
  return buf->base != NULL ? (const char *)buf->base : "";
}

stardeleg_err sdg_buf_take(sdg_buf *buf, char **out, size_t *len)
{
  if (!reserve(buf, 0)) {
    return buf->err;
  }
  buf->base[buf->len] = '\0';
  *out = (char *)buf->base;
  if (len != NULL) {
    *len = buf->len;
  }
  *buf = (sdg_buf){.max = buf->max, .secret = buf->secret};
  return STARDELEG_OK;
}

void sdg_buf_swap(sdg_buf *a, sdg_buf *b)
{
  sdg_buf aside = *a;

  *a = *b;
  *b = aside;
}
