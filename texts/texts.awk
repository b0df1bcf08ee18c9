# texts.awk
#	  Makes a part of src/usual.c of the texts in this directory.
#
#	LC_ALL=C awk -f texts/texts.awk texts/*.txt > texts/usual.inc
#
# A file that begins with "code:" is of a purpose, another of every purpose.
# What is wrong ends it with the file's name and line.  The texts themselves,
# their slots and lengths, are judged by t/unit/test_usual.c.
#
# Copyright (c) 2026, the kycvs authors

BEGIN {
	n_languages = split("en hi gu", languages)
	of_purpose["notice"] = of_purpose["sms"] = of_purpose["sms with host"] = 1
	of_every["sms"] = of_every["number taken off"] = 1
	unit["minutes"] = "USECS_PER_MINUTE"
	unit["hours"] = "USECS_PER_HOUR"
	unit["days"] = "USECS_PER_DAY"
}

function fail(message) {
	print file ":" line ": " message | "cat 1>&2"
	close("cat 1>&2")
	failed = 1
	exit 1
}

function trimmed(text) {
	gsub(/ +/, " ", text)
	sub(/^ /, "", text)
	sub(/ $/, "", text)
	return text
}

function quoted(text) {
	gsub(/"/, "\\\"", text)
	gsub(/\n/, "\\n", text)
	return "\"" text "\""
}

function number_in(value, words, most) {
	if (words[1] !~ /^[1-9][0-9]*$/ || length(words[1]) > 3 || words[1] + 0 > most)
		fail("\"" value "\" does not begin with a number from 1 to " most)
	return words[1]
}

# ---- what a file holds ----

function begin_file() {
	file = FILENAME
	n_files++
	n_done = 0
	code = validity = uses = language = section = ""
	split("", text)
	split("", name_length)
}

function set_code(value) {
	if (value !~ /^[a-z0-9][a-z0-9_.-]*$/ || length(value) > 64)
		fail("\"" value "\" is not a code")
	if (value in file_of)
		fail("the code is that of " file_of[value] ", too")
	file_of[value] = file
	code = value
}

function set_validity(value,   words) {
	if (split(value, words, " ") != 2 || !(words[2] in unit))
		fail("\"" value "\" is not a number of minutes, hours or days")
	validity = number_in(value, words, 365) " * " unit[words[2]]
}

function set_uses(value,   words) {
	if (split(value, words, " ") != 1)
		fail("\"" value "\" is not a number")
	uses = number_in(value, words, 100)
}

function set_name_length(value,   words) {
	if (split(value, words, " ") != 2 || words[2] != "characters")
		fail("\"" value "\" is not a number of characters")
	name_length[language] = number_in(value, words, 30)
}

function set_language(value) {
	end_language()
	if (code != "" && (validity == "" || uses == ""))
		fail("a purpose needs a validity and uses")
	if (value != languages[n_done + 1])
		fail("language \"" value "\" is not the next of en, hi, gu")
	language = value
}

function end_language(   s) {
	end_section()
	if (language == "")
		return
	if (code != "" && !(language in name_length))
		fail("language " language " has no \"one sms with a name of\"")
	if (code != "") {
		for (s in of_purpose)
			need(s)
	} else {
		for (s in of_every)
			need(s)
	}
	n_done++
	language = ""
}

function need(s) {
	if (!((language, s) in text))
		fail("language " language " has no \"" s "\"")
}

function begin_section(key) {
	end_section()
	if (language == "")
		fail("\"" key "\" stands before the first language")
	if (!(code != "" ? key in of_purpose : key in of_every))
		fail("\"" key "\" is not known here")
	if ((language, key) in text)
		fail("\"" key "\" stands twice")
	section = key
	text[language, key] = ""
}

function end_section() {
	if (section != "" && text[language, section] == "")
		fail("\"" section "\" is empty")
	section = ""
}

# The lines of a text are one; what a host is bound by has a line of its own.
function add_text(more) {
	if (section == "")
		fail("an indented line belongs to no text")
	if (text[language, section] != "")
		more = (section == "sms with host" && more ~ /^@/ ? "\n" : " ") more
	text[language, section] = text[language, section] more
}

function set_heading(key, value) {
	if (key in of_purpose || key in of_every) {
		begin_section(key)
		if (value != "")
			fail("what stands after \"" key ":\" belongs on the next line, indented")
	} else if (key == "language")
		set_language(value)
	else if (key == "one sms with a name of" && code != "" && language != "" && section == "")
		set_name_length(value)
	else if (language != "" || (key != "code" && code == ""))
		fail("\"" key "\" is not known here")
	else if (key == "code" && code == "")
		set_code(value)
	else if (key == "validity" && validity == "")
		set_validity(value)
	else if (key == "uses" && uses == "")
		set_uses(value)
	else
		fail("\"" key "\" is not known here, or stands twice")
}

# ---- what is made of it ----

function end_file(   i, l) {
	if (file == "")
		return
	end_language()
	if (n_done < n_languages)
		fail("language " languages[n_done + 1] " is missing")
	if (code == "" && every != "")
		fail("a second file without a code")
	if (code != "")
		purposes = purposes "\t{" quoted(code) ", " validity ", " uses ", {\n"
	for (i = 1; i <= n_languages; i++) {
		l = languages[i]
		if (code != "")
			purposes = purposes "\t\t{" quoted(l) ",\n\t\t" quoted(text[l, "notice"]) ",\n\t\t" quoted(text[l, "sms"]) \
				",\n\t\t" quoted(text[l, "sms with host"]) ", " name_length[l] "},\n"
		else
			every = every "\t{" quoted(l) ",\n\t" quoted(text[l, "sms"]) ",\n\t" quoted(text[l, "number taken off"]) "},\n"
	}
	if (code != "")
		purposes = purposes "\t}},\n"
}

FNR == 1 {
	end_file()
	begin_file()
	sub(/^\357\273\277/, "")
}

{
	line = FNR
	sub(/\r$/, "")
	gsub(/\t/, " ")
}

/^#/ || /^ *$/ { next }

/[\001-\037\177\\]/ { fail("a control character or a backslash") }

/^ / {
	add_text(trimmed($0))
	next
}

/^[a-z ]+:/ {
	set_heading(trimmed(substr($0, 1, index($0, ":") - 1)), trimmed(substr($0, index($0, ":") + 1)))
	next
}

{ fail("neither a comment, nor a heading, nor an indented line of a text") }

END {
	if (failed)
		exit 1
	end_file()
	if (n_files < ARGC - 1 || purposes == "" || every == "") {
		print "texts.awk: a file is empty, or that of every purpose is missing" | "cat 1>&2"
		exit 1
	}
	print "/* Made by texts/texts.awk. */"
	print "static const KycvsUsualPurpose purposes[] = {\n" purposes "};\n"
	print "static const EveryPurpose every_purpose[] = {\n" every "};"
}
