/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/request.c -- requests as files: PEM or DER. */
#include "request.h"

#include <stdlib.h>
#include <string.h>

#define LINE 64
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char begin[] = "-----BEGIN CERTIFICATE REQUEST-----\n";
static const char end[] = "-----END CERTIFICATE REQUEST-----\n";

/* Decodes the base64 between |from| and |to| into |out|, which may be |from|.  0 if it is none. */
static size_t decode(char *out, const char *from, const char *to)
{
  unsigned long word = 0;
  size_t digits = 0;
  size_t len = 0;

  for (; from < to && *from != '='; from++) {
    const char *found = *from != '\0' ? strchr(alphabet, *from) : NULL;

    if (*from == '\n' || *from == '\r' || *from == ' ' || *from == '\t') {
      continue;
    }
    if (found == NULL) {
      return 0;
    }
    word = (word << 6 | (unsigned long)(found - alphabet)) & 0xffffff;
    if (++digits % 4 == 0) {
      out[len++] = (char)(unsigned char)(word >> 16);
      out[len++] = (char)(unsigned char)(word >> 8 & 0xff);
      out[len++] = (char)(unsigned char)(word & 0xff);
    }
  }
  if (digits % 4 == 3) {
    out[len++] = (char)(unsigned char)(word >> 10 & 0xff);
    out[len++] = (char)(unsigned char)(word >> 2 & 0xff);
  } else if (digits % 4 == 2) {
    out[len++] = (char)(unsigned char)(word >> 4 & 0xff);
  }
  return digits % 4 == 1 ? 0 : len;
}

size_t request_decode(char *data, size_t len)
{
  char *start;
  char *stop;

  /* Some tools write "NEW CERTIFICATE REQUEST"; whatever the label, the library judges what is inside. */
  start = len > 0 && data[0] != 0x30 ? strstr(data, "-----BEGIN ") : NULL;
  if (start == NULL) {
    return len;
  }
  start = strchr(start, '\n');
  stop = start != NULL ? strstr(start, "-----END ") : NULL;
  return stop != NULL ? decode(data, start, stop) : 0;
}

char *request_encode(const uint8_t *der, size_t len)
{
  size_t text_len = (len + 2) / 3 * 4;
  char *pem = malloc(sizeof(begin) + text_len + text_len / LINE + 1 + sizeof(end));
  char *at = pem;
  size_t column = 0;

  if (pem == NULL) {
    return NULL;
  }
  memcpy(at, begin, sizeof(begin) - 1);
  at += sizeof(begin) - 1;
  for (size_t i = 0; i < len; i += 3) {
    size_t n = len - i < 3 ? len - i : 3;
    unsigned long word = (unsigned long)der[i] << 16 | (n > 1 ? (unsigned long)der[i + 1] << 8 : 0) |
                         (n > 2 ? (unsigned long)der[i + 2] : 0);

    for (size_t k = 0; k < 4; k++) {
      *at++ = k <= n ? alphabet[word >> (18 - 6 * k) & 63] : '=';
    }
    column += 4;
    if (column == LINE || i + 3 >= len) {
      *at++ = '\n';
      column = 0;
    }
  }
  memcpy(at, end, sizeof(end));
  return pem;
}
