// Guests book a room: in a frame, on the registry's own page, without JavaScript.

import { accessible, code, desktop, fits, launch, ok, open, person, phone, picture, same, sql, text, wrong } from './stage.mjs';
import { address, askFor, enter, frameOf, heading, problem, shown, startBooking, tellAll, tomorrow } from './steps.mjs';

const browser = await launch();

// ---- in a frame -----------------------------------------------------------------

const dayOf = where => where.textContent('.answer + p b');

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
  await enter(frame, wrong(guest));
  same(await problem(frame), text[language].KV010, `${name}: a wrong code`);
  await accessible(frame, `${name}, a wrong code`);
  await fits(frame, `${name}, a wrong code`);
  await enter(frame, code(guest));
  same(await shown(frame), text[language].status_2, `${name}: the answer as a word`);
  same(await dayOf(frame), tomorrow, `${name}: for the day of arrival`);
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

// axe is a script itself: what it looks at here is what is shown without scripts.
async function look(page, javaScriptEnabled, name) {
  if (javaScriptEnabled) await accessible(page, name);
  await fits(page, name);
}

async function alone(javaScriptEnabled, language, how, width) {
  const name = `${javaScriptEnabled ? 'redirect' : 'without JavaScript'}, ${language}, ${width}`;
  const guest = person('Hetal Shah', 2);
  const page = await open(browser, { ...how, javaScriptEnabled });
  await startBooking(page, guest.name, language);

  if (javaScriptEnabled) await page.goto(await page.getAttribute('kycvs-status a', 'href'));
  else await page.click('kycvs-status a');
  same(await page.textContent('main b'), 'Sabarmati Inn', `${name}: says who asks`);
  same(await page.getAttribute('html', 'lang'), language, `${name}: in its language`);
  await look(page, javaScriptEnabled, `${name}, first step`);
  await askFor(page, guest);
  await look(page, javaScriptEnabled, `${name}, second step`);
  await picture(page, `alone-${language}-${width}`);
  await enter(page, wrong(guest));
  same(await problem(page), text[language].KV010, `${name}: a wrong code`);
  await enter(page, code(guest));
  same(await shown(page), text[language].status_2, `${name}: answered`);
  same(await dayOf(page), tomorrow, `${name}: for the day of arrival`);
  await look(page, javaScriptEnabled, `${name}, answer`);
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


// ---- on which day -------------------------------------------------------------------

// By the rules of an airline a dose is too recent today, and is not in nine days.
async function travels() {
  const [today, soon, dose] = sql("SELECT d, d + 9, d - 5 FROM (SELECT (clock_timestamp() AT TIME ZONE 'Asia/Kolkata')::date AS d) AS today").split('|');
  sql(`CREATE ROLE air LOGIN; SELECT kycvs.add_entity('vayu', 'Vayu Air', 'air', ARRAY['hotel-check-in']);
    SELECT kycvs.set_rules('vayu', 'eu-2022'), kycvs.set_page('vayu', ARRAY['https://air.example'])`);
  for (const language of ['en', 'hi', 'gu']) {
    const guest = person('Asha Rane');
    sql(`SELECT kycvs.record_dose(kycvs.register_person('${guest.mobile}', '${guest.name}'), 'SPUTNIK-LIGHT', '${dose}')`);
    const page = await open(browser, phone);
    for (const [travel_date, day, status] of [['', today, 'status_1'], [soon, soon, 'status_2']]) {
      await page.goto(address({ client: 'vayu', reference: `R-${status}`, lang: language, travel_date }));
      await askFor(page, guest);
      await enter(page, code(guest));
      same(await shown(page), text[language][status], `${language}: the answer for ${travel_date ? 'another day' : 'today'}`);
      same(await dayOf(page), day, '... says for which day it is');
      await accessible(page, `${language}, answer for a day`);
    }
    await picture(page, `day-${language}`);
    await page.goto(address({ lang: language, travel_date: '2021-01-01' }));
    await askFor(page, guest);
    same(await problem(page), text[language].KV008, `${language}: a day that has passed is told as that`);
    same(await page.locator('#mobile').count(), 0, '... without a form that could not help');
    await accessible(page, `${language}, a day that has passed`);
    await picture(page, `passed-${language}`);
    await page.context().close();
  }
}

const widths = [[desktop, 'desktop'], [phone, 'phone']];
const ways = ['en', 'hi', 'gu'].flatMap(language => widths.map(([how, width]) => [language, how, width]));
await tellAll([
  ...ways.map(way => [`frame, ${way[0]}, ${way[2]}`, () => inFrame(...way)]),
  ...ways.map(way => [`redirect, ${way[0]}, ${way[2]}`, () => alone(true, ...way)]),
  ...ways.map(way => [`without JavaScript, ${way[0]}, ${way[2]}`, () => alone(false, ...way)]),
  ...[notFound, travels].map(tell => [tell.name, tell]),
]);
await browser.close();
