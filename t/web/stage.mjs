// What the stories in a browser have in common: the browser, the registry's side
// (persons, codes, clocks), and the lines that 090_web.pl reads.
//
// Environment: KYCVS_NODE (a folder with playwright-core and axe-core), KYCVS_CHROMIUM,
// KYCVS_GATEWAY and KYCVS_SHOP (addresses), PGHOST and PGPORT (of the registry, as a
// superuser), KYCVS_SHOTS (a folder for screenshots; none without).

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';

const require = createRequire(`${process.env.KYCVS_NODE}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const gateway = process.env.KYCVS_GATEWAY;
export const shop = process.env.KYCVS_SHOP;
export const text = Object.fromEntries(['en', 'hi', 'gu'].map(language =>
  [language, JSON.parse(readFileSync(new URL(`../../web/messages/${language}.json`, import.meta.url)))]));

// ---- what is reported ---------------------------------------------------------

export function ok(good, name, detail = '') {
  console.log(`${good ? 'ok' : 'not ok'} - ${name}`);
  if (!good && detail) console.log(String(detail).replace(/^/gm, '# '));
}

// Told at the end of the test.
export const count = what => console.log(`count - ${what}`);

export const same = (got, expected, name) => ok(got === expected, name, `got ${got}\nexpected ${expected}`);

// ---- the registry ---------------------------------------------------------------

export function sql(statement) {
  return execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', 'registry'], { input: statement, encoding: 'utf8' }).trim();
}

const quoted = value => `'${value.replaceAll("'", "''")}'`;
let mobiles = Number(process.env.KYCVS_FIRST_MOBILE ?? 9825100000);

// Somebody whom the registry knows with so many doses of COVISHIELD; undefined: does not know.
export function person(name, doses) {
  const mobile = String(++mobiles);
  if (doses !== undefined) {
    const given = ['2021-04-02', '2021-07-01'].slice(0, doses).map(day => `SELECT kycvs.record_dose(:person, 'COVISHIELD', '${day}');`);
    sql(`SELECT kycvs.register_person('${mobile}', ${quoted(name)}) AS person \\gset\n${given.join('\n')}`);
  }
  return { mobile, name };
}

const codes = {};

// The newest code that came to this mobile.
export function code({ mobile }) {
  for (const line of sql("SELECT right(mobile, 10), substring(body FROM '[0-9]{6}') FROM kycvs.next_messages(1000) ORDER BY id").split('\n'))
    codes[line.slice(0, 10)] = line.slice(11);
  return codes[mobile];
}

export const wrong = ({ mobile }) => String((Number(code({ mobile })) + 1) % 1000000).padStart(6, '0');

// As if a challenge were older.
export const age = (txn, seconds) =>
  sql(`UPDATE kycvs_data.challenge SET sent_at = sent_at - interval '${seconds} s', expires_at = expires_at - interval '${seconds} s' WHERE id = ${quoted(txn)}`);

// ---- the browser -----------------------------------------------------------------

export const desktop = { viewport: { width: 1100, height: 900 } };
export const phone = { viewport: { width: 320, height: 800 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1 };

export const launch = () => chromium.launch({ executablePath: process.env.KYCVS_CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

// A page of its own that fails the story if a script of a stranger runs, or a policy is broken.
export async function open(browser, how = desktop) {
  const context = await browser.newContext(how);
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.dialogs = 0;
  page.refused = [];
  page.on('dialog', dialog => { page.dialogs++; dialog.dismiss(); });
  page.on('console', message => { if (/Content Security Policy|Refused to|Uncaught/.test(message.text())) page.refused.push(message.text()); });
  page.on('pageerror', error => page.refused.push(error.message));
  return page;
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// What axe finds in a frame or a page by the rules of WCAG 2.2 AA, in the light and in the dark.
export async function accessible(where, name) {
  const page = where.page?.() ?? where;
  const violations = [];
  await where.evaluate(axe);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const found = await where.evaluate(runOnly => axe.run(document, { runOnly, iframes: false }), rules);
    violations.push(...found.violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`));
    count('looked at by axe');
  }
  await page.emulateMedia({ colorScheme: null });
  ok(violations.length === 0, `${name}: axe finds nothing`, violations.join('\n'));
}

export const fits = async (where, name) =>
  ok(await where.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth), `${name}: nothing to scroll sideways`);

export async function picture(page, name) {
  if (process.env.KYCVS_SHOTS) await page.screenshot({ path: `${process.env.KYCVS_SHOTS}/${name}.png`, fullPage: true });
}

// ---- sites that are not the shop -----------------------------------------------------

// One of our own on loopback; its pages are texts by path, and a path without a text never answers.
export async function site(pages) {
  const server = createServer((request, response) => {
    const path = request.url.split('?')[0];
    response.setHeader('Content-Type', path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8');
    if (path in pages) response.end(pages[path]);
  });
  await new Promise(ready => server.listen(0, '127.0.0.1', ready));
  server.unref();
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => { server.close(); server.closeAllConnections(); } };
}
