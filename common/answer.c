/*
 * answer.c
 *	  What a query has brought.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <string.h>

#include <libpq-fe.h>

#include "answer.h"

#define ROW_BYTES	16			/* of a row, beside its values */
#define VALUE_BYTES	4
#define MORE_BYTES	1024

const char *
answer_sqlstate(const Answer *answer)
{
	const char *sqlstate;

	if (answer->result == NULL)
		return answer->why;
	if (answer_is_fine(answer))
		return ANSWER_FINE;
	sqlstate = PQresultErrorField(answer->result, PG_DIAG_SQLSTATE);
	return sqlstate != NULL ? sqlstate : ANSWER_LOST;
}

bool
answer_is_fine(const Answer *answer)
{
	return answer->result != NULL && PQresultStatus(answer->result) == PGRES_TUPLES_OK;
}

const char *
answer_message(const Answer *answer)
{
	const char *message = answer->result != NULL ? PQresultErrorField(answer->result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	return message != NULL ? message : "connection lost";
}

int
answer_rows(const Answer *answer)
{
	return answer_is_fine(answer) ? PQntuples(answer->result) : 0;
}

const char *
answer_value(const Answer *answer, int row, int column)
{
	return PQgetisnull(answer->result, row, column) ? NULL : PQgetvalue(answer->result, row, column);
}

size_t
answer_wipe(const Answer *answer)
{
	size_t		length = MORE_BYTES;

	for (int row = 0; row < answer_rows(answer); row++)
	{
		length += ROW_BYTES;
		for (int column = 0; column < PQnfields(answer->result); column++)
		{
			int			bytes = PQgetlength(answer->result, row, column);

			explicit_bzero(PQgetvalue(answer->result, row, column), bytes);
			length += VALUE_BYTES + bytes;
		}
	}
	return length;
}
