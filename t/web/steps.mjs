// What guests do, step by step, and how stories are told.

import { count, gateway, ok, shop } from './stage.mjs';

export const tomorrow = new Date(Date.now() + 36 * 3600e3).toISOString().slice(0, 10);
export const address = parameters => `${gateway}/page?${new URLSearchParams({ client: 'sabarmati', purpose: 'hotel-check-in', ...parameters })}`;

// ---- steps ---------------------------------------------------------------------

export async function startBooking(page, guest, language = 'en') {
  await page.goto(shop);
  await page.fill('#guest', guest);
  await page.fill('#arrival', tomorrow);
  await page.selectOption('#language', language);
  await page.click('text=Continue');
}

// The frame of the element, as soon as its page is there.
export async function frameOf(page) {
  const frame = await (await page.waitForSelector('kycvs-status iframe')).contentFrame();
  await frame.waitForSelector('h1');
  return frame;
}

// On the first page; "where" is a page or a frame.
export async function askFor(where, { mobile, name }) {
  await where.fill('#mobile', mobile);
  await where.fill('#name', name);
  await where.click('button[value=otp]');
  await where.waitForSelector('#otp, #problem');
}

export async function enter(where, otp) {
  await where.fill('#otp', otp);
  await where.click('button[value=answer]');
  await where.waitForSelector('.answer, #problem');
}

export const heading = page => page.textContent('h1');
export const shown = where => where.textContent('.answer strong');
export const problem = where => where.textContent('#error');

// ---- telling --------------------------------------------------------------------

async function tell(name, story) {
  try {
    count('stories');
    await story();
  } catch (error) {
    ok(false, name, error.stack);
  }
}

// [name, story]: two at a time, or the one that is named on the command line.
export async function tellAll(stories) {
  const [, , only] = process.argv;
  const left = stories.filter(([name]) => !only || only === name);
  const work = async () => { while (left.length) await tell(...left.shift()); };
  await Promise.all([work(), work()]);
}
