// What somebody sees while the registry hangs ("hangs"), has no authority ("authority")
// or cannot be reached ("database").

import { accessible, code, count, launch, ok, open, person, phone, picture, same, sql, text } from './stage.mjs';
import { address, frameOf, heading, shown, startBooking } from './steps.mjs';

const browser = await launch();
const [, , how] = process.argv;

// Until what the button sends is answered, which takes as long as the registry is waited for.
async function press(page, where, step) {
  await Promise.all([page.waitForResponse(answer => answer.request().method() === 'POST'), where.click(`button[value=${step}]`)]);
  await where.waitForLoadState();
}

async function hangs() {
  const guest = person('Ramesh Patel', 2);
  const authority = Number(sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'kycvs authority'"));
  const page = await open(browser, phone);
  page.setDefaultTimeout(30000);
  await startBooking(page, guest.name, 'gu');
  const frame = await frameOf(page);
  const hang = async (step, name) => {
    process.kill(authority, 'SIGSTOP');
    await press(page, frame, step);
    process.kill(authority, 'SIGCONT');
    same(await frame.textContent('#error'), text.gu.KV052, `it hangs, ${name}: said what to do, and that nothing was shared`);
    await accessible(frame, `it hangs, ${name}`);
    await picture(page, `hangs-${step}`);
  };

  await frame.fill('#mobile', guest.mobile);
  await frame.fill('#name', guest.name);
  await hang('otp', 'asked for a code');
  same(await frame.inputValue('#mobile') + await frame.inputValue('#name'), guest.mobile + guest.name, '... and what was typed is there');
  await press(page, frame, 'otp');
  const otp = code(guest);
  await frame.fill('#otp', otp);
  await hang('answer', 'with the code');
  ok(await frame.isVisible('.notice') && await frame.isVisible('#otp'), '... the notice is there, and a field for the code');
  same(await page.evaluate(() => document.querySelector('kycvs-status').value), null, '... and the shop has no answer');
  await frame.fill('#otp', otp);
  await press(page, frame, 'answer');
  same(await shown(frame), text.gu.status_2, 'it goes on: the same code is still good');
  await page.waitForFunction(() => document.querySelector('kycvs-status').value);
  await page.click('text=Book the room');
  same(await heading(page), 'Your room is booked', '... and the room is booked');
}

async function isAway(name, language) {
  const page = await open(browser, phone);
  const answer = await page.goto(address({ reference: 'R-9', lang: language }));
  ok(answer.status() === 200 || answer.status() === 503, `${name}: the page is there, or says that there is no registry`);
  if (await page.locator('#mobile').count()) {
    await page.fill('#mobile', '9825100000');
    await page.fill('#name', 'Ramesh Patel');
    await press(page, page, 'otp');
    same(await page.inputValue('#mobile'), '9825100000', `${name}: what was typed is there`);
  }
  same(await page.textContent('#error'), text[language].KV050, `${name}: said what to do, and that nothing was shared`);
  await accessible(page, name);
  await picture(page, how);
}

count('stories');
if (how === 'hangs') await hangs();
else await isAway(`no ${how}`, how === 'authority' ? 'en' : 'hi');
await browser.close();
