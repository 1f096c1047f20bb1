/* SPDX-License-Identifier: Apache-2.0 */
/* transport/http_link.c -- the Link header (RFC 8288). */
#include <string.h>

#include "base/bytes.h"
#include "base/url.h"
#include "transport/http_message.h"

/* One link-value. */
typedef struct link {
  stardeleg_bytes target;
  stardeleg_bytes rel; /* as written, without the quotes around it */
  bool has_rel;
  bool has_anchor;
} link;

static bool is_at(stardeleg_bytes text, char c)
{
  return text.len != 0 && text.base[0] == (uint8_t)c;
}

static stardeleg_bytes skip_blanks(stardeleg_bytes text)
{
  while (is_at(text, ' ') || is_at(text, '\t')) {
    text = sdg_bytes_from(text, 1);
  }
  return text;
}

static stardeleg_bytes take_token(stardeleg_bytes *text)
{
  stardeleg_bytes token = sdg_bytes(text->base, 0);

  while (token.len < text->len && sdg_http_is_token_character(text->base[token.len])) {
    token.len++;
  }
  *text = sdg_bytes_from(*text, token.len);
  return token;
}

/* Without the quotes, with the backslashes. */
static bool take_quoted(stardeleg_bytes *out, stardeleg_bytes *text)
{
  for (size_t i = 1; i < text->len; i++) {
    if (text->base[i] == '"') {
      *out = sdg_bytes(text->base + 1, i - 1);
      *text = sdg_bytes_from(*text, i + 1);
      return true;
    }
    i += text->base[i] == '\\';
  }
  return false;
}

/* Old servers write rel=http://example.org/x without quotes, which is no token: up to the next delimiter. */
static stardeleg_bytes take_bare_value(stardeleg_bytes *text)
{
  stardeleg_bytes value = sdg_bytes(text->base, 0);

  while (value.len < text->len && text->base[value.len] > ' ' && strchr(";,\"<>", text->base[value.len]) == NULL) {
    value.len++;
  }
  *text = sdg_bytes_from(*text, value.len);
  return value;
}

/* One link-param, from its name on. */
static bool take_param(link *out, stardeleg_bytes *text)
{
  stardeleg_bytes name = take_token(text);
  stardeleg_bytes value = sdg_bytes(NULL, 0);

  if (name.len == 0) {
    return true; /* ";;" and a ";" at the end do no harm */
  }
  *text = skip_blanks(*text);
  if (is_at(*text, '=')) {
    *text = skip_blanks(sdg_bytes_from(*text, 1));
    if (!is_at(*text, '"')) {
      value = take_bare_value(text);
    } else if (!take_quoted(&value, text)) {
      return false;
    }
  }
  /* RFC 8288, Section 3.3: "Occurrences after the first MUST be ignored by parsers." */
  if (sdg_bytes_is_nocase(name, "rel") && !out->has_rel) {
    out->rel = value;
    out->has_rel = true;
  }
  out->has_anchor = out->has_anchor || sdg_bytes_is_nocase(name, "anchor");
  return true;
}

/* One link-value, up to the comma behind it or the end. */
static bool take_link(link *out, stardeleg_bytes *text)
{
  const uint8_t *close;

  *out = (link){.has_rel = false};
  if (!is_at(*text, '<')) {
    return false;
  }
  close = memchr(text->base, '>', text->len);
  if (close == NULL) {
    return false;
  }
  out->target = sdg_bytes(text->base + 1, (size_t)(close - text->base) - 1);
  *text = skip_blanks(sdg_bytes_from(*text, out->target.len + 2));
  while (is_at(*text, ';')) {
    *text = skip_blanks(sdg_bytes_from(*text, 1));
    if (!take_param(out, text)) {
      return false;
    }
    *text = skip_blanks(*text);
  }
  return text->len == 0 || is_at(*text, ',');
}

/* RFC 8288, Section 3.3: relation types are parted by spaces and compared without case. */
static bool has_relation(stardeleg_bytes rel, const char *name)
{
  while (rel.len != 0) {
    size_t len = 0;

    while (len < rel.len && rel.base[len] != ' ' && rel.base[len] != '\t') {
      len++;
    }
    if (len != 0 && sdg_bytes_is_nocase(sdg_bytes(rel.base, len), name)) {
      return true;
    }
    rel = sdg_bytes_from(rel, len + 1);
  }
  return false;
}

/* All links of one header; true if |each| has asked to stop.  A value that breaks the grammar ends its header: behind
 * it nobody can tell what is text and what is a target. */
static bool visit_links(stardeleg_bytes text, const char *rel, int (*each)(void *ctx, stardeleg_bytes target),
                        void *ctx)
{
  link found;

  for (;;) {
    text = skip_blanks(text);
    while (is_at(text, ',')) {
      text = skip_blanks(sdg_bytes_from(text, 1));
    }
    if (text.len == 0 || !take_link(&found, &text)) {
      return false;
    }
    /* Section 3.2: an anchor makes it a link of some other resource; such links may be ignored. */
    if (!found.has_anchor && has_relation(found.rel, rel) && each(ctx, found.target) != 0) {
      return true;
    }
  }
}

void sdg_http_links(const stardeleg_http_response *response, const char *rel,
                    int (*each)(void *ctx, stardeleg_bytes target), void *ctx)
{
  for (size_t i = 0; i < response->header_count; i++) {
    const stardeleg_http_header *header = &response->headers[i];

    if (sdg_bytes_is_nocase(header->name, "Link") && visit_links(header->value, rel, each, ctx)) {
      return;
    }
  }
}

/* The first target and whether there was one. */
typedef struct first_link {
  stardeleg_bytes target;
  bool found;
} first_link;

static int keep_first(void *ctx, stardeleg_bytes target)
{
  first_link *first = ctx;

  first->target = target;
  first->found = true;
  return 1;
}

stardeleg_err sdg_http_link(sdg_buf *out, const stardeleg_http_response *response, const char *rel,
                            stardeleg_bytes base)
{
  first_link first = {{NULL, 0}, false};

  sdg_http_links(response, rel, keep_first, &first);
  if (!first.found) {
    return STARDELEG_ERR_NOT_FOUND;
  }
  return sdg_url_resolve(out, base, first.target);
}
