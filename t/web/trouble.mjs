// What goes wrong: codes, strangers, scripts, and a frame that says nothing.

import { readFileSync } from 'node:fs';
import { accessible, age, code, desktop, gateway, launch, ok, open, person, phone, picture, same, shop, site, text, wrong } from './stage.mjs';
import { address, askFor, enter, frameOf, heading, problem, shown, startBooking, tellAll } from './steps.mjs';

const browser = await launch();

// ---- codes ---------------------------------------------------------------------------

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
  await picture(page, 'dark');
  await accessible(page, 'in the dark');
  await enter(page, code(guest));
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'not-found');
  await accessible(page, 'not found, in the dark');
  await page.context().close();
}

// The time runs in the browser and in the registry alike.
async function runsDown() {
  const guest = person('Dipak Mehta', 2);
  const page = await open(browser, phone);
  const pass = async seconds => {
    age(await page.inputValue('input[name=txn]'), seconds);
    await page.clock.fastForward(seconds * 1000);
    await page.clock.runFor(1000);
  };
  await page.clock.install();
  await page.goto(address({ reference: 'R-7', lang: 'hi' }));
  await askFor(page, guest);
  const first = code(guest);
  await pass(31);
  ok(await page.isEnabled('button[value=resend]'), 'after half a minute the code may be sent again');
  await Promise.all([page.waitForNavigation(), page.click('button[value=resend]')]);
  same(await page.locator('#problem').count(), 0, '... and is');
  same(code(guest), first, '... the same');
  ok(await page.isDisabled('button[value=resend]'), '... and not once more at once');
  ok(await page.isHidden('#over'), 'the time is not over');
  await pass(181);
  ok(await page.isVisible('#over'), 'when it is over, the page says so');
  await accessible(page, 'the time is over');
  await picture(page, 'over');
  await enter(page, first);
  same(await problem(page), text.hi.KV011, '... and the registry, too');
  await accessible(page, 'an expired code');
  await page.click(`button:text-is("${text.hi.again}")`);
  await askFor(page, guest);
  await enter(page, code(guest));
  same(await shown(page), text.hi.status_2, '... and one may start again');
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
  const guest = person('Ramesh Patel', 2);
  await page.goto(address({ reference: evil, return: `${shop}/confirm` }));
  await askFor(page, guest);
  same(await page.textContent('dd'), evil, '... in the second step');
  await enter(page, code(guest));
  same(await shown(page), text.en.status_2, '... and is answered');
  same(await page.evaluate(() => JSON.parse(document.getElementById('answer').dataset.answer).reference), evil, '... signed');
  same(await page.inputValue('form[action$="/confirm"] input[name=reference]'), evil, '... and goes back');
  ok(page.dialogs === 0, 'no script of a stranger has run');
  await page.context().close();
}

// ---- a frame that says nothing ----------------------------------------------------------

const elementOf = (from, more = '') =>
  `<!DOCTYPE html><script defer src="${from}/kycvs.js"></script><kycvs-status client="sabarmati" purpose="hotel-check-in" reference="R-6" ${more}><a href="/other">Another way</a></kycvs-status>`;

// The browser's clock stands still but for what it is told.
async function waitsFor(name, address, spoken) {
  const page = await open(browser, phone);
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(3600e3);
  await page.goto(address, { waitUntil: 'domcontentloaded' });
  await page.waitForFunction(() => document.querySelector('kycvs-status').shadowRoot, null, { polling: 100 });
  if (spoken) await page.waitForFunction(() => document.querySelector('kycvs-status').shadowRoot.querySelector('iframe').style.height !== '32rem');
  const link = page.locator('kycvs-status a');
  ok(await link.isHidden(), `${name}: no link at first`);
  await page.clock.runFor(19999);
  ok(await link.isHidden(), `${name}: nor after nearly 20 seconds`);
  await page.clock.runFor(2);
  same(await link.isVisible(), !spoken, `${name}: then ${spoken ? 'neither' : 'the link is shown'}`);
  await picture(page, `silent-${name}`);
  await page.context().close();
}

async function silence() {
  const page = { '/': '' };
  const script = readFileSync(new URL('../../web/kycvs.js', import.meta.url));
  const dead = await site({ '/kycvs.js': script });
  const host = await site(page);
  page['/'] = elementOf(dead.address);
  await waitsFor('a gateway that hangs', host.address);
  page['/'] = elementOf(gateway);
  await waitsFor('a site that is not registered', host.address);
  dead.close();
  page['/'] = elementOf(dead.address);
  const alone = await open(browser, phone);
  await alone.goto(host.address);
  ok(await alone.locator('kycvs-status a').isVisible(), 'no gateway: the link is there from the beginning');
  await startBooking(alone, 'Ramesh Patel');
  await waitsFor('a frame that has spoken', alone.url(), true);
  await alone.context().close();
  host.close();
}

await tellAll([mistypes, runsOut, goesBack, startsAgain, tooLate, countsDown, runsDown, strangers, liars, scripts, silence].map(tell => [tell.name, tell]));
await browser.close();
