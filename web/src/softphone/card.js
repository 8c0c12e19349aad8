// The card of one call: who, in what state, how loud, and every button that makes sense now.

import { find, icon, make, say } from './dom.js';
import { Meter } from './meter.js';
import { dialled, duration, stateOf } from './words.js';

const coming = (call) => call.direction === 'inbound' && call.state === 'ringing';
const consulting = (call) => Boolean(call.parent && !call.parent.over && !call.over);

/** The buttons: name, picture, words, and when each is shown. */
const BUTTONS = [
  ['answer', 'phone', 'Answer', coming],
  ['reject', 'down', 'Decline', coming],
  ['busy', 'busy', 'Busy', coming],
  ['complete', 'join', 'Hand over', (call) => consulting(call) && call.talking],
  ['back', 'back', 'Back', (call) => consulting(call)],
  ['mute', 'mic', 'Mute', (call) => call.state === 'active'],
  ['hold', 'pause', 'Hold', (call) => call.state === 'active' && !consulting(call)],
  ['resume', 'play', 'Resume', (call) => call.state === 'held' && call.heldBy === 'local'],
  ['transfer', 'forward', 'Transfer', (call) => call.talking && !call.consulted && !consulting(call)],
  ['hangup', 'down', 'Hang up', (call) => !call.over && !coming(call) && !consulting(call)],
];

export class Card {
  #phone;
  #call;
  #buttons = new Map();
  #meters = [];

  constructor(phone, call) {
    this.#phone = phone;
    this.#call = call;
    this.element = this.#build();
    call.addEventListener('change', () => this.update());
    this.update();
  }

  get call() {
    return this.#call;
  }

  /** Puts the focus where the next decision is. */
  focus() {
    this.#buttons.get('answer').focus();
  }

  /** Shows the call as it is. */
  update() {
    const call = this.#call;
    const root = this.element;
    call.consulted = this.#phone.live().some((other) => other.parent === call);
    root.dataset.state = call.state;
    root.dataset.direction = call.direction;
    say(find('.who', root), call.who);
    say(find('.number', root), call.name ? call.number : '');
    say(find('.face', root), initial(call.who));
    say(find('.keys', root), call.keys ? `Keys sent: ${call.keys}` : '');
    for (const [name, , , shown] of BUTTONS) {
      this.#buttons.get(name).hidden = !shown(call);
    }
    const mute = this.#buttons.get('mute');
    mute.setAttribute('aria-pressed', call.muted);
    say(find('span', mute), call.muted ? 'Unmute' : 'Mute');
    if (!call.talking) {
      this.#ask(false);
    }
    find('.meters', root).hidden = !call.talking && !call.early;
    this.#meters[0].listen(call.over || call.muted || call.heldBy === 'local' ? null : call.says);
    this.#meters[1].listen(call.over || call.heldBy === 'local' ? null : call.hears);
    this.tick();
  }

  /** Shows the time; to be called each second. */
  tick() {
    const { answeredAt, endedAt } = this.#call;
    const until = endedAt ?? Date.now();
    say(find('.state', this.element), stateOf(this.#call));
    say(find('.time', this.element), answeredAt ? duration((until - answeredAt) / 1000) : '');
  }

  /** Moves the meters; to be called for each picture. */
  look() {
    this.#meters.forEach((meter) => meter.look());
  }

  #build() {
    const bar = (label) => {
      const element = make('div', {
        class: 'meter',
        role: 'meter',
        'aria-label': label,
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        'aria-valuenow': 0,
      });
      this.#meters.push(new Meter(element));
      return element;
    };
    const buttons = BUTTONS.map(([name, picture, text]) => {
      const on = { click: () => this.#do(name) };
      const button = make('button', { type: 'button', class: `act ${name}`, 'data-do': name, on });
      button.append(icon(picture), make('span', {}, text));
      this.#buttons.set(name, button);
      return button;
    });
    return make(
      'li',
      { class: 'call', 'data-id': this.#call.id },
      make(
        'div',
        { class: 'head' },
        make('div', { class: 'face', 'aria-hidden': 'true' }),
        make('div', { class: 'names' }, make('h3', { class: 'who' }), make('p', { class: 'number' })),
        make('div', { class: 'status' }, make('p', { class: 'state' }), make('p', { class: 'time' })),
      ),
      make(
        'div',
        { class: 'meters' },
        icon('mic'),
        bar('Level of your microphone'),
        icon('ear'),
        bar('Level of the other side'),
      ),
      make('p', { class: 'keys' }),
      make('div', { class: 'acts' }, ...buttons),
      this.#form(),
    );
  }

  /** Where to hand the call over to. */
  #form() {
    const field = make('input', {
      type: 'tel',
      name: 'to',
      autocomplete: 'off',
      'aria-label': 'Hand the call over to',
      placeholder: 'Number or extension',
      list: 'known',
    });
    const act = (name, text) => make('button', { type: 'submit', value: name, 'data-do': name }, text);
    const on = {
      submit: (event) => {
        event.preventDefault();
        const to = dialled(field.value);
        if (!to) {
          field.focus();
          return;
        }
        this.#ask(false);
        if (event.submitter?.value === 'consult') {
          this.#phone.dial(to, { parent: this.#call });
        } else {
          this.#call.transfer(to);
        }
      },
      keydown: (event) => event.key === 'Escape' && this.#ask(false),
    };
    const form = make('form', { class: 'hand-over', hidden: true, on });
    form.append(field, act('consult', 'Ask first'), act('blind', 'Hand over'));
    return form;
  }

  #ask(open) {
    const form = find('form', this.element);
    if (form.hidden !== open) {
      return;
    }
    form.hidden = !open;
    this.#buttons.get('transfer').setAttribute('aria-expanded', open);
    if (open) {
      find('input', form).value = '';
      find('input', form).focus();
    }
  }

  #do(name) {
    const [phone, call] = [this.#phone, this.#call];
    const deeds = {
      answer: () => phone.answer(call),
      reject: () => call.reject('decline'),
      busy: () => call.reject('busy'),
      complete: () => call.parent.complete(),
      back: () => phone.abandon(call),
      mute: () => call.mute(!call.muted),
      hold: () => call.hold(),
      resume: () => phone.resume(call),
      transfer: () => this.#ask(find('form', this.element).hidden),
      hangup: () => call.hangUp(),
    };
    deeds[name]();
  }
}

/** What stands for a picture: the first letter of a name, or nothing for a number. */
function initial(who) {
  return /\p{L}/u.test(who.charAt(0)) ? who.charAt(0).toUpperCase() : '#';
}
