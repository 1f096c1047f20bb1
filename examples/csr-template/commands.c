/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/commands.c -- check, explain, build and match. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/crypto_choice.h"
#include "common/files.h"
#include "output.h"
#include "request.h"
#include "tn_auth_list.h"

#define FILE_MAX ((size_t)1024 * 1024)

static int trouble(const char *what, const char *why)
{
  (void)fprintf(stderr, "csr-template: %s: %s\n", what, why);
  return EXIT_TROUBLE;
}

/* --- Files --- */

/* The file called |path|, "-" being standard input; NULL after having said what is wrong. */
static char *read_input(const char *path, size_t *len)
{
  char *data = NULL;
  int error;

  if (strcmp(path, "-") != 0) {
    error = file_read(&data, len, path, FILE_MAX);
    if (error != 0) {
      (void)trouble(path, strerror(error));
    }
    return data;
  }
  data = malloc(FILE_MAX + 1);
  if (data == NULL) {
    (void)trouble(path, "no memory");
    return NULL;
  }
  *len = fread(data, 1, FILE_MAX, stdin);
  data[*len] = '\0';
  return data;
}

/* --- Templates --- */

static const stardeleg_template_extension *const stir[] = {&tn_auth_list};

/* Loads; |*code| is the exit code if the result is NULL.  Findings are written unless |quiet| and there is no refusal.
 */
static stardeleg_template *load(const options *opts, bool quiet, int *code)
{
  stardeleg_template_options limits;
  stardeleg_template *tmpl = NULL;
  stardeleg_report *report = NULL;
  size_t len = 0;
  char *json = read_input(opts->template_path, &len);
  stardeleg_err err;

  *code = EXIT_TROUBLE;
  if (json == NULL) {
    return NULL;
  }
  stardeleg_template_options_default(&limits);
  limits.allow_ca_usages = opts->allow_ca_usages;
  limits.extensions = opts->stir ? stir : NULL;
  limits.extension_count = opts->stir ? 1 : 0;
  err = stardeleg_template_load(&tmpl, (stardeleg_bytes){(const uint8_t *)json, len}, &limits, &report);
  free(json);
  if (err == STARDELEG_OK || stardeleg_report_is_refusal(report)) {
    *code = err == STARDELEG_OK ? EXIT_OK : EXIT_REFUSED;
    if (!quiet || err != STARDELEG_OK) {
      output_report(opts->template_path, err == STARDELEG_OK, report, opts->json);
    }
  } else {
    (void)trouble(opts->template_path, stardeleg_strerror(err));
  }
  stardeleg_report_free(report);
  return tmpl;
}

static int check(const options *opts)
{
  int code;
  stardeleg_template *tmpl = load(opts, false, &code);

  stardeleg_template_free(tmpl);
  return code;
}

static int explain(const options *opts)
{
  int code;
  stardeleg_template *tmpl = load(opts, true, &code);
  char *text = NULL;

  if (tmpl == NULL) {
    return code;
  }
  if (stardeleg_template_explain(tmpl, &text) == STARDELEG_OK) {
    output_text("explanation", text, opts->json);
    free(text);
  } else {
    code = trouble(opts->template_path, "no memory");
  }
  stardeleg_template_free(tmpl);
  return code;
}

/* --- Build --- */

static stardeleg_key *read_key(const options *opts, const stardeleg_crypto *crypto)
{
  stardeleg_key *key = NULL;
  size_t len = 0;
  char *data = read_input(opts->key_path, &len);
  stardeleg_err err;

  if (data == NULL) {
    return NULL;
  }
  err = stardeleg_key_import(&key, crypto, (stardeleg_bytes){(const uint8_t *)data, len});
  stardeleg_secret_free(data, len);
  if (err != STARDELEG_OK) {
    (void)trouble(opts->key_path, stardeleg_strerror(err));
  }
  return key;
}

static stardeleg_key *make_key(const options *opts, const stardeleg_crypto *crypto, const stardeleg_template *tmpl)
{
  stardeleg_key_spec spec = stardeleg_template_key_spec(tmpl, crypto);
  stardeleg_key *key = NULL;
  stardeleg_err err = STARDELEG_ERR_UNSUPPORTED;

  if (spec != STARDELEG_KEY_NONE) {
    err = stardeleg_key_generate(&key, crypto, spec);
  }
  if (err != STARDELEG_OK) {
    (void)trouble(opts->new_key_path, stardeleg_strerror(err));
  }
  return key;
}

static int save_key(const options *opts, const stardeleg_key *key)
{
  char *pem = NULL;
  size_t len = 0;
  stardeleg_err err = stardeleg_key_export_pem(key, &pem, &len);
  int error;

  if (err != STARDELEG_OK) {
    return trouble(opts->new_key_path, stardeleg_strerror(err));
  }
  error = file_write(opts->new_key_path, pem, len, 0600);
  stardeleg_secret_free(pem, len);
  return error != 0 ? trouble(opts->new_key_path, strerror(error)) : EXIT_OK;
}

static int write_request(const options *opts, const uint8_t *der, size_t len)
{
  char *pem = opts->der ? NULL : request_encode(der, len);
  const void *data = opts->der ? (const void *)der : pem;
  size_t data_len = opts->der ? len : pem != NULL ? strlen(pem) : 0;
  int code = EXIT_OK;

  if (data == NULL) {
    return trouble("request", "no memory");
  }
  if (opts->out_path != NULL) {
    int error = file_write(opts->out_path, data, data_len, 0644);

    if (error != 0) {
      code = trouble(opts->out_path, strerror(error));
    }
  } else if (fwrite(data, 1, data_len, stdout) != data_len) {
    code = trouble("standard output", "cannot write");
  }
  free(pem);
  return code;
}

/* A choice that is missing or bad, or a key that does not fit. */
static int tell_refusal(const options *opts, const stardeleg_problem *problem)
{
  if (opts->json) {
    (void)fputs("{\"built\":false,\"place\":", stdout);
    output_json_string(problem->place);
    (void)fputs(",\"detail\":", stdout);
    output_json_string(problem->detail);
    (void)fputs("}\n", stdout);
  } else {
    (void)fprintf(stderr, "csr-template: %s\n", problem->detail);
  }
  return EXIT_REFUSED;
}

static int build_with(const options *opts, const stardeleg_crypto *crypto, const stardeleg_template *tmpl)
{
  stardeleg_key *key = opts->key_path != NULL ? read_key(opts, crypto) : make_key(opts, crypto, tmpl);
  stardeleg_problem problem;
  uint8_t *der = NULL;
  size_t len = 0;
  stardeleg_err err;
  int code;

  if (key == NULL) {
    return EXIT_TROUBLE;
  }
  err = stardeleg_template_build(tmpl, key, opts->choices, opts->choice_count, &der, &len, &problem);
  if (err == STARDELEG_OK) {
    /* A refused request leaves the file as it was: it may hold a key that is in use. */
    code = opts->new_key_path != NULL ? save_key(opts, key) : EXIT_OK;
    code = code == EXIT_OK ? write_request(opts, der, len) : code;
  } else if (err == STARDELEG_ERR_POLICY || err == STARDELEG_ERR_BAD_KEY) {
    code = tell_refusal(opts, &problem);
  } else {
    code = trouble("request", stardeleg_strerror(err));
  }
  free(der);
  stardeleg_key_free(key);
  return code;
}

/* --- Match --- */

static int is_below(const char *name, const char *domain)
{
  size_t name_len = strlen(name);
  size_t domain_len = strlen(domain);

  return name_len > domain_len + 1 && name[name_len - domain_len - 1] == '.' &&
         strcasecmp(name + name_len - domain_len, domain) == 0;
}

static int decide(void *ctx, const stardeleg_name_choice *choice)
{
  const options *opts = ctx;

  if (choice->wildcard && !opts->allow_wildcards) {
    return 0;
  }
  for (size_t i = 0; i < opts->allowed_count; i++) {
    if (is_below(choice->name, opts->allowed[i])) {
      return 1;
    }
  }
  return 0;
}

static int match_with(options *opts, const stardeleg_crypto *crypto, const stardeleg_template *tmpl)
{
  stardeleg_match_options rules;
  stardeleg_report *report = NULL;
  size_t len = 0;
  char *csr = read_input(opts->csr_path, &len);
  stardeleg_err err;
  int code = EXIT_REFUSED;

  if (csr == NULL) {
    return EXIT_TROUBLE;
  }
  stardeleg_match_options_default(&rules);
  rules.policy = opts->allowed_count != 0 ? decide : NULL;
  rules.policy_ctx = opts;
  rules.key_only = opts->key_only;
  rules.allow_uri_identifiers = opts->uri_identifiers;
  len = request_decode(csr, len);
  err = stardeleg_template_match(tmpl, crypto, (stardeleg_bytes){(const uint8_t *)csr, len},
                                 opts->identifier_count != 0 ? opts->identifiers : NULL, opts->identifier_count, &rules,
                                 &report);
  if (err == STARDELEG_OK || err == STARDELEG_ERR_POLICY) {
    code = err == STARDELEG_OK ? EXIT_OK : EXIT_REFUSED;
    output_report(opts->csr_path, err == STARDELEG_OK, report, opts->json);
  } else {
    code = trouble(opts->csr_path, stardeleg_strerror(err));
  }
  stardeleg_report_free(report);
  free(csr);
  return code;
}

/* Build and match need a template and a crypto backend. */
static int with_crypto(const options *opts, bool is_match)
{
  stardeleg_crypto *crypto = NULL;
  options copy = *opts;
  int code;
  stardeleg_template *tmpl = load(opts, true, &code);

  if (tmpl == NULL) {
    return code;
  }
  if (crypto_choose(&crypto, opts->crypto) != STARDELEG_OK) {
    code = trouble(opts->crypto != NULL ? opts->crypto : "crypto", "no such backend here");
  } else {
    code = is_match ? match_with(&copy, crypto, tmpl) : build_with(opts, crypto, tmpl);
  }
  stardeleg_template_free(tmpl);
  stardeleg_crypto_free(crypto);
  return code;
}

int command_run(const options *opts)
{
  if (strcmp(opts->command, "check") == 0) {
    return check(opts);
  }
  if (strcmp(opts->command, "explain") == 0) {
    return explain(opts);
  }
  if (strcmp(opts->command, "build") == 0) {
    return with_crypto(opts, false);
  }
  if (strcmp(opts->command, "match") == 0) {
    return with_crypto(opts, true);
  }
  return trouble(opts->command, "no such command");
}
