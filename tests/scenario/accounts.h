/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts that the stories are about. What cannot be made fails the test. */
#ifndef BS_TESTS_SCENARIO_ACCOUNTS_H
#define BS_TESTS_SCENARIO_ACCOUNTS_H

#include "server/model/account.h"

void set_blob(struct bs_blob *b, uint8_t octet, size_t len); /* len times octet */
void set_key(struct bs_secret *key, uint8_t first, size_t len); /* first, first + 1, and so on */
/* A server with a PSK, 00 to 0F. */
struct bs_grant *add_server(struct bs_account *a, uint16_t ssid, const char *uri, const char *identity);
void set_setting(struct bs_setting *s, uint16_t oid, uint16_t rid, enum bs_type type, const char *text);
/* The same with lifetime, storing and binding as settings. */
void add_set_server(struct bs_account *a, uint16_t ssid, const char *uri, const char *identity);
/* dev-0001 without servers; nothing is written that a mode does not use. */
/* What the outcome says where nothing showed the place of the bootstrap account, with the instance that the accounts name. */
#define BLIND "place of the bootstrap account unknown: servers written from /0/1 on"

struct bs_account *new_account(void);
struct bs_account *one_server(void); /* that, and server 101, set */
/* Certificate of 600 octets, key of 138, certificate of the server of 500: a payload above one block. */
struct bs_account *give_certificate(struct bs_account *a);
struct bs_account *give_sms(struct bs_account *a);

#endif
