/* SPDX-License-Identifier: Apache-2.0 */
/* json/json_write.c -- JSON out, with stable bytes. */
#include "json/json_write.h"

#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/time.h"

void sdg_jw_init(sdg_json_writer *w, sdg_buf *out)
{
  w->out = out;
  w->comma = false;
}

static void put_escape(sdg_buf *out, uint8_t c)
{
  static const char hex[] = "0123456789abcdef";
  static const char values[] = "\"\\\b\f\n\r\t";
  static const char names[] = "\"\\bfnrt";
  const char *found = strchr(values, c);

  sdg_buf_add_byte(out, '\\');
  if (found != NULL) {
    sdg_buf_add_byte(out, (uint8_t)names[found - values]);
  } else {
    sdg_buf_add_str(out, "u00");
    sdg_buf_add_byte(out, (uint8_t)hex[c >> 4]);
    sdg_buf_add_byte(out, (uint8_t)hex[c & 0xf]);
  }
}

static void put_string(sdg_buf *out, stardeleg_bytes text)
{
  size_t done = 0;

  /* What a strict reader would refuse must not go out, least of all under a signature. */
  if (!sdg_utf8_is_valid(text) || (text.len > 0 && memchr(text.base, 0, text.len) != NULL)) {
    if (out->err == STARDELEG_OK) {
      out->err = STARDELEG_ERR_ARGUMENT;
    }
    return;
  }
  sdg_buf_add_byte(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.base[i];

    if (c < 0x20 || c == '"' || c == '\\') {
      sdg_buf_add(out, text.base + done, i - done);
      put_escape(out, c);
      done = i + 1;
    }
  }
  if (done < text.len) {
    sdg_buf_add(out, text.base + done, text.len - done);
  }
  sdg_buf_add_byte(out, '"');
}

/* What stands before a value: the comma that is due, and the name. */
static void begin_value(sdg_json_writer *w, const char *name)
{
  if (w->comma) {
    sdg_buf_add_byte(w->out, ',');
  }
  if (name != NULL) {
    put_string(w->out, sdg_bytes_str(name));
    sdg_buf_add_byte(w->out, ':');
  }
  w->comma = true;
}

static void open_container(sdg_json_writer *w, const char *name, uint8_t c)
{
  begin_value(w, name);
  sdg_buf_add_byte(w->out, c);
  w->comma = false;
}

static void close_container(sdg_json_writer *w, uint8_t c)
{
  sdg_buf_add_byte(w->out, c);
  w->comma = true;
}

void sdg_jw_object(sdg_json_writer *w, const char *name)
{
  open_container(w, name, '{');
}

void sdg_jw_object_end(sdg_json_writer *w)
{
  close_container(w, '}');
}

void sdg_jw_array(sdg_json_writer *w, const char *name)
{
  open_container(w, name, '[');
}

void sdg_jw_array_end(sdg_json_writer *w)
{
  close_container(w, ']');
}

void sdg_jw_bytes(sdg_json_writer *w, const char *name, stardeleg_bytes utf8)
{
  begin_value(w, name);
  put_string(w->out, utf8);
}

void sdg_jw_string(sdg_json_writer *w, const char *name, const char *value)
{
  sdg_jw_bytes(w, name, sdg_bytes_str(value));
}

void sdg_jw_string_opt(sdg_json_writer *w, const char *name, const char *value)
{
  if (value != NULL && value[0] != '\0') {
    sdg_jw_string(w, name, value);
  }
}

void sdg_jw_int(sdg_json_writer *w, const char *name, int64_t value)
{
  begin_value(w, name);
  sdg_buf_add_int(w->out, value);
}

void sdg_jw_bool(sdg_json_writer *w, const char *name, bool value)
{
  begin_value(w, name);
  sdg_buf_add_str(w->out, value ? "true" : "false");
}

void sdg_jw_null(sdg_json_writer *w, const char *name)
{
  begin_value(w, name);
  sdg_buf_add_str(w->out, "null");
}

void sdg_jw_time(sdg_json_writer *w, const char *name, stardeleg_time at)
{
  char text[SDG_TIME_TEXT_SIZE];

  sdg_time_write_rfc3339(text, at);
  sdg_jw_string(w, name, text);
}

void sdg_jw_base64url(sdg_json_writer *w, const char *name, stardeleg_bytes value)
{
  begin_value(w, name);
  sdg_buf_add_byte(w->out, '"');
  sdg_base64url_write(w->out, value);
  sdg_buf_add_byte(w->out, '"');
}

static void write_children(sdg_json_writer *w, const char *name, const sdg_json *value, bool object)
{
  open_container(w, name, object ? '{' : '[');
  for (const sdg_json *child = sdg_json_first(value); child != NULL; child = sdg_json_next(child)) {
    sdg_jw_tree(w, object ? sdg_json_name(child) : NULL, child);
  }
  close_container(w, object ? '}' : ']');
}

/* Recursion: no deeper than the reader lets a tree be. */
void sdg_jw_tree(sdg_json_writer *w, const char *name, const sdg_json *value)
{
  switch (sdg_json_type_of(value)) {
  case SDG_JSON_BOOL:
    sdg_jw_bool(w, name, sdg_json_bool(value));
    break;
  case SDG_JSON_INT:
    sdg_jw_int(w, name, sdg_json_int(value));
    break;
  case SDG_JSON_NUMBER:
    begin_value(w, name);
    sdg_buf_add_str(w->out, sdg_json_number_text(value));
    break;
  case SDG_JSON_STRING:
    sdg_jw_string(w, name, sdg_json_string(value));
    break;
  case SDG_JSON_ARRAY:
  case SDG_JSON_OBJECT:
    write_children(w, name, value, sdg_json_type_of(value) == SDG_JSON_OBJECT);
    break;
  case SDG_JSON_NONE:
  case SDG_JSON_NULL:
    sdg_jw_null(w, name);
    break;
  }
}
