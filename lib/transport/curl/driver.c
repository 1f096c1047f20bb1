/* SPDX-License-Identifier: Apache-2.0 */
/* transport/curl/driver.c -- the driver's public calls under a foreign event loop. */
#include "driver.h"

#include <stdlib.h>

/* Idle connections kept, and all connections together. */
#define CONNECTIONS_KEPT 64L
#define CONNECTIONS_MAX 256L

static stardeleg_err make_multi(stardeleg_curl *curl)
{
  long per_host = curl->settings.options.connections_per_host;

  curl->multi = curl_multi_init();
  if (curl->multi == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  if (curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, sdg_curl_watch_socket) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, sdg_curl_watch_timer) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_MAX_HOST_CONNECTIONS, per_host) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX) != CURLM_OK ||
      curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK) {
    return STARDELEG_ERR_UNSUPPORTED;
  }
  return STARDELEG_OK;
}

/* One handle is made at once: what this libcurl cannot do shows now. */
static stardeleg_err prepare(stardeleg_curl *curl, const stardeleg_curl_options *options)
{
  stardeleg_err rv = sdg_curl_settings_init(&curl->settings, options);

  if (rv == STARDELEG_OK) {
    rv = make_multi(curl);
  }
  if (rv == STARDELEG_OK) {
    rv = sdg_curl_exchange_new(&curl->idle, &curl->settings);
    curl->idle_count = curl->idle != NULL ? 1 : 0;
  }
  if (rv == STARDELEG_OK && !sdg_curl_signal_open(&curl->signal)) {
    rv = STARDELEG_ERR_NOMEM;
  }
  if (rv == STARDELEG_OK) {
    rv = sdg_curl_watch_set(curl, curl->signal.read_fd, STARDELEG_FD_READ) ? STARDELEG_OK : STARDELEG_ERR_NOMEM;
  }
  return rv;
}

stardeleg_err stardeleg_curl_new(stardeleg_curl **out, const stardeleg_curl_options *options)
{
  stardeleg_curl *curl;
  stardeleg_err rv;

  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    return STARDELEG_ERR_NOMEM;
  }
  if ((curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SSL) == 0) {
    curl_global_cleanup();
    return STARDELEG_ERR_UNSUPPORTED;
  }
  curl = calloc(1, sizeof(*curl));
  if (curl == NULL) {
    curl_global_cleanup();
    return STARDELEG_ERR_NOMEM;
  }
  curl->signal.read_fd = curl->signal.write_fd = -1;
  curl->curl_at = SDG_CURL_TICKS_NEVER;
  rv = prepare(curl, options);
  if (rv != STARDELEG_OK) {
    stardeleg_curl_free(curl);
    return rv;
  }
  *out = curl;
  return STARDELEG_OK;
}

stardeleg_err stardeleg_curl_add(stardeleg_curl *curl, const stardeleg_engine *engine)
{
  sdg_curl_member **link = &curl->members;
  sdg_curl_member *member = calloc(1, sizeof(*member));

  if (member == NULL) {
    return STARDELEG_ERR_NOMEM;
  }
  member->engine = *engine;
  member->due = true;
  while (*link != NULL) {
    link = &(*link)->next;
  }
  *link = member;
  sdg_curl_signal_raise(&curl->signal); /* a loop that sleeps is to ask it */
  return STARDELEG_OK;
}

void stardeleg_curl_remove(stardeleg_curl *curl, const void *self)
{
  sdg_curl_member **link = &curl->members;

  while (*link != NULL && ((*link)->engine.self != self || (*link)->removed)) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    sdg_curl_member *member = *link;

    sdg_curl_drop(curl, member);
    if (curl->depth > 0) {
      member->removed = true; /* an engine's callback took it out: the turn still holds it */
      curl->has_removed = true;
    } else {
      *link = member->next;
      free(member);
    }
  }
}

void stardeleg_curl_wake(stardeleg_curl *curl)
{
  atomic_store(&curl->woken, 1);
  sdg_curl_signal_raise(&curl->signal);
}

stardeleg_err stardeleg_curl_attach(stardeleg_curl *curl, const stardeleg_curl_hooks *hooks)
{
  if (curl->attached || curl->running) {
    return STARDELEG_ERR_STATE;
  }
  curl->hooks = *hooks;
  curl->attached = true;
  for (size_t i = 0; i < curl->watched_count; i++) {
    int events = ((curl->watched[i].events & POLLIN) != 0 ? STARDELEG_FD_READ : 0) |
                 ((curl->watched[i].events & POLLOUT) != 0 ? STARDELEG_FD_WRITE : 0);

    curl->hooks.watch(curl->hooks.ctx, curl->watched[i].fd, events);
  }
  return STARDELEG_OK;
}

/* The descriptor first, then the flag: a wake in between is seen now or makes the descriptor readable again. */
void sdg_curl_take_signal(stardeleg_curl *curl)
{
  sdg_curl_signal_drain(&curl->signal);
  if (atomic_exchange(&curl->woken, 0) != 0) {
    for (sdg_curl_member *member = curl->members; member != NULL; member = member->next) {
      member->due = true;
    }
  }
}

stardeleg_err stardeleg_curl_on_fd(stardeleg_curl *curl, int fd, int events)
{
  stardeleg_err kicked = STARDELEG_OK;
  stardeleg_err turned;
  int mask = ((events & STARDELEG_FD_READ) != 0 ? CURL_CSELECT_IN : 0) |
             ((events & STARDELEG_FD_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

  if (fd == curl->signal.read_fd) {
    sdg_curl_take_signal(curl);
  } else {
    kicked = sdg_curl_kick(curl, fd, mask);
  }
  turned = sdg_curl_turn(curl);
  return kicked != STARDELEG_OK ? kicked : turned;
}

stardeleg_err stardeleg_curl_on_timer(stardeleg_curl *curl)
{
  stardeleg_err kicked = STARDELEG_OK;
  stardeleg_err turned;

  if (curl->curl_at <= sdg_curl_ticks()) {
    kicked = sdg_curl_kick(curl, CURL_SOCKET_TIMEOUT, 0);
  }
  turned = sdg_curl_turn(curl);
  return kicked != STARDELEG_OK ? kicked : turned;
}

void stardeleg_curl_free(stardeleg_curl *curl)
{
  if (curl == NULL) {
    return;
  }
  sdg_curl_drop(curl, NULL);
  while (curl->idle != NULL) {
    sdg_curl_exchange *exchange = curl->idle;

    curl->idle = exchange->next;
    sdg_curl_exchange_free(exchange);
  }
  if (curl->multi != NULL) {
    (void)curl_multi_cleanup(curl->multi);
  }
  while (curl->members != NULL) {
    sdg_curl_member *member = curl->members;

    curl->members = member->next;
    free(member);
  }
  sdg_curl_signal_close(&curl->signal);
  sdg_curl_settings_clear(&curl->settings);
  free(curl->watched);
  free(curl->polled);
  free(curl);
  curl_global_cleanup();
}
