/* SPDX-License-Identifier: Apache-2.0 */
/* support/fake_net.c -- a DNS and TLS servers that are tables. */
#include "support/fake_net.h"

#include <arpa/inet.h>
#include <strings.h>

typedef struct fake_answer {
  stardeleg_dns_answer view;
  stardeleg_bytes records[FAKE_ROWS_MAX];
  uint8_t room[FAKE_ROWS_MAX][1200];
} fake_answer;

static size_t write_txt(uint8_t *out, const char *text)
{
  size_t len = strlen(text);
  size_t at = 0;

  do {
    size_t part = len > 255 ? 255 : len;

    out[at] = (uint8_t)part;
    memcpy(out + at + 1, text, part);
    at += part + 1;
    text += part;
    len -= part;
  } while (len > 0);
  return at;
}

/* "128 issue value with blanks" */
static size_t write_caa(uint8_t *out, const char *text)
{
  const char *tag = strchr(text, ' ') + 1;
  const char *value = strchr(tag, ' ');
  size_t tag_len = (size_t)(value - tag);

  out[0] = (uint8_t)strtoul(text, NULL, 10);
  out[1] = (uint8_t)tag_len;
  memcpy(out + 2, tag, tag_len);
  memcpy(out + 2 + tag_len, value + 1, strlen(value + 1));
  return 2 + tag_len + strlen(value + 1);
}

static void add_record(fake_answer *answer, const fake_row *row, stardeleg_dns_type type)
{
  uint8_t *room = answer->room[answer->view.record_count];
  size_t len = 4;

  if (type == STARDELEG_DNS_A) {
    assert_int_equal(inet_pton(AF_INET, row->text, room), 1);
  } else if (type == STARDELEG_DNS_AAAA) {
    assert_int_equal(inet_pton(AF_INET6, row->text, room), 1);
    len = 16;
  } else if (type == STARDELEG_DNS_TXT) {
    len = write_txt(room, row->text);
  } else {
    len = write_caa(room, row->text);
  }
  answer->records[answer->view.record_count++] = (stardeleg_bytes){room, len};
}

static stardeleg_err look_up(void *ctx, const char *name, stardeleg_dns_type type, stardeleg_time now,
                             stardeleg_time *ready_at, const stardeleg_dns_answer **out)
{
  fake_dns *f = ctx;
  fake_answer *answer;

  if (f->put_off < f->delay) {
    f->put_off++;
    *ready_at = now + 10;
    return STARDELEG_OK;
  }
  f->put_off = 0;
  f->asked++;
  (void)snprintf(f->last, sizeof(f->last), "%s", name);
  answer = calloc(1, sizeof(*answer));
  assert_non_null(answer);
  for (size_t i = 0; i < f->count; i++) {
    if (strcasecmp(f->rows[i].name, name) == 0 && (f->rows[i].type == type || f->rows[i].type == 0)) {
      answer->view.status = f->rows[i].status;
      if (f->rows[i].text[0] != '\0') {
        add_record(answer, &f->rows[i], type);
      }
    }
  }
  answer->view.records = answer->records;
  answer->view.failure_text = answer->view.status > STARDELEG_DNS_NO_NAME ? "servers \x1b out of order" : NULL;
  f->open++;
  *out = &answer->view;
  return STARDELEG_OK;
}

static void release(void *ctx, const stardeleg_dns_answer *answer)
{
  fake_dns *f = ctx;

  f->open--;
  free((void *)(uintptr_t)answer);
}

void fake_dns_init(fake_dns *f)
{
  memset(f, 0, sizeof(*f));
  f->dns = (stardeleg_dns){sizeof(f->dns), f, look_up, release};
}

static fake_row *add_row(fake_dns *f, const char *name, stardeleg_dns_type type)
{
  fake_row *row = &f->rows[f->count++];

  assert_true(f->count <= FAKE_ROWS_MAX);
  memset(row, 0, sizeof(*row));
  (void)snprintf(row->name, sizeof(row->name), "%s", name);
  row->type = type;
  return row;
}

void fake_dns_add(fake_dns *f, const char *name, stardeleg_dns_type type, const char *text)
{
  fake_row *row = add_row(f, name, type);

  (void)snprintf(row->text, sizeof(row->text), "%s", text);
}

void fake_dns_fail(fake_dns *f, const char *name, stardeleg_dns_type type, stardeleg_dns_status status)
{
  add_row(f, name, type)->status = status;
}

void fake_dns_clear(fake_dns *f)
{
  f->count = 0;
}

/* --- TLS --- */

static stardeleg_err probe(void *ctx, const stardeleg_tls_target *target, stardeleg_time now, stardeleg_time *ready_at,
                           const stardeleg_tls_answer **out)
{
  fake_tls *f = ctx;
  stardeleg_tls_answer *answer;

  if (f->put_off < f->delay) {
    f->put_off++;
    *ready_at = now + 10;
    return STARDELEG_OK;
  }
  f->put_off = 0;
  f->asked++;
  (void)snprintf(f->address, sizeof(f->address), "%s", target->address != NULL ? target->address : "");
  (void)snprintf(f->server_name, sizeof(f->server_name), "%s", target->server_name);
  f->port = target->port;
  answer = calloc(1, sizeof(*answer));
  assert_non_null(answer);
  answer->status = f->status;
  if (f->dead != NULL && strcmp(f->dead, f->address) == 0) {
    answer->status = STARDELEG_TLS_CONNECT;
  }
  answer->certificate = f->certificate;
  answer->failure_text = answer->status != STARDELEG_TLS_OK ? "it does not work" : NULL;
  f->open++;
  *out = answer;
  return STARDELEG_OK;
}

static void release_probe(void *ctx, const stardeleg_tls_answer *answer)
{
  fake_tls *f = ctx;

  f->open--;
  free((void *)(uintptr_t)answer);
}

void fake_tls_init(fake_tls *f)
{
  memset(f, 0, sizeof(*f));
  f->probe = (stardeleg_tls_probe){sizeof(f->probe), f, probe, release_probe};
}
