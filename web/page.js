// What the page does better with a script: it counts the time down, takes a pasted
// code as it comes, and hands the answer to the page around it. It works without.

'use strict';

const page = document.body.dataset;

// ---- time -------------------------------------------------------------------

const clock = seconds => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;

function countDown(element) {
  const end = performance.now() + element.dataset.countdown * 1000;
  const button = document.querySelector(`[data-after="${element.id}"]`);
  const over = document.getElementById(element.dataset.over);

  function show() {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    element.textContent = clock(left);
    if (button) button.disabled = left > 0;
    if (left > 0) return;
    clearInterval(timer);
    if (over) over.hidden = false;
  }

  const timer = setInterval(show, 500);
  show();
}

// ---- the code ----------------------------------------------------------------

// 0 to 9 for a digit of any script: each has its ten in a row.
function digit(letter) {
  const code = letter.codePointAt(0);
  let n = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - n - 1))) n++;
  return String(n % 10);
}

const plainDigits = text => text.replace(/\p{Nd}/gu, digit);

// Of a whole message, its six digits.
function takeCode(event) {
  const text = plainDigits(event.clipboardData.getData('text')).trim();
  const code = /^[\d\s-]*$/.test(text) ? text.replace(/\D/g, '') : /(?<!\d)\d{6}(?!\d)/.exec(text)?.[0];
  if (!code) return;
  event.preventDefault();
  event.target.value = code;
}

// ---- forms -------------------------------------------------------------------

// A second press while the first is on its way would be another request.
function sendOnce(form) {
  let sent = false;
  form.addEventListener('submit', event => {
    if (sent) event.preventDefault();
    sent = true;
  });
  addEventListener('pageshow', () => { sent = false; });
}

// ---- back and reload -----------------------------------------------------------

// What a form has brought would be sent again by "reload", and a wrong code cost another
// try; "back" would meet a page of which the browser keeps nothing. Both shall begin again.
// But not the answer: sent again it is the same one.
function beginAgainOnReload() {
  const form = document.querySelector('form:not([method])');
  if (!form || location.search || document.getElementById('answer')) return;
  const given = [...new FormData(form)].filter(([, value]) => value);
  history.replaceState(null, '', `page?${new URLSearchParams(given)}`);
}

// ---- the page around this frame ------------------------------------------------

// The element answers our greeting; only a registered origin hears more than that.
function greet() {
  const origins = JSON.parse(page.origins || '[]');
  const about = { type: 'kycvs', client: page.client, reference: page.reference };
  let origin;

  const tell = more => parent.postMessage({ ...about, ...more }, origin);

  function meet(event) {
    if (origin || event.source !== parent || event.data?.type !== 'kycvs-hello' || !origins.includes(event.origin)) return;
    origin = event.origin;
    const name = document.getElementById('name');
    if (name && !name.value && typeof event.data.person === 'string') name.value = event.data.person;
    new ResizeObserver(() => tell({ height: document.querySelector('main').offsetHeight })).observe(document.querySelector('main'));
    const answer = document.getElementById('answer')?.dataset;
    if (answer?.jwt) tell({ answer: JSON.parse(answer.answer), jwt: answer.jwt });
  }

  addEventListener('message', meet);
  parent.postMessage({ type: 'kycvs-hello' }, '*');    // says nothing but that we are here
}

document.querySelectorAll('[data-countdown]').forEach(countDown);
document.querySelectorAll('form').forEach(sendOnce);
beginAgainOnReload();
document.getElementById('otp')?.addEventListener('paste', takeCode);
(document.getElementById('problem') || document.querySelector('[data-focus]'))?.focus();
if (page.embed && parent !== window) greet();
