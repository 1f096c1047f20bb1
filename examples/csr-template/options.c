/* SPDX-License-Identifier: Apache-2.0 */
/* csr-template/options.c -- the command line. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: csr-template check   [options] TEMPLATE\n"
    "       csr-template explain [options] TEMPLATE\n"
    "       csr-template build   [options] (--key FILE | --new-key FILE) TEMPLATE\n"
    "       csr-template match   [options] TEMPLATE CSR\n"
    "\n"
    "  TEMPLATE is a JSON file (RFC 9115, section 4), CSR a PKCS#10 request in PEM or DER; \"-\" is standard input.\n"
    "\n"
    "all commands:\n"
    "  --json                  write the answer as JSON\n"
    "  --allow-ca-usages       accept keyCertSign and cRLSign in a template\n"
    "  --stir                  know the extension TNAuthList (RFC 9115, section 5.2)\n"
    "  --crypto NAME           mbedtls or openssl\n"
    "build:\n"
    "  --key FILE              sign with this key (PEM or DER)\n"
    "  --new-key FILE          make a key of the first kind the template lists, and write it there (PEM, mode 0600)\n"
    "  --choose FIELD=VALUE    value for a wildcard: locality=Laval, DNS=a.ido.example; may be repeated\n"
    "  --out FILE              write the request there instead of to standard output\n"
    "  --der                   write DER instead of PEM\n"
    "match:\n"
    "  --identifier TYPE:NAME  an identifier of the order (dns:a.ido.example); may be repeated\n"
    "  --allow DOMAIN          allow chosen names below this domain; may be repeated\n"
    "  --allow-wildcards       allow chosen names to be DNS wildcards\n"
    "  --key-only              do not compare SignatureType with the request's own signature\n"
    "  --uri-identifiers       URI names are identifiers of the order\n"
    "\n"
    "Exit code 0: good or done; 1: refused; 2: wrong use, or a file that cannot be read or written.\n";

enum {
  OPT_JSON = 256,
  OPT_ALLOW_CA,
  OPT_STIR,
  OPT_CRYPTO,
  OPT_KEY,
  OPT_NEW_KEY,
  OPT_CHOOSE,
  OPT_OUT,
  OPT_DER,
  OPT_IDENTIFIER,
  OPT_ALLOW,
  OPT_ALLOW_WILDCARDS,
  OPT_KEY_ONLY,
  OPT_URI,
  OPT_HELP
};

static const struct option longs[] = {
    {"json", no_argument, NULL, OPT_JSON},
    {"allow-ca-usages", no_argument, NULL, OPT_ALLOW_CA},
    {"stir", no_argument, NULL, OPT_STIR},
    {"crypto", required_argument, NULL, OPT_CRYPTO},
    {"key", required_argument, NULL, OPT_KEY},
    {"new-key", required_argument, NULL, OPT_NEW_KEY},
    {"choose", required_argument, NULL, OPT_CHOOSE},
    {"out", required_argument, NULL, OPT_OUT},
    {"der", no_argument, NULL, OPT_DER},
    {"identifier", required_argument, NULL, OPT_IDENTIFIER},
    {"allow", required_argument, NULL, OPT_ALLOW},
    {"allow-wildcards", no_argument, NULL, OPT_ALLOW_WILDCARDS},
    {"key-only", no_argument, NULL, OPT_KEY_ONLY},
    {"uri-identifiers", no_argument, NULL, OPT_URI},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int complain(const char *what)
{
  (void)fprintf(stderr, "csr-template: %s\nTry \"csr-template --help\".\n", what);
  return EXIT_TROUBLE;
}

/* Cuts |text| at the first |mark|; NULL if there is none or nothing before it. */
static char *split(char *text, char mark)
{
  char *at = strchr(text, mark);

  if (at == NULL || at == text) {
    return NULL;
  }
  *at = '\0';
  return at + 1;
}

static int add_choice(options *out, char *text)
{
  char *value = split(text, '=');

  if (value == NULL || out->choice_count == OPTIONS_LIST_MAX) {
    return complain("--choose wants FIELD=VALUE");
  }
  out->choices[out->choice_count++] = (stardeleg_choice){text, value};
  return 0;
}

static int add_identifier(options *out, char *text)
{
  char *value = split(text, ':');

  if (value == NULL || out->identifier_count == OPTIONS_LIST_MAX) {
    return complain("--identifier wants TYPE:NAME");
  }
  out->identifiers[out->identifier_count++] = (stardeleg_identifier){text, value};
  return 0;
}

static int add_allowed(options *out, const char *domain)
{
  if (domain[0] == '\0' || domain[0] == '.' || out->allowed_count == OPTIONS_LIST_MAX) {
    return complain("--allow wants a domain without a leading dot");
  }
  out->allowed[out->allowed_count++] = domain;
  return 0;
}

static int take_flag(options *out, int option)
{
  switch (option) {
  case OPT_JSON:
    out->json = true;
    return 0;
  case OPT_ALLOW_CA:
    out->allow_ca_usages = true;
    return 0;
  case OPT_STIR:
    out->stir = true;
    return 0;
  case OPT_DER:
    out->der = true;
    return 0;
  case OPT_ALLOW_WILDCARDS:
    out->allow_wildcards = true;
    return 0;
  case OPT_KEY_ONLY:
    out->key_only = true;
    return 0;
  case OPT_URI:
    out->uri_identifiers = true;
    return 0;
  default:
    return complain("unknown option");
  }
}

static int take_option(options *out, int option, char *value)
{
  switch (option) {
  case OPT_CRYPTO:
    out->crypto = value;
    return 0;
  case OPT_KEY:
    out->key_path = value;
    return 0;
  case OPT_NEW_KEY:
    out->new_key_path = value;
    return 0;
  case OPT_OUT:
    out->out_path = value;
    return 0;
  case OPT_CHOOSE:
    return add_choice(out, value);
  case OPT_IDENTIFIER:
    return add_identifier(out, value);
  case OPT_ALLOW:
    return add_allowed(out, value);
  default:
    return take_flag(out, option);
  }
}

static bool is_stdin(const char *path)
{
  return path != NULL && strcmp(path, "-") == 0;
}

static int take_arguments(options *out, int count, char **arguments)
{
  bool is_match;

  if (count < 1) {
    return complain("a command is missing");
  }
  out->command = arguments[0];
  is_match = strcmp(out->command, "match") == 0;
  if (count != (is_match ? 3 : 2)) {
    return complain(is_match ? "match wants TEMPLATE and CSR" : "exactly one TEMPLATE is wanted");
  }
  out->template_path = arguments[1];
  out->csr_path = is_match ? arguments[2] : NULL;
  if (is_stdin(out->template_path) && (is_stdin(out->csr_path) || is_stdin(out->key_path))) {
    return complain("standard input can be only one of the files");
  }
  if (strcmp(out->command, "build") == 0 && (out->key_path == NULL) == (out->new_key_path == NULL)) {
    return complain("build wants either --key or --new-key");
  }
  return 0;
}

int options_read(options *out, int argc, char **argv, bool *done)
{
  int option;
  int rv = 0;

  memset(out, 0, sizeof(*out));
  *done = false;
  while (rv == 0 && (option = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
    if (option == OPT_HELP || option == 'h') {
      (void)fputs(usage, stdout);
      *done = true;
      return 0;
    }
    rv = take_option(out, option, optarg);
  }
  return rv == 0 ? take_arguments(out, argc - optind, argv + optind) : rv;
}
