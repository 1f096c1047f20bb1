/* SPDX-License-Identifier: Apache-2.0 */
/* der/pem.c -- PEM (RFC 7468): blocks between BEGIN and END lines. */
#include "der/pem.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"

#define LABEL_SIZE 64
#define LINE_CHARACTERS 64 /* RFC 7468 2: exactly 64 on all lines but the last */

static void put_boundary(sdg_buf *out, const char *word, const char *label)
{
  sdg_buf_add_str(out, word);
  sdg_buf_add_str(out, label);
  sdg_buf_add_str(out, "-----\n");
}

void sdg_pem_write(sdg_buf *out, const char *label, stardeleg_bytes der)
{
  put_boundary(out, "-----BEGIN ", label);
  sdg_base64_write(out, der, LINE_CHARACTERS);
  put_boundary(out, "-----END ", label);
}

static bool is_space(uint8_t c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line at |*at|, without its end and trailing blanks; |*at| moves to the next one.  RFC 7468 3 counts CR, LF and
 * CRLF as ends of lines; the empty line seen within CRLF does no harm. */
static stardeleg_bytes take_line(stardeleg_bytes text, size_t *at)
{
  size_t start = *at;
  size_t end = start;

  while (end < text.len && text.base[end] != '\r' && text.base[end] != '\n') {
    end++;
  }
  *at = end < text.len ? end + 1 : end;
  return sdg_bytes_trim(sdg_bytes(text.base + start, end - start));
}

/* RFC 7468 3: label = printable characters without "-", single blanks or hyphens between them. */
static bool is_good_label(stardeleg_bytes label)
{
  bool may_separate = false;

  for (size_t i = 0; i < label.len; i++) {
    uint8_t c = label.base[i];
    bool separates = c == ' ' || c == '-';
    if (c < 0x20 || c > 0x7e || (separates && !may_separate)) {
      return false;
    }
    may_separate = !separates;
  }
  return label.len > 0 && label.len < LABEL_SIZE && may_separate;
}

/* The label of the boundary line "-----<word> <label>-----"; empty if |line| is none. */
static stardeleg_bytes boundary_label(stardeleg_bytes line, const char *word)
{
  size_t skip = strlen(word);
  stardeleg_bytes label;

  if (!sdg_bytes_has_prefix(line, word) || line.len < skip + 5 || memcmp(line.base + line.len - 5, "-----", 5) != 0) {
    return sdg_bytes(NULL, 0);
  }
  label = sdg_bytes(line.base + skip, line.len - skip - 5);
  return is_good_label(label) ? label : sdg_bytes(NULL, 0);
}

/* Finds the END line for |label|: |body_end| is where it begins, |*at| moves behind it. */
static stardeleg_err find_end(stardeleg_bytes text, size_t *at, stardeleg_bytes label, size_t *body_end)
{
  while (*at < text.len) {
    size_t start = *at;
    stardeleg_bytes line = take_line(text, at);

    if (text.base[start] == '-') {
      *body_end = start;
      return sdg_bytes_equal(boundary_label(line, "-----END "), label) ? STARDELEG_OK : STARDELEG_ERR_MALFORMED;
    }
  }
  return STARDELEG_ERR_MALFORMED;
}

stardeleg_err sdg_pem_next(sdg_buf *der, char label[64], stardeleg_bytes text, size_t *offset)
{
  size_t at = *offset;
  size_t body;
  size_t body_end = 0;
  size_t before = der->len;
  stardeleg_bytes name;
  stardeleg_err rv;

  while (at < text.len && is_space(text.base[at])) {
    at++;
  }
  if (at >= text.len) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  name = boundary_label(take_line(text, &at), "-----BEGIN ");
  body = at;
  if (name.len == 0 || find_end(text, &at, name, &body_end) != STARDELEG_OK) {
    return STARDELEG_ERR_MALFORMED;
  }
  rv = sdg_base64_read(der, sdg_bytes(text.base + body, body_end - body));
  if (rv == STARDELEG_OK && der->len == before) {
    rv = STARDELEG_ERR_MALFORMED; /* no element of DER is empty */
  }
  if (rv != STARDELEG_OK) {
    return rv;
  }
  memcpy(label, name.base, name.len);
  label[name.len] = '\0';
  *offset = at;
  return STARDELEG_OK;
}
