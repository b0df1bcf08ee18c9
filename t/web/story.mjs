// Guests book a room: in a frame, on the registry's own page, without JavaScript.

import { accessible, age, code, desktop, fits, gateway, launch, ok, open, person, phone, picture, same, shop, site, text, wrong } from './stage.mjs';

const browser = await launch();
const tomorrow = new Date(Date.now() + 36 * 3600e3).toISOString().slice(0, 10);
const address = parameters => `${gateway}/page?${new URLSearchParams({ client: 'sabarmati', purpose: 'hotel-check-in', ...parameters })}`;

// ---- steps ---------------------------------------------------------------------

async function startBooking(page, guest, language = 'en') {
  await page.goto(shop);
  await page.fill('#guest', guest);
  await page.fill('#arrival', tomorrow);
  await page.selectOption('#language', language);
  await page.click('text=Continue');
}

// The frame of the element, as soon as its page is there.
async function frameOf(page) {
  const frame = await (await page.waitForSelector('kycvs-status iframe')).contentFrame();
  await frame.waitForSelector('h1');
  return frame;
}

// On the first page; "where" is a page or a frame.
async function askFor(where, { mobile, name }) {
  await where.fill('#mobile', mobile);
  await where.fill('#name', name);
  await where.click('button[value=otp]');
  await where.waitForSelector('#otp, #problem');
}

async function enter(where, otp) {
  await where.fill('#otp', otp);
  await where.click('button[value=answer]');
  await where.waitForSelector('.answer, #problem');
}

const heading = page => page.textContent('h1');
const shown = where => where.textContent('.answer strong');
const problem = where => where.textContent('#error');

async function story(name, tell) {
  try {
    await tell();
  } catch (error) {
    ok(false, name, error.stack);
  }
}

// ---- in a frame -----------------------------------------------------------------

async function inFrame(language, how, width) {
  const name = `frame, ${language}, ${width}`;
  const guest = person('Ramesh Patel', 2);
  const page = await open(browser, how);
  await startBooking(page, guest.name, language);
  const frame = await frameOf(page);

  same(await frame.getAttribute('html', 'lang'), language, `${name}: in its language`);
  await frame.waitForFunction(() => document.getElementById('name').value !== '');
  same(await frame.inputValue('#name'), guest.name, `${name}: the guest's name is filled in`);
  await accessible(frame, `${name}, first step`);
  await fits(frame, `${name}, first step`);
  await picture(page, `frame-${language}-${width}-1`);
  await askFor(frame, guest);
  ok((await frame.textContent('main')).includes(`XXXXXX${guest.mobile.slice(6)}`), `${name}: the number is masked`);
  await accessible(frame, `${name}, second step`);
  await fits(frame, `${name}, second step`);
  await picture(page, `frame-${language}-${width}-2`);
  await enter(frame, code(guest));
  same(await shown(frame), text[language].status_2, `${name}: the answer as a word`);
  await accessible(frame, `${name}, answer`);
  await page.waitForFunction(() => document.querySelector('kycvs-status').value);
  const heights = [await frame.evaluate(() => document.querySelector('main').offsetHeight), (await (await page.$('kycvs-status')).boundingBox()).height];
  ok(Math.abs(heights[0] - heights[1]) < 40, `${name}: the frame is as high as what is in it`, heights);
  await picture(page, `frame-${language}-${width}-3`);
  if (language === 'en') await accessible(page, `${name}, shop`);
  await page.click('text=Book the room');
  same(await heading(page), 'Your room is booked', `${name}: booked`);
  ok(page.refused.length === 0 && page.dialogs === 0, `${name}: no policy is broken`, page.refused.join('\n'));
  await page.context().close();
}

// ---- on the page alone ------------------------------------------------------------

async function alone(javaScriptEnabled, language, how) {
  const name = javaScriptEnabled ? 'redirect' : 'without JavaScript';
  const guest = person('Hetal Shah', 2);
  const page = await open(browser, { ...how, javaScriptEnabled });
  await startBooking(page, guest.name, language);

  if (javaScriptEnabled) await page.goto(await page.getAttribute('kycvs-status a', 'href'));
  else await page.click('kycvs-status a');
  same(await page.textContent('main b'), 'Sabarmati Inn', `${name}: says who asks`);
  await askFor(page, guest);
  await picture(page, `alone-${language}`);
  await enter(page, code(guest));
  same(await shown(page), text[language].status_2, `${name}: answered`);
  await page.click(`button:text-is("${text[language].go_on}")`);
  same(await heading(page), 'Your room is booked', `${name}: booked`);

  await startBooking(page, guest.name, language);
  if (javaScriptEnabled) await page.goto(await page.getAttribute('kycvs-status a', 'href'));
  else await page.click('kycvs-status a');
  await page.click(`button:text-is("${text[language].back}")`);
  ok((await page.textContent('.note')).includes('Nothing was shared'), `${name}: one may go back without sharing`);
  ok(page.refused.length === 0, `${name}: no policy is broken`, page.refused.join('\n'));
  await page.context().close();
}

// ---- what goes wrong ---------------------------------------------------------------

async function mistypes() {
  const guest = person('Asha Rane', 1);
  const page = await open(browser, phone);
  await page.goto(address({ reference: 'R-1' }));
  await askFor(page, { ...guest, mobile: '12345' });
  same(await problem(page), text.en.KV001, 'a number that is none: said what to do');
  same(await page.getAttribute('#mobile', 'aria-invalid'), 'true', 'a number that is none: its field is marked');
  same(await page.inputValue('#name'), guest.name, 'a number that is none: what was right need not be typed again');
  same(await page.evaluate(() => document.activeElement.id), 'problem', 'a number that is none: the summary has the focus');
  await accessible(page, 'a number that is none');

  await askFor(page, guest);
  same(await page.evaluate(() => document.activeElement.textContent), text.en.code_title, 'the next step begins at its heading');
  for (const typed of ['12345', '1234567', 'abcdef', '12 345']) {
    await page.fill('#otp', typed);
    ok(await page.evaluate(() => document.getElementById('otp').validity.patternMismatch), `"${typed}" is no code, and costs no try`);
  }
  await page.fill('#otp', '१२३४५६ ');
  ok(await page.evaluate(() => document.getElementById('otp').checkValidity()), 'six digits of another script are one');
  await enter(page, wrong(guest));
  same(await problem(page), text.en.KV010, 'a wrong code: said what to do');
  same(await page.textContent('#problem b'), '2', 'a wrong code: tries left');
  ok(await page.isVisible('.notice'), 'a wrong code: the notice is still there');
  await accessible(page, 'a wrong code');
  await picture(page, 'wrong-code');
  await page.locator('#otp').evaluate((field, otp) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', `કોડ ${otp.replace(/\d/g, digit => String.fromCharCode(0x0ae6 + Number(digit)))} છે`);
    field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, code(guest));
  same(await page.inputValue('#otp'), code(guest), 'a whole message in Gujarati digits is pasted');
  await page.click('button[value=answer]');
  same(await shown(page), text.en.status_1, 'one dose of two');
  await page.context().close();
}

async function runsOut() {
  const guest = person('Kavita Shah', 0);
  const page = await open(browser);
  await page.goto(address({ reference: 'R-2', lang: 'hi' }));
  await askFor(page, guest);
  for (let n = 0; n < 3; n++) await enter(page, wrong(guest));
  same(await problem(page), text.hi.KV012, 'no tries left: said so');
  same(await page.locator('#otp').count(), 0, 'no tries left: no field');
  await accessible(page, 'no tries left');
  await page.click(`button:text-is("${text.hi.again}")`);
  await askFor(page, guest);
  await enter(page, code(guest));
  same(await shown(page), text.hi.status_0, 'started again: registered, and no dose');
  await page.context().close();
}

async function goesBack() {
  const guest = person('Jayesh Desai', 2);
  const page = await open(browser);
  await page.goto(address({ reference: 'R-6', lang: 'gu' }));
  await askFor(page, guest);
  await enter(page, wrong(guest));
  await page.reload();
  same(await page.textContent('h2'), text.gu.ask_title, 'reloaded after a wrong code: begins again');
  await askFor(page, guest);
  await page.goBack();
  same(await page.textContent('h2'), text.gu.ask_title, 'back from the code: the first step');
  same(await page.textContent('dd'), 'R-6', '... of the same request');
  await askFor(page, guest);
  await enter(page, wrong(guest));
  same(await page.textContent('#problem b'), '1', 'neither has cost a try');
  await enter(page, code(guest));
  const claims = async () => (await page.getAttribute('#answer', 'data-jwt')).split('.')[1];
  const answer = await claims();
  await page.reload();
  same(await claims(), answer, 'an answer, reloaded, is the same one');
  await page.goBack();
  same(await page.textContent('h2'), text.gu.ask_title, 'back from the answer: the first step');
  await page.context().close();
}

async function startsAgain() {
  const guest = person('Leena Pandya', 2);
  const page = await open(browser);
  await startBooking(page, guest.name, 'hi');
  const frame = await frameOf(page);
  const value = () => page.evaluate(() => document.querySelector('kycvs-status').value);
  const book = async () => { await page.click('text=Book the room'); return heading(page); };
  same(await book(), 'Before we can book', 'without an answer the form stays');
  await askFor(frame, guest);
  await enter(frame, code(guest));
  await page.waitForFunction(() => document.querySelector('kycvs-status').value);
  await frame.click(`button:text-is("${text.hi.again}")`);
  await frame.waitForSelector('#mobile');
  await page.waitForFunction(() => document.querySelector('kycvs-status').value === null);
  same(await value(), null, 'who starts again has not answered yet');
  same(await book(), 'Before we can book', '... and the form stays');
  await page.context().close();
}

async function tooLate() {
  const guest = person('Nobody Known');
  const page = await open(browser, { ...desktop, javaScriptEnabled: false });
  await page.goto(address({ reference: 'R-3', lang: 'gu' }));
  await askFor(page, guest);
  await page.click('button[value=resend]');
  same(await problem(page), text.gu.KV007, 'sent again too soon: said to wait');
  await picture(page, 'too-soon');
  const txn = await page.inputValue('input[name=txn]');
  age(txn, 200);
  await enter(page, code(guest));
  same(await problem(page), text.gu.KV011, 'an expired code: said so');
  await page.click('button[value=resend]');
  await page.waitForSelector('#otp');
  same(await page.locator('#problem').count(), 0, 'sent again');
  await enter(page, code(guest));
  same(await shown(page), text.gu.status_none, 'not found reads as not found');
  await page.context().close();
}

async function countsDown() {
  const guest = person('Dipak Mehta');
  const page = await open(browser, { ...phone, colorScheme: 'dark' });
  await page.goto(address({ reference: 'R-4' }));
  await askFor(page, guest);
  ok(/^[23]:\d\d$/.test(await page.textContent('b[data-over]')), 'the time left is counted');
  ok(await page.isDisabled('button[value=resend]'), 'the code is not sent again at once');
  await accessible(page, 'in the dark');
  await picture(page, 'dark');
  await enter(page, code(guest));
  await accessible(page, 'not found, in the dark');
  await picture(page, 'not-found');
  await page.context().close();
}

// ---- strangers -----------------------------------------------------------------------

async function strangers() {
  const element = `<script src="${gateway}/kycvs.js"></script><kycvs-status client="sabarmati" purpose="hotel-check-in" reference="R-5"><a href="/">link</a></kycvs-status>`;
  const stranger = await site({ '/': element });
  const page = await open(browser);
  await page.goto(stranger.address);
  const frame = await (await page.waitForSelector('kycvs-status iframe')).contentFrame();
  await page.waitForTimeout(1000);
  ok(!await frame.locator('#mobile').count(), 'a site that is not registered gets no frame');
  same(await page.evaluate(() => document.querySelector('kycvs-status').value), null, '... and no answer');
  await page.goto(address({ return: `${stranger.address}/back` }));
  same(await problem(page), text.en.origin, 'a site that is not registered gets nobody sent back');
  same(await page.locator('form').count(), 0, '... and the page has no form');
  await accessible(page, 'a site that is not registered');
  await page.goto(`${gateway}/page?client=nobody&purpose=x`);
  same(await page.locator('form').count(), 0, 'nor has it for an unknown client');
  await page.context().close();
  stranger.close();
}

async function liars() {
  const page = await open(browser);
  await startBooking(page, 'Ramesh Patel');
  await frameOf(page);
  const reference = await page.inputValue('input[name=reference]');
  await page.evaluate(reference => {
    const lie = { type: 'kycvs', client: 'sabarmati', reference, answer: { status: 2 }, jwt: 'a.b.c', height: 4000 };
    postMessage(lie, '*');
    const frame = document.createElement('iframe');
    document.body.append(frame);
    frame.contentWindow.parent.postMessage(lie, '*');
  }, reference);
  await page.waitForTimeout(300);
  same(await page.evaluate(() => document.querySelector('kycvs-status').value), null, 'the element believes nobody but its frame');
  await page.click('text=Book the room');
  same(await heading(page), 'Before we can book', 'without an answer the form is not sent');

  for (const [kycvs, what] of [['a.b.c', 'nonsense'], ['eyJhbGciOiJub25lIn0.e30.', 'an unsigned answer']]) {
    const answer = await page.request.post(`${shop}/confirm`, { form: { reference, kycvs } });
    ok((await answer.text()).includes('Please check again'), `the shop refuses ${what}`);
  }
  await page.context().close();
}

async function notFound() {
  const guest = person('Meena Joshi');
  const page = await open(browser);
  await startBooking(page, guest.name);
  const frame = await frameOf(page);
  await askFor(frame, guest);
  await enter(frame, code(guest));
  await page.waitForFunction(() => document.querySelector('kycvs-status').value);
  await page.click('text=Book the room');
  ok((await page.textContent('.note')).includes('found no record'), 'the shop, too, knows not found from not vaccinated');
  await page.context().close();
}

async function scripts() {
  const evil = `"'><img src=x onerror=alert(1)></textarea><script>alert(2)</script>`;
  const page = await open(browser);
  await startBooking(page, evil);
  ok((await page.textContent('main p')).includes(evil), 'a script in the guest\'s name is text in the shop');
  const frame = await frameOf(page);
  await frame.waitForFunction(() => document.getElementById('name').value !== '');
  same(await frame.inputValue('#name'), evil, '... and in the frame');
  await askFor(frame, { mobile: '9825199999', name: evil });
  same(await problem(frame), text.en.KV002, '... and no name');
  same(await frame.inputValue('#name'), evil, '... and shown as it was typed');
  for (const parameters of [{ reference: evil }, { travel_date: evil }, { lang: evil }, { client: evil }, { purpose: evil }, { return: evil }, { reference: '{{t.title}}{{#step_done}}' }]) {
    await page.goto(address(parameters));
    ok(await page.locator('h1').count() === 1 && await page.locator('img, textarea').count() === 0, `no script through ${Object.keys(parameters)}`);
  }
  await page.goto(address({ reference: evil }));
  same(await page.textContent('dd'), evil, 'a script in the reference is text');
  ok(page.dialogs === 0, 'no script of a stranger has run');
  await page.context().close();
}

const frames = [['en', desktop, 'desktop'], ['en', phone, 'phone'], ['hi', desktop, 'desktop'], ['hi', phone, 'phone'], ['gu', desktop, 'desktop'], ['gu', phone, 'phone']];
const stories = [
  ...frames.map(([language, how, width]) => [`frame, ${language}, ${width}`, () => inFrame(language, how, width)]),
  ['redirect', () => alone(true, 'en', desktop)],
  ['without JavaScript', () => alone(false, 'gu', phone)],
  ...[mistypes, runsOut, goesBack, startsAgain, tooLate, countsDown, strangers, liars, notFound, scripts].map(tell => [tell.name, tell]),
];

// Two at a time.
async function work() {
  for (let next; (next = stories.shift());)
    if (!process.argv[2] || process.argv[2] === next[0]) await story(...next);
}

await Promise.all([work(), work()]);
await browser.close();
