// The page: puts the phone together with everything that shows it.

import { Address } from './address.js';
import { Card } from './card.js';
import { find, say } from './dom.js';
import { Log } from './log.js';
import { Microphone } from './microphone.js';
import { Pad } from './pad.js';
import { People } from './people.js';
import { Phone } from './phone.js';
import { Connection, notice } from './status.js';
import { dropToken, keepToken, takeToken } from './token.js';
import { Tones, wake } from './tones.js';
import { stateOf, trouble } from './words.js';

const TITLE = 'Softphone';

class Page {
  #phone;
  #tones = new Tones();
  #cards = new Map();
  #numbers = [];
  #pad;
  #people;
  #log;
  #address;

  constructor(token) {
    this.#phone = new Phone(token);
    this.#pad = new Pad(this.#phone, this.#tones);
    this.#address = new Address(this.#phone);
    const call = (number, name) => this.#call(number, name);
    this.#people = new People(this.#phone, call);
    const learn = (name, number) => this.#people.learn(name, number);
    this.#log = new Log(this.#phone, { call, learn });
    new Connection(this.#phone);
    this.#listen();
    this.#phone.connect();
    setInterval(() => this.#cards.forEach((card) => card.tick()), 500);
    const draw = () => {
      this.#cards.forEach((card) => card.look());
      requestAnimationFrame(draw);
    };
    draw();
  }

  get phone() {
    return this.#phone;
  }

  #listen() {
    const on = (type, handle) => this.#phone.addEventListener(type, ({ detail }) => handle(detail));
    on('connection', () => this.#connection());
    on('calls', () => this.#calls());
    on('change', (call) => this.#changed(call));
    on('ended', (call) => this.#ended(call));
    on('trouble', (error) => this.#trouble(error));
    on('network', () => this.#elsewhere());
    find('#my-presence').addEventListener('change', ({ target }) => this.#present(target.value));
    addEventListener('pointerdown', wake);
    addEventListener('keydown', wake);
    addEventListener('pagehide', () => this.#phone.disconnect());
    addEventListener('pageshow', ({ persisted }) => persisted && this.#phone.connect());
  }

  #connection() {
    const { name, code } = this.#phone.connection;
    if (name === 'ready') {
      this.#load();
    } else if (name === 'over' && code) {
      dropToken();
      welcome(trouble({ code }));
    }
  }

  /** Reads what does not come over the socket. Each part may fail alone. */
  async #load() {
    const { api } = this.#phone;
    const told = (what) => (error) => notice(`${what} could not be read. ${trouble(error)}`);
    await api.get('/v1/me').then((me) => this.#me(me), told('Your name'));
    await this.#log.load(this.#numbers).catch(told('Recent calls'));
    await this.#people.load().catch(told('Colleagues'));
    await api.get('/v1/me/presence').then((mine) => this.#mine(mine), () => {});
  }

  #me(me) {
    this.#numbers = me.extensions.map(({ number }) => number);
    say(find('#me'), me.name || me.email || TITLE);
    say(find('#my-numbers'), this.#numbers.join(', '));
    this.#title();
  }

  #mine({ status }) {
    find('#my-presence-label').hidden = false;
    find('#my-presence').value = ['away', 'dnd'].includes(status) ? status : 'available';
  }

  #present(status) {
    const told = (error) => notice(trouble(error));
    this.#phone.api.post('/v1/me/presence', { status }).catch(told);
  }

  #call(number, name) {
    wake();
    if (number) {
      this.#phone.dial(number, { name });
    }
  }

  /** Cards for the calls that are there, in their order. */
  #calls() {
    const { calls } = this.#phone;
    for (const [call, card] of this.#cards) {
      if (!calls.includes(call)) {
        card.element.remove();
        this.#cards.delete(call);
      }
    }
    for (const call of calls) {
      if (!this.#cards.has(call)) {
        const card = new Card(this.#phone, call);
        this.#cards.set(call, card);
        find('#call-list').append(card.element);
        if (call.direction === 'inbound') {
          this.#ring(card);
        }
      }
    }
    find('#call-none').hidden = calls.length > 0;
    this.#update();
  }

  #ring(card) {
    const { who, number } = card.call;
    say(find('#said'), `Incoming call from ${who === number ? who : `${who}, ${number}`}`);
    // Whoever is writing is not disturbed.
    if (!document.activeElement?.matches('input, select, textarea') && !this.#phone.active) {
      card.focus();
    }
  }

  #changed(call) {
    this.#cards.get(call)?.element.setAttribute('data-id', call.id ?? '');
    if (!(call.direction === 'inbound' && call.state === 'ringing')) {
      say(find('#said'), `${call.who}: ${stateOf(call)}`);
    }
    this.#update();
  }

  /** What every change touches: cards of related calls, tones, the title. */
  #update() {
    this.#cards.forEach((card) => card.update());
    const live = this.#phone.live();
    const is = (direction, state) => live.some((c) => c.direction === direction && c.state === state);
    const dialling = live.some((c) => c.direction === 'outbound' && c.state === 'ringing' && !c.early);
    if (is('inbound', 'ringing')) {
      this.#tones.play(this.#phone.active ? 'waiting' : 'bell');
    } else {
      this.#tones.play(dialling ? 'ringback' : null);
    }
    this.#title();
  }

  #title() {
    const call = this.#phone.live().at(-1);
    const who = find('#me').textContent;
    document.title = call ? `${call.who}: ${stateOf(call)}` : who === TITLE ? TITLE : `${who} · ${TITLE}`;
  }

  #ended(call) {
    if (call.reason === 'busy') {
      this.#tones.once('busy');
    } else if (this.#phone.live().length === 0) {
      this.#tones.once('end');
    }
  }

  #trouble(error) {
    if (error.code === 'emergency_address_required') {
      const { number, name } = error.call ?? {};
      this.#address.ask(() => number && this.#phone.dial(number, { name }));
    } else {
      notice(trouble(error));
    }
  }

  #elsewhere() {
    const action = ['Tell where', () => this.#address.ask()];
    const text = 'You seem to be somewhere else than last time. Help must be able to find you.';
    notice(text, { action, stays: true });
  }
}

/** Asks for a link; `why` is said when there was one that is no good any more. */
function welcome(why = null) {
  find('#phone').hidden = true;
  find('#welcome').hidden = false;
  if (why) {
    say(find('#token-why'), why);
  }
  find('#token').focus();
}

/** Asks for the microphone before the first call does, if the browser will ask. */
async function prepare() {
  if (!Microphone.possible) {
    notice(trouble({ code: 'SecurityError' }), { stays: true });
    return;
  }
  const asked = await navigator.permissions?.query({ name: 'microphone' }).catch(() => null);
  if (asked?.state === 'prompt') {
    const microphone = new Microphone();
    const allow = async () => {
      wake();
      try {
        microphone.give(await microphone.take());
      } catch (error) {
        notice(trouble({ code: error.name, message: error.message }));
      }
    };
    notice('The browser will ask for your microphone.', { action: ['Allow it now', allow], stays: true });
  } else if (asked?.state === 'denied') {
    notice(trouble({ code: 'NotAllowedError' }), { stays: true });
  }
}

let page = null;

function start(token) {
  find('#welcome').hidden = true;
  find('#phone').hidden = false;
  page = new Page(token);
  prepare();
}

find('#token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (keepToken(find('#token').value)) {
    location.reload();
  } else {
    say(find('#token-error'), 'That is neither a link nor a token.');
  }
});

// Another link in the same tab: a newer token for the same person goes on, another person starts anew.
addEventListener('hashchange', () => {
  const token = location.hash && takeToken();
  if (token && !page?.phone.refresh(token)) {
    location.reload();
  }
});

const token = takeToken();
if (token) {
  start(token);
} else {
  welcome();
}
