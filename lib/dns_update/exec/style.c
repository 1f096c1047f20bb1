/* SPDX-License-Identifier: Apache-2.0 */
/* dns_update/exec/style.c -- the dialects of programs: arguments, environment, script. */
#include "exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHALLENGE "_acme-challenge."

/* --- Building a plan --- */

static const char *compose(sdg_exec_plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *compose(sdg_exec_plan *plan, const char *format, ...)
{
  char *at = plan->room + plan->used;
  size_t room = sizeof(plan->room) - plan->used;
  va_list arguments;
  int len;

  va_start(arguments, format);
  len = vsnprintf(at, room, format, arguments);
  va_end(arguments);
  if (len < 0 || (size_t)len >= room) {
    plan->too_long = true;
    return "";
  }
  plan->used += (size_t)len + 1;
  return at;
}

static void add_argument(sdg_exec_plan *plan, const char *text)
{
  if (plan->argc == SDG_EXEC_ARGS_MAX) {
    plan->too_long = true;
    return;
  }
  plan->argv[plan->argc++] = text;
}

static void add_variable(sdg_exec_plan *plan, const char *text)
{
  if (plan->variable_count == SDG_EXEC_VARIABLES_MAX) {
    plan->too_long = true;
    return;
  }
  plan->variables[plan->variable_count++] = text;
}

static bool is_upsert(const stardeleg_dns_change *change)
{
  return change->action == STARDELEG_DNS_UPSERT;
}

static const char *type_of(const stardeleg_dns_change *change)
{
  return change->type == STARDELEG_DNS_CNAME ? "CNAME" : "TXT";
}

/* The name that the challenge is about. */
static const char *domain_of(const stardeleg_dns_change *change)
{
  return change->name + sizeof(CHALLENGE) - 1;
}

/* --- The styles --- */

static bool plan_exec(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                      const char *auth_output)
{
  const char *action = is_upsert(change) ? "upsert" : "remove";

  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, action);
  add_argument(plan, type_of(change));
  add_argument(plan, change->name);
  add_argument(plan, change->value);
  add_variable(plan, compose(plan, "STARDELEG_ACTION=%s", action));
  add_variable(plan, compose(plan, "STARDELEG_TYPE=%s", type_of(change)));
  add_variable(plan, compose(plan, "STARDELEG_NAME=%s", change->name));
  add_variable(plan, compose(plan, "STARDELEG_VALUE=%s", change->value));
  add_variable(plan, compose(plan, "STARDELEG_TTL=%lu", (unsigned long)change->ttl_s));
  add_variable(plan, compose(plan, "STARDELEG_TOKEN=%s", change->token));
  return true;
}

/* Values hold neither quotes nor line ends, names nothing special at all. */
static int write_update(char *out, size_t size, const stardeleg_dns_change *change)
{
  const char *name = change->name;
  const char *value = change->value;
  unsigned long ttl = change->ttl_s;

  if (change->type == STARDELEG_DNS_TXT) {
    return is_upsert(change) ? snprintf(out, size, "update add %s. %lu TXT \"%s\"\n", name, ttl, value)
                             : snprintf(out, size, "update delete %s. TXT \"%s\"\n", name, value);
  }
  /* Added, it takes the place of another (RFC 2136 3.4.2.2).  To delete that first would do harm: in a signed zone
   * Knot 3.2 then drops the addition of the same update. */
  return is_upsert(change) ? snprintf(out, size, "update add %s. %lu CNAME %s.\n", name, ttl, value)
                           : snprintf(out, size, "update delete %s. CNAME %s.\n", name, value);
}

/* "" where there is none. */
static const char *line(sdg_exec_plan *plan, const char *word, const char *value, const char *end)
{
  return value != NULL ? compose(plan, "%s %s%s\n", word, value, end) : "";
}

static bool plan_nsupdate(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                          const char *auth_output)
{
  char update[1200];
  char port[16];
  int len;

  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, "-v"); /* TCP: an update is not to be lost or sent twice */
  add_argument(plan, "-t");
  add_argument(plan, compose(plan, "%lld", (long long)(options->timeout_ms / 1000 + 1)));
  if (options->key_file != NULL) {
    add_argument(plan, "-k");
    add_argument(plan, options->key_file);
  }
  len = write_update(update, sizeof(update), change);
  if (len < 0 || (size_t)len >= sizeof(update)) {
    return false;
  }
  (void)snprintf(port, sizeof(port), "%s%s", options->port != NULL ? " " : "",
                 options->port != NULL ? options->port : "");
  len = snprintf(plan->script, sizeof(plan->script), "%s%s%ssend\n", line(plan, "server", options->server, port),
                 line(plan, "zone", options->zone, "."), update);
  return len > 0 && (size_t)len < sizeof(plan->script);
}

static bool plan_lexicon(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                         const char *auth_output)
{
  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, options->provider);
  add_argument(plan, is_upsert(change) ? "create" : "delete");
  add_argument(plan, options->zone);
  add_argument(plan, type_of(change));
  /* In one word each: a value may begin with a hyphen. */
  add_argument(plan, compose(plan, "--name=%s.", change->name));
  add_argument(plan, compose(plan, "--content=%s%s", change->value, change->type == STARDELEG_DNS_CNAME ? "." : ""));
  if (is_upsert(change)) {
    add_argument(plan, compose(plan, "--ttl=%lu", (unsigned long)change->ttl_s));
  }
  return true;
}

static bool plan_lego(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                      const char *auth_output)
{
  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, is_upsert(change) ? "present" : "cleanup");
  add_argument(plan, compose(plan, "%s.", change->name));
  add_argument(plan, change->value);
  return true;
}

static bool plan_acme_sh(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                         const char *auth_output)
{
  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, options->plugin);
  add_argument(plan, is_upsert(change) ? "add" : "rm");
  add_argument(plan, change->name);
  add_argument(plan, change->value);
  return true;
}

static bool plan_uacme(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                       const char *auth_output)
{
  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, is_upsert(change) ? "begin" : "done");
  add_argument(plan, "dns-01");
  add_argument(plan, domain_of(change));
  add_argument(plan, change->token);
  add_argument(plan, change->value);
  return true;
}

static bool plan_dehydrated(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                            const char *auth_output)
{
  (void)auth_output;
  add_argument(plan, options->program);
  add_argument(plan, is_upsert(change) ? "deploy_challenge" : "clean_challenge");
  add_argument(plan, domain_of(change));
  add_argument(plan, change->token);
  add_argument(plan, change->value);
  return true;
}

static bool plan_certbot(sdg_exec_plan *plan, const sdg_exec_options *options, const stardeleg_dns_change *change,
                         const char *auth_output)
{
  add_argument(plan, is_upsert(change) ? options->program : options->cleanup_program);
  plan->nothing = plan->argv[0] == NULL;
  add_variable(plan, compose(plan, "CERTBOT_DOMAIN=%s", domain_of(change)));
  add_variable(plan, compose(plan, "CERTBOT_VALIDATION=%s", change->value));
  add_variable(plan, compose(plan, "CERTBOT_ALL_DOMAINS=%s", domain_of(change)));
  add_variable(plan, "CERTBOT_REMAINING_CHALLENGES=0");
  if (!is_upsert(change)) {
    add_variable(plan, compose(plan, "CERTBOT_AUTH_OUTPUT=%s", auth_output));
  }
  return true;
}

static const sdg_exec_style styles[] = {{"exec", NULL, true, true, plan_exec},
                                        {"nsupdate", "/usr/bin/nsupdate", true, true, plan_nsupdate},
                                        {"lexicon", "/usr/bin/lexicon", true, true, plan_lexicon},
                                        {"lego", NULL, false, true, plan_lego},
                                        {"acme.sh", NULL, false, true, plan_acme_sh},
                                        {"uacme", NULL, false, false, plan_uacme},
                                        {"dehydrated", NULL, false, false, plan_dehydrated},
                                        {"certbot", NULL, false, false, plan_certbot}};

const sdg_exec_style *sdg_exec_find_style(const char *name)
{
  for (size_t i = 0; name != NULL && i < sizeof(styles) / sizeof(styles[0]); i++) {
    if (strcmp(styles[i].name, name) == 0) {
      return &styles[i];
    }
  }
  return NULL;
}

bool sdg_exec_style_can(const sdg_exec_style *style, const stardeleg_dns_change *change)
{
  if (change->type == STARDELEG_DNS_CNAME && !style->does_cname) {
    return false;
  }
  return style->any_name ||
         (strncasecmp(change->name, CHALLENGE, sizeof(CHALLENGE) - 1) == 0 && domain_of(change)[0] != '\0');
}

int stardeleg_dns_exec_can(const char *style, stardeleg_dns_type type)
{
  const sdg_exec_style *found = sdg_exec_find_style(style);

  return found != NULL && found->any_name &&
         (type == STARDELEG_DNS_TXT || (type == STARDELEG_DNS_CNAME && found->does_cname));
}
