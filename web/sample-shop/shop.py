#!/usr/bin/env python3
"""A small hotel that books only for guests who are fully vaccinated.

It shows how little there is to do: an element in the page, and one UPDATE on the server,
which the trigger of schema.sql refuses unless the registry has signed a 2 for this shop,
this booking, this guest and the day of arrival. What the browser says is never believed.

Needs Python 3 and psql; the environment says where the database is (PGHOST, PGDATABASE,
PGUSER ...).
"""

import argparse
import html
import json
import os
import secrets
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

LANGUAGES = {'en': 'English', 'hi': 'हिन्दी', 'gu': 'ગુજરાતી'}
ROOMS = ['Single', 'Double', 'Suite']
LONGEST = 16384

# What the database refuses, and what the guest is told.
REASONS = {
    '23514': 'The registry does not say that you are fully vaccinated, and we can only book for guests who are.',
    'none': 'The registry found no record under this name and number. That does not say that you are not vaccinated: please check again with the name and the number that were given at vaccination, or show your certificate at our desk.',
    '23505': 'This answer was used for another booking. Please check again.',
    'KV033': 'The answer has expired. Please check again.',
    'KV034': 'The answer is for another booking or another day, or for another name than the one on this booking. Please check again, with the name written as here.',
}


class Refused(Exception):
    """The SQLSTATE with which the database has refused a statement."""


def query(sql, **values):
    """Rows of a statement, each a JSON value: what a guest has typed may hold tabs and lines. Values travel in
    the environment: others may read our arguments, and nothing is pasted into SQL."""
    names = ''.join(f'\\getenv {name} SHOP_{name.upper()}\n' for name in values)
    environment = os.environ | {f'SHOP_{name.upper()}': value for name, value in values.items()}
    psql = ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=sqlstate']
    done = subprocess.run(psql, input=names + sql, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.split('ERROR:')[-1].strip())
    return [json.loads(line) for line in done.stdout.split('\n') if line]


def start_booking(guest, room, arrival, language):
    reference = f'R-{secrets.token_hex(8)}'    # whoever knows it sees the booking
    query("INSERT INTO booking VALUES (:'reference', :'guest', :'room', :'arrival', :'language')",
          reference=reference, guest=guest, room=room, arrival=arrival, language=language)
    return reference


def find_booking(reference):
    rows = query("SELECT json_build_array(guest, room, arrival, language, answer IS NOT NULL) FROM booking WHERE reference = :'reference'", reference=reference)
    return rows[0] if rows else None


def confirm_booking(reference, answer):
    """The trigger verifies the answer. Without an answer nothing is booked."""
    query("UPDATE booking SET answer = kycvs_from_jwt(:'answer') WHERE reference = :'reference' AND answer IS NULL",
          reference=reference, answer=answer)


def is_unknown(reference, answer):
    """Whether a good answer says that nobody was found, which is not the same as not vaccinated."""
    claims = "kycvs_verify(kycvs_from_jwt(:'answer'), audience => :'client', reference => :'reference')"
    return query(f"SELECT to_json({claims} ->> 'match' = 'none')", reference=reference, answer=answer, client=options.client) == [True]


def page(title, body, language='en'):
    return f'''<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Sabarmati Inn</title>
<link rel="stylesheet" href="/shop.css">
<script defer src="{options.gateway}/kycvs.js"></script>
</head>
<body>
<header>Sabarmati Inn</header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
'''


def options_of(values, labels=None):
    return ''.join(f'<option value="{value}">{labels[value] if labels else value}</option>' for value in values)


def start_page():
    return page('Book a room', f'''
<form method="post" action="/book">
<label for="guest">Guest</label><input id="guest" name="guest" autocomplete="name" maxlength="120" required>
<label for="room">Room</label><select id="room" name="room">{options_of(ROOMS)}</select>
<label for="arrival">Arrival</label><input id="arrival" name="arrival" type="date" required>
<label for="language">Language of the vaccination check</label><select id="language" name="language">{options_of(LANGUAGES, LANGUAGES)}</select>
<p><button>Continue</button></p>
</form>''')


def check_page(reference, booking, note=''):
    """The element, and in it the link for browsers without scripts and whoever likes pages better than frames."""
    guest, room, arrival, language, booked = booking
    about = f'<p>{html.escape(room)} room for {html.escape(guest)}, arrival {arrival}. Booking {html.escape(reference)}.</p>'
    if booked:
        return page('Your room is booked', about)
    link = options.gateway + '/page?' + urlencode({
        'client': options.client, 'purpose': options.purpose, 'reference': reference, 'lang': language,
        'travel_date': arrival, 'return': options.address + '/confirm'})
    note = note and f'<p class="note" role="alert">{note}</p>'
    return page('Before we can book', f'''{about}{note}
<p>We book for guests who are fully vaccinated. Here the vaccination registry asks you, and gives us the answer; your number and the code stay with it.</p>
<form method="post" action="/confirm">
<input type="hidden" name="reference" value="{html.escape(reference)}">
<kycvs-status client="{options.client}" purpose="{options.purpose}" reference="{html.escape(reference)}" lang="{language}"
 travel-date="{arrival}" person="{html.escape(guest)}" name="kycvs" required>
<a href="{html.escape(link)}">Check the vaccination status on the registry's own page</a>
</kycvs-status>
<button>Book the room</button>
</form>''')


class Shop(BaseHTTPRequestHandler):
    def send(self, status, text, kind='text/html', **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in {
                'Content-Type': f'{kind}; charset=utf-8', 'Content-Length': str(len(body)), 'Cache-Control': 'no-store',
                'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff',
                'Content-Security-Policy': f"default-src 'none'; style-src 'self'; script-src {options.gateway}; frame-src {options.gateway}; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def see_booking(self, reference):
        self.send(303, '', Location='/booking?' + urlencode({'reference': reference}))

    def show_booking(self, reference, note=''):
        booking = find_booking(reference)
        if booking is None:
            self.send(404, page('There is no such booking', '<p><a href="/">Book a room</a></p>'))
        else:
            self.send(200, check_page(reference, booking, note))

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path == '/':
            self.send(200, start_page())
        elif address.path == '/shop.css':
            self.send(200, (Path(__file__).parent / 'shop.css').read_text(), 'text/css')
        elif address.path == '/booking':
            self.show_booking(parse_qs(address.query).get('reference', [''])[0])
        else:
            self.send(404, page('Not found', '<p><a href="/">Book a room</a></p>'))

    def do_POST(self):
        length = self.headers.get('Content-Length') or '0'
        if not length.isdecimal() or int(length) > LONGEST:
            return self.send(413, page('Too long', ''))
        form = {name: values[0].replace('\0', '') for name, values in parse_qs(self.rfile.read(int(length)).decode(errors='replace')).items()}
        if self.path == '/book':
            return self.book(form)
        if self.path == '/confirm':
            return self.confirm(form)
        return self.send(404, page('Not found', ''))

    def book(self, form):
        try:
            self.see_booking(start_booking(*(form.get(name, '') for name in ('guest', 'room', 'arrival', 'language'))))
        except Refused:
            self.send(400, page('That was not complete', '<p><a href="/">Once more</a></p>'))

    def confirm(self, form):
        """From our own form, and from the registry's page when the guest was sent there."""
        reference, answer = form.get('reference', ''), form.get('kycvs', '')
        if not answer:
            return self.show_booking(reference, 'Nothing was shared, and the room is not booked yet.')
        try:
            confirm_booking(reference, answer)
        except Refused as refused:
            reason = 'none' if str(refused) == '23514' and is_unknown(reference, answer) else str(refused)
            return self.show_booking(reference, REASONS.get(reason, 'The answer is not good for this booking. Please check again.'))
        return self.see_booking(reference)

    def log_message(self, format, *arguments):
        """Addresses hold references: nothing is logged."""


def main():
    parser = argparse.ArgumentParser(description='A hotel that asks for its guests\' vaccination status.')
    parser.add_argument('--gateway', default='http://127.0.0.1:8080', help='where kycvs-gateway is, as browsers reach it')
    parser.add_argument('--client', default='sabarmati', help='the code under which the registry knows this shop')
    parser.add_argument('--purpose', default='hotel-check-in')
    parser.add_argument('--port', type=int, default=8081, help='of 127.0.0.1; 0 takes a free one')
    global options
    options = parser.parse_args()
    server = ThreadingHTTPServer(('127.0.0.1', options.port), Shop)
    options.address = f'http://127.0.0.1:{server.server_port}'
    print(options.address, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == '__main__':
    main()
