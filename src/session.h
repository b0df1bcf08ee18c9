/*
 * session.h
 *	  The session of a worker: its database, its settings, its role.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_SESSION_H
#define KYCVS_SESSION_H

/* Connects to the registry's database; waits for it, attached to none, when it does not exist. */
extern void kycvs_session_connect(int authority);

/* Connects to the database of an authority that is connected. */
extern void kycvs_session_connect_beside(int authority);

/* Settings that nobody's ALTER DATABASE or ALTER ROLE may change here; again after each reload. */
extern void kycvs_session_pin(void);

/*
 * Outside any transaction: becomes kycvs_owner when the extension is there,
 * and says whether it is.  *changed: it is another one than the last time.
 */
extern bool kycvs_session_enter(bool *changed);

/* In a transaction: the extension is the one that was entered. */
extern bool kycvs_session_unchanged(void);

/* The role it became. */
extern Oid	kycvs_session_owner(void);

#endif							/* KYCVS_SESSION_H */
