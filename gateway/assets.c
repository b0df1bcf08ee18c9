/*
 * assets.c
 *	  The page's files, as they were read at the start or at the last SIGHUP.
 *
 * Copyright (c) 2026, the kycvs authors
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "assets.h"
#include "filling.h"
#include "problem.h"
#include "reading.h"

#define CACHING	"public, max-age=300"

enum
{
	FILE_TEMPLATE,
	FILE_ELEMENT,
	FILE_SCRIPT,
	FILE_STYLE,
	FILES
};

static const struct
{
	const char *name;
	const char *path;			/* NULL: is not sent as it is */
	const char *type;
	const char *for_whom;		/* Cross-Origin-Resource-Policy */
} files[FILES] = {
	[FILE_TEMPLATE] = {"page.html", NULL, NULL, NULL},
	[FILE_ELEMENT] = {"kycvs.js", "/kycvs.js", "text/javascript; charset=utf-8", "cross-origin"},
	[FILE_SCRIPT] = {"page.js", "/page.js", "text/javascript; charset=utf-8", "same-origin"},
	[FILE_STYLE] = {"page.css", "/page.css", "text/css; charset=utf-8", "same-origin"}
};

static const char *const languages[] = {"en", "hi", "gu"};

#define LANGUAGES	((int) (sizeof(languages) / sizeof(languages[0])))

typedef struct Assets
{
	bool		there;
	Buffer		files[FILES];
	Reading    *messages[LANGUAGES];
} Assets;

static Assets assets;

static void
drop(Assets *old)
{
	for (int i = 0; i < FILES; i++)
		buffer_wipe(&old->files[i]);
	for (int i = 0; i < LANGUAGES; i++)
		reading_close(old->messages[i]);
	memset(old, 0, sizeof(*old));
}

static bool
read_file(const char *directory, const char *name, Buffer *content, Buffer *problem)
{
	Buffer		path = {0};
	char		piece[4096];
	size_t		n;
	FILE	   *file;

	buffer_format(&path, "%s/%s", directory, name);
	file = fopen(path.data, "re");
	while (file != NULL && (n = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_add(content, piece, n);
	if (file == NULL || ferror(file))
		buffer_format(problem, "web: %s: %s", path.data, strerror(errno));
	if (file != NULL)
		fclose(file);
	buffer_wipe(&path);
	return buffer_text(problem)[0] == '\0';
}

static bool
read_messages(const char *directory, int i, Assets *fresh, Buffer *problem)
{
	char		name[64];
	Buffer		content = {0};

	snprintf(name, sizeof(name), "messages/%s.json", languages[i]);
	if (read_file(directory, name, &content, problem))
	{
		fresh->messages[i] = reading_open(buffer_text(&content));
		if (fresh->messages[i] == NULL)
			buffer_format(problem, "web: %s/%s is not one JSON object", directory, name);
	}
	buffer_wipe(&content);
	return fresh->messages[i] != NULL;
}

static bool
read_all(const char *directory, Assets *fresh, Buffer *problem)
{
	bool		good = true;

	for (int i = 0; i < FILES && good; i++)
		good = read_file(directory, files[i].name, &fresh->files[i], problem);
	for (int i = 0; i < LANGUAGES && good; i++)
		good = read_messages(directory, i, fresh, problem);
	fresh->there = good;
	return good && filling_check(buffer_text(&fresh->files[FILE_TEMPLATE]), problem);
}

bool
assets_read(const char *directory, Buffer *problem)
{
	Assets		fresh = {0};

	if (directory != NULL && !read_all(directory, &fresh, problem))
	{
		drop(&fresh);
		return false;
	}
	drop(&assets);
	assets = fresh;
	return true;
}

void
assets_end(void)
{
	drop(&assets);
}

const char *
assets_template(void)
{
	return assets.there ? buffer_text(&assets.files[FILE_TEMPLATE]) : NULL;
}

static int
find_language(const char *language)
{
	for (int i = 0; i < LANGUAGES; i++)
		if (strcmp(languages[i], language) == 0)
			return i;
	return -1;
}

bool
assets_has_language(const char *language)
{
	return find_language(language) >= 0;
}

const char *
assets_message(const char *language, const char *key)
{
	int			i = find_language(language);
	const char *text = reading_text(assets.messages[i >= 0 ? i : 0], key);

	return *text != '\0' ? text : reading_text(assets.messages[0], key);
}

void
assets_handle(Exchange *exchange)
{
	for (int i = 0; i < FILES && assets.there; i++)
	{
		if (files[i].path == NULL || strcmp(files[i].path, exchange_path(exchange)) != 0)
			continue;
		exchange_add_header(exchange, "Cache-Control", CACHING);
		exchange_add_header(exchange, "Cross-Origin-Resource-Policy", files[i].for_whom);
		exchange_reply(exchange, 200, files[i].type, &assets.files[i]);
		return;
	}
	problem_send(exchange, 404, "there is no page here");
}
