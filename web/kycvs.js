// <kycvs-status client purpose reference lang travel-date person name required>
//
// Shows the page of the registry in a frame. When the person has agreed, the answer
// is the element's value in a form (a compact JWT, under "name"), and an event
// "kycvs" tells of it: event.detail is { client, reference, answer, jwt }.
// This is a hint: only who verifies the answer's signature on a server knows.
//
// Without this script, what stands inside the element is shown: a link to the page.

'use strict';

(() => {
  const home = new URL('.', document.currentScript.src);
  const labels = { en: 'Vaccination status', hi: 'टीकाकरण की स्थिति', gu: 'રસીકરણની સ્થિતિ' };
  const wanted = {
    en: 'First check the vaccination status, here.',
    hi: 'पहले यहाँ टीकाकरण की स्थिति की जाँच पूरी करें।',
    gu: 'પહેલાં અહીં રસીકરણની સ્થિતિની તપાસ પૂરી કરો.',
  };
  const patience = 20000;    // ms until the link is shown beside a frame that says nothing

  class KycvsStatus extends HTMLElement {
    static formAssociated = true;
    static observedAttributes = ['client', 'purpose', 'reference', 'lang', 'travel-date'];

    #internals = this.attachInternals();
    #frame = document.createElement('iframe');
    #link = document.createElement('slot');
    #answer = null;
    #jwt = null;
    #timer;
    #shown = false;
    #listen = event => this.#hear(event);

    constructor() {
      super();
      const frame = this.#frame;
      frame.referrerPolicy = 'no-referrer';
      // one by one: a strict policy of the host forbids style attributes and elements
      Object.assign(frame.style, { display: 'block', width: '100%', height: '32rem', border: '0', colorScheme: 'normal' });
      this.attachShadow({ mode: 'open', delegatesFocus: true }).append(frame, this.#link);
    }

    get answer() { return this.#answer; }
    get value() { return this.#jwt; }
    get form() { return this.#internals.form; }
    get name() { return this.getAttribute('name'); }

    connectedCallback() {
      this.style.display = 'block';
      this.#shown = true;
      addEventListener('message', this.#listen);
      this.#load();
    }

    disconnectedCallback() {
      this.#shown = false;
      removeEventListener('message', this.#listen);
      clearTimeout(this.#timer);
    }

    attributeChangedCallback(name, before, now) {
      if (this.#shown && before !== now) this.#load();
    }

    formResetCallback() { if (this.#shown) this.#load(); }

    get #about() {
      const { lang } = this.closest('[lang]') ?? {};
      const parameter = { lang: lang?.split('-')[0] ?? 'en' };
      for (const name of ['client', 'purpose', 'reference', 'travel-date'])
        if (this.getAttribute(name)) parameter[name.replace('-', '_')] = this.getAttribute(name);
      return parameter;
    }

    #load() {
      const about = this.#about;
      this.#frame.title = labels[about.lang] ?? labels.en;
      this.#take(null, null);
      this.#frame.src = `${new URL('page', home)}?${new URLSearchParams({ ...about, embed: 1 })}`;
      this.#link.hidden = true;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => { this.#link.hidden = false; }, patience);
    }

    #take(answer, jwt) {
      const missing = this.hasAttribute('required') && !jwt;
      this.#answer = answer;
      this.#jwt = jwt;
      this.#internals.setFormValue(jwt);
      this.#internals.setValidity(missing ? { valueMissing: true } : {}, missing ? wanted[this.#about.lang] ?? wanted.en : '', missing ? this.#frame : undefined);
    }

    #hear({ origin, source, data }) {
      if (source !== this.#frame.contentWindow || origin !== home.origin) return;
      if (data?.type === 'kycvs-hello') {
        clearTimeout(this.#timer);
        this.#take(null, null);    // who starts again has not answered yet
        source.postMessage({ type: 'kycvs-hello', person: this.getAttribute('person') }, origin);
      }
      if (data?.type !== 'kycvs' || data.client !== this.getAttribute('client') || data.reference !== (this.getAttribute('reference') ?? '')) return;
      if (data.height > 0) this.#frame.style.height = `${Math.min(data.height, 5000)}px`;
      if (data.jwt) this.#done(data);
    }

    #done({ client, reference, answer, jwt }) {
      this.#take(answer, jwt);
      this.dispatchEvent(new CustomEvent('kycvs', { bubbles: true, composed: true, detail: { client, reference, answer, jwt } }));
    }
  }

  if (!customElements.get('kycvs-status')) customElements.define('kycvs-status', KycvsStatus);
})();
