// What somebody sees while the registry cannot be reached.

import { accessible, gateway, launch, ok, open, phone, picture, same, text } from './stage.mjs';

const browser = await launch();
const page = await open(browser, phone);
const answer = await page.goto(`${gateway}/page?client=sabarmati&purpose=hotel-check-in&reference=R-9&lang=hi`);
ok(answer.status() < 500 || answer.status() === 503, 'no registry: the page is there, or says that there is none');

if (await page.locator('#mobile').count()) {
  await page.fill('#mobile', '9825100000');
  await page.fill('#name', 'Ramesh Patel');
  await page.click('button[value=otp]');
}
await page.waitForSelector('#problem');
same(await page.textContent('#error'), text.hi.KV050, 'no registry: said what to do, and that nothing was shared');
await accessible(page, 'no registry');
await picture(page, 'down');
await browser.close();
