/* SPDX-License-Identifier: Apache-2.0 */
/* ido-server/admin.c -- from the command line to a request. */
#include "ido-server/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "common/files.h"
#include "ido-server/admin_http.h"
#include "ido-server/admin_print.h"
#include "json/json_write.h"

const char *const admin_usage[] = {
    "ndc-add NAME",
    "ndc-key NAME --key FILE           (JWK or PEM: an account without a MAC key)",
    "ndc-mac-key NAME --key-id ID      ndc-mac-key-remove NAME --key-id ID",
    "terms-agreed ACCOUNT              (its owner agrees to the terms of service as they are now)",
    "ndc-default NAME --delegation ID|none   (for ordinary ACME clients: orders that name no delegation)",
    "ndc-disable NAME                  ndc-remove NAME",
    "ndc-list [--after NAME] [--limit N]",
    "ndc-show NAME",
    "delegation-add --ndc NAME --template FILE [--id ID] [SCOPE]",
    "delegation-change ID [--revision N] [--template FILE] [SCOPE]   (of \"show\": not if it was changed since)",
    "    SCOPE: [--issuer NAME [--upstream URL]] [--cname-map FILE] [--lifetime-min S] [--lifetime-max S]",
    "           [--expires-at DATE|never]",
    "           [--names NAME,...] [--key-kinds P-256,...] [--order-kinds star,plain (default: star)]",
    "           [--orders-max N --orders-period S] [--certificates-max N]",
    "end ID",
    "list [ID]                         (orders: how they stand, next try, why the last one failed)",
    "delegations [--ndc NAME] [--after ID] [--limit N]",
    "show ID",
    "cnames [ID]                       cname-removed ID --name NAME",
    "check [ID]                        (does the DNS hold the delegates back? exit status 3: it does not)",
    "audit [ID] [--ndc NAME] [--from DATE] [--to DATE] [--after CURSOR] [--limit N]",
    NULL};

typedef enum word_type { WORD_TEXT, WORD_INT, WORD_LIST, WORD_OBJECT, WORD_KEY, WORD_DATE, WORD_OR_NONE } word_type;

/* Options, and what they become. */
static const struct {
  const char *option;
  const char *member;
  word_type type;
} options[] = {{"--ndc", "ndc", WORD_TEXT},
               {"--id", "id", WORD_TEXT},
               {"--key", "key", WORD_KEY},
               {"--key-id", "key-id", WORD_TEXT},
               {"--name", "name", WORD_TEXT},
               {"--delegation", "delegation", WORD_OR_NONE},
               {"--template", "csr-template", WORD_OBJECT},
               {"--cname-map", "cname-map", WORD_OBJECT},
               {"--revision", "revision", WORD_INT},
               {"--issuer", "issuer", WORD_TEXT},
               {"--upstream", "upstream", WORD_TEXT},
               {"--lifetime-min", "lifetime-min", WORD_INT},
               {"--lifetime-max", "lifetime-max", WORD_INT},
               {"--expires-at", "expires-at", WORD_DATE},
               {"--names", "names", WORD_LIST},
               {"--key-kinds", "key-kinds", WORD_LIST},
               {"--order-kinds", "order-kinds", WORD_LIST},
               {"--orders-max", "orders-max", WORD_INT},
               {"--orders-period", "orders-period", WORD_INT},
               {"--certificates-max", "certificates-max", WORD_INT},
               {"--from", "from", WORD_TEXT},
               {"--to", "to", WORD_TEXT},
               {"--after", "after", WORD_TEXT},
               {"--limit", "limit", WORD_INT}};

static const struct {
  const char *word;
  const char *command;
  const char *positional; /* member of the word without an option; NULL: none */
  const char *shown;      /* member that is printed alone; NULL: all */
  bool is_change;         /* who makes it is told */
} commands[] = {{"ndc-add", "ndc-add", "name", "mac-key", true},
                {"ndc-key", "ndc-key-add", "name", "account", true},
                {"ndc-mac-key", "ndc-mac-key-add", "name", "mac-key", true},
                {"ndc-mac-key-remove", "ndc-mac-key-remove", "name", NULL, true},
                {"terms-agreed", "terms-agreed", "account", NULL, true},
                {"ndc-default", "ndc-default", "name", NULL, true},
                {"ndc-disable", "ndc-disable", "name", NULL, true},
                {"ndc-remove", "ndc-remove", "name", NULL, true},
                {"ndc-list", "ndc-list", NULL, NULL, false},
                {"ndc-show", "ndc-show", "name", NULL, false},
                {"delegation-add", "delegation-add", NULL, "id", true},
                {"delegation-change", "delegation-change", "id", NULL, true},
                {"end", "delegation-end", "id", NULL, true},
                {"list", "inspect", "id", NULL, false},
                {"inspect", "inspect", "id", NULL, false},
                {"delegations", "delegation-list", NULL, NULL, false},
                {"show", "delegation-show", "id", NULL, false},
                {"cnames", "cname-list", "delegation", NULL, false},
                {"cname-removed", "cname-removed", "delegation", NULL, false},
                {"audit", "audit", "delegation", NULL, false},
                {"check", "check", "id", NULL, false}};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* --- Words --- */

static int complain(const char *word, const char *why)
{
  (void)fprintf(stderr, "%s: %s\n", word, why);
  return -1;
}

static int write_list(sdg_json_writer *w, const char *member, const char *text)
{
  sdg_jw_array(w, member);
  while (*text != '\0') {
    size_t len = strcspn(text, ",");

    sdg_jw_bytes(w, NULL, sdg_bytes(text, len));
    text += len + (text[len] == ',' ? 1 : 0);
  }
  sdg_jw_array_end(w);
  return 0;
}

/* A file of JSON becomes the member; one of something else becomes a text, where that may be. */
static int write_file(sdg_json_writer *w, const char *member, const char *path, bool may_be_text)
{
  sdg_json_limits limits = sdg_json_limits_default();
  sdg_json_fault fault;
  sdg_json *tree = NULL;
  char *text = NULL;
  size_t len = 0;
  int rc = file_read(&text, &len, path, ADMIN_BODY_MAX / 2);

  if (rc != 0) {
    return complain(path, strerror(rc));
  }
  limits.bytes_max = ADMIN_BODY_MAX;
  if (may_be_text && text[strspn(text, " \t\r\n")] != '{') {
    sdg_jw_string(w, member, text);
  } else if (sdg_json_parse(&tree, sdg_bytes(text, len), &limits, &fault) == STARDELEG_OK) {
    sdg_jw_tree(w, member, tree);
  } else {
    (void)fprintf(stderr, "%s:%zu:%zu: %s\n", path, fault.line, fault.column, fault.reason);
    rc = -1;
  }
  sdg_json_free(tree);
  free(text);
  return rc;
}

static int write_word(sdg_json_writer *w, size_t option, const char *word)
{
  const char *member = options[option].member;
  uint64_t number = 0;

  switch (options[option].type) {
  case WORD_INT:
    if (!sdg_bytes_to_uint(&number, sdg_bytes_str(word), INT64_MAX / 1024)) {
      return complain(word, "not a number");
    }
    sdg_jw_int(w, member, (int64_t)number);
    return 0;
  case WORD_LIST:
    return write_list(w, member, word);
  case WORD_OBJECT:
    return write_file(w, member, word, false);
  case WORD_KEY:
    return write_file(w, member, word, true);
  case WORD_DATE:
  case WORD_OR_NONE:
    if (strcmp(word, options[option].type == WORD_DATE ? "never" : "none") == 0) {
      sdg_jw_null(w, member);
      return 0;
    }
    break;
  default:
    break;
  }
  sdg_jw_string(w, member, word);
  return 0;
}

static int write_words(sdg_json_writer *w, size_t command, int argc, char **argv, bool *as_json)
{
  bool positional = commands[command].positional == NULL;

  for (int i = 0; i < argc; i++) {
    size_t option = 0;

    if (strcmp(argv[i], "--json") == 0) {
      *as_json = true;
      continue;
    }
    while (option < OPTIONS && strcmp(options[option].option, argv[i]) != 0) {
      option++;
    }
    if (option < OPTIONS && i + 1 < argc) {
      if (write_word(w, option, argv[++i]) != 0) {
        return 1;
      }
    } else if (!positional && strncmp(argv[i], "--", 2) != 0) { /* ids may begin with one */
      positional = true;
      sdg_jw_string(w, commands[command].positional, argv[i]);
    } else {
      (void)complain(argv[i], "what is this?");
      return 2;
    }
  }
  return 0;
}

/* --- The request --- */

static int send_request(size_t command, const sdg_buf *request, bool as_json, admin_send send, void *ctx)
{
  char *body = NULL;
  int status = send(ctx, commands[command].command, sdg_buf_str(request), request->len, &body);
  int rc = 1;

  if (status == 200) {
    rc = strcmp(commands[command].word, "check") == 0
             ? admin_print_check(body, as_json)
             : admin_print_answer(body, commands[command].shown, as_json);
  } else if (status != 0) {
    admin_print_problem(body, as_json);
  }
  if (body != NULL) {
    stardeleg_secret_free(body, strlen(body));
  }
  return rc;
}

int admin_run(int argc, char **argv, admin_send send, void *ctx)
{
  size_t command = 0;
  sdg_json_writer w;
  sdg_buf request;
  char who[64];
  bool as_json = false;
  int rc;

  while (command < COMMANDS && strcmp(commands[command].word, argv[0]) != 0) {
    command++;
  }
  if (command == COMMANDS) {
    return 2;
  }
  sdg_buf_init(&request, ADMIN_BODY_MAX);
  sdg_jw_init(&w, &request);
  sdg_jw_object(&w, NULL);
  rc = write_words(&w, command, argc - 1, argv + 1, &as_json);
  if (commands[command].is_change) {
    (void)snprintf(who, sizeof(who), "uid %lu", (unsigned long)getuid());
    sdg_jw_string(&w, "by", who);
  }
  sdg_jw_object_end(&w);
  if (rc == 0 && sdg_buf_error(&request) != STARDELEG_OK) {
    rc = 1;
    (void)complain(argv[0], "the request is too long, or its words are no UTF-8");
  }
  if (rc == 0) {
    rc = send_request(command, &request, as_json, send, ctx);
  }
  sdg_buf_clear(&request);
  return rc;
}
