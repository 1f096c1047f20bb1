/* SPDX-License-Identifier: Apache-2.0 */
/* star-ca/pki.h -- the CA's root and the certificates of its own and its neighbours' servers. */
#ifndef EXAMPLE_STAR_CA_PKI_H
#define EXAMPLE_STAR_CA_PKI_H

#include "common/service.h"

/* The root: read, or made at the first start ("root-key" among the secrets, root.pem in the state directory).  Returns
 * 0, or -1 after a line on standard error. */
int pki_open_root(const service *s, stardeleg_key **key, char **pem);
/* A fresh certificate for the server's own names: tls.pem and tls.key in the state directory. */
int pki_server_certificate(const service *s, stardeleg_key *root_key, const char *root_pem);
/* The command "server-cert": --cert OUT --key OUT NAME...  Returns an exit code. */
int pki_command(const service *s, stardeleg_key *root_key, const char *root_pem, int argc, char **argv);
/* Writes the port file; 0 or -1. */
int pki_write_port(const char *path, unsigned port);

#endif /* EXAMPLE_STAR_CA_PKI_H */
