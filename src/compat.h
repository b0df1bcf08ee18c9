/*
 * compat.h
 *	  Differences between the PostgreSQL versions that kycvs is built for.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#ifndef KYCVS_COMPAT_H
#define KYCVS_COMPAT_H

#include "catalog/dependency.h"
#include "commands/user.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "postmaster/bgworker_internals.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/guc_tables.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM >= 170000
#define KYCVS_MY_PROC_NUMBER	((int) MyProcNumber)
#else
#define KYCVS_MY_PROC_NUMBER	(MyProc->pgprocno)
#endif

/* 16 gave role grants a parse state, and membership without INHERIT. */
#if PG_VERSION_NUM >= 160000
#define KYCVS_GRANT_ROLE(stmt)	GrantRole(NULL, (stmt))
#else
#define KYCVS_GRANT_ROLE(stmt)	GrantRole(stmt)
#endif

/* 16 gave the list of settings a parameter. */
static inline struct config_generic *
kycvs_find_setting(const char *name)
{
	int			n;
	int			i;
#if PG_VERSION_NUM >= 160000
	struct config_generic **all = get_guc_variables(&n);
#else
	struct config_generic **all = get_guc_variables();

	n = GetNumConfigOptions();
#endif
	for (i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

/* 16 gave it the result relations. */
#if PG_VERSION_NUM >= 160000
#define KYCVS_EPQ_INIT(epqstate, estate)	EvalPlanQualInit((epqstate), (estate), NULL, NIL, -1, NIL)
#else
#define KYCVS_EPQ_INIT(epqstate, estate)	EvalPlanQualInit((epqstate), (estate), NULL, NIL, -1)
#endif

#if PG_VERSION_NUM >= 170000
#define KYCVS_IDENTITY_SEQUENCE(relation, column)	getIdentitySequence((relation), (column), false)
#else
#define KYCVS_IDENTITY_SEQUENCE(relation, column)	getIdentitySequence(RelationGetRelid(relation), (column), false)
#endif

/* 18 gave it a place to count in. */
#if PG_VERSION_NUM >= 180000
#define KYCVS_INDEX_BEGINSCAN(table, index, snapshot, nkeys)	index_beginscan((table), (index), (snapshot), NULL, (nkeys), 0)
#else
#define KYCVS_INDEX_BEGINSCAN(table, index, snapshot, nkeys)	index_beginscan((table), (index), (snapshot), (nkeys), 0)
#endif

/* 17 may be given the memory; include common/jsonapi.h. */
#if PG_VERSION_NUM >= 170000
#define KYCVS_JSON_LEXER(text, length)	makeJsonLexContextCstringLen(NULL, (text), (length), PG_UTF8, false)
#else
#define KYCVS_JSON_LEXER(text, length)	makeJsonLexContextCstringLen((text), (length), PG_UTF8, false)
#endif

#if PG_VERSION_NUM >= 180000
#define KYCVS_FOREACH_WORKER(iter) dlist_foreach(iter, &BackgroundWorkerList)
#define KYCVS_WORKER(iter) dlist_container(RegisteredBgWorker, rw_lnode, (iter).cur)
typedef dlist_iter KycvsWorkerIter;
#else
#define KYCVS_FOREACH_WORKER(iter) slist_foreach(iter, &BackgroundWorkerList)
#define KYCVS_WORKER(iter) slist_container(RegisteredBgWorker, rw_lnode, (iter).cur)
typedef slist_iter KycvsWorkerIter;
#endif

#endif							/* KYCVS_COMPAT_H */
