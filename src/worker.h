/*
 * worker.h
 *	  What the two workers of a registry have in common.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_WORKER_H
#define KYCVS_WORKER_H

/* In the postmaster; false when it has no room for another worker. */
extern bool kycvs_worker_register(const char *type, const char *function, int authority);

/* In the worker: what it does on signals. */
extern void kycvs_worker_start(void);

/* A transaction of kycvs_owner's, restricted in what it may do. */
extern void kycvs_worker_begin(void);
extern void kycvs_worker_commit(void);
extern void kycvs_worker_assert_owner(void);

/* After SIGHUP: the settings, and the keys anew. */
extern void kycvs_worker_reload(void);

#endif							/* KYCVS_WORKER_H */
