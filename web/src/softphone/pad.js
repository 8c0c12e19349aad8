// The number field and the keys. While a call talks the keys go into it; otherwise they make a number.

import { find, make } from './dom.js';
import { wake } from './tones.js';
import { dialled } from './words.js';

/** The keys and the letters on them. */
const KEYS = [
  ['1', ''],
  ['2', 'abc'],
  ['3', 'def'],
  ['4', 'ghi'],
  ['5', 'jkl'],
  ['6', 'mno'],
  ['7', 'pqrs'],
  ['8', 'tuv'],
  ['9', 'wxyz'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
];
const SPOKEN = { '*': 'star', '#': 'hash' };
/** How long 0 is held down for a plus, in milliseconds. */
const LONG = 600;

export class Pad {
  #phone;
  #tones;
  #field = find('#number');
  #last = '';

  constructor(phone, tones) {
    this.#phone = phone;
    this.#tones = tones;
    find('#keys').append(...KEYS.map(([key, letters]) => this.#key(key, letters)));
    find('#dial-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#dial();
    });
    find('#erase').addEventListener('click', () => {
      this.#field.value = this.#field.value.slice(0, -1);
      this.#changed();
    });
    this.#field.addEventListener('input', () => this.#changed());
    document.addEventListener('keydown', (event) => this.#typed(event));
    phone.addEventListener('calls', () => this.update());
    phone.addEventListener('change', () => this.update());
    phone.addEventListener('connection', () => this.update());
    document.querySelectorAll('[name="keys-go"]').forEach((choice) => {
      choice.addEventListener('change', () => this.update());
    });
    this.update();
  }

  /** Puts a number into the field, for a person to look at and dial. */
  fill(number) {
    this.#field.value = number;
    this.#changed();
    this.#field.focus();
  }

  /** Shows where the keys go. */
  update() {
    const talking = this.#phone.active !== null;
    find('#keys-go').hidden = !talking;
    if (!talking) {
      find('#keys-to-call').checked = true;
    }
    find('#dial').disabled = this.#phone.connection.name !== 'ready';
    find('#pad').dataset.into = this.#call() ? 'call' : 'number';
    this.#changed();
  }

  /** The call that keys go into, if any. */
  #call() {
    return find('#keys-to-call').checked ? this.#phone.active : null;
  }

  #changed() {
    find('#erase').hidden = this.#field.value === '';
  }

  #dial() {
    wake();
    const number = dialled(this.#field.value);
    if (!number) {
      // As on most phones: the green key first brings the last number back.
      this.fill(this.#last);
      return;
    }
    if (this.#phone.dial(number)) {
      this.#last = number;
      this.#field.value = '';
      this.#changed();
    }
  }

  #press(key) {
    wake();
    this.#tones.key(key);
    const call = this.#call();
    if (call) {
      call.press(key);
    } else {
      this.#field.value += key;
      this.#changed();
    }
  }

  #key(key, letters) {
    let timer = 0;
    const plus = () => {
      if (!this.#call()) {
        this.#field.value = this.#field.value.replace(/0$/, '+');
      }
    };
    const on = {
      click: () => this.#press(key),
      pointerdown: () => {
        timer = key === '0' ? setTimeout(() => addEventListener('click', plus, { once: true }), LONG) : 0;
      },
      pointerup: () => clearTimeout(timer),
      pointerleave: () => clearTimeout(timer),
    };
    const label = SPOKEN[key] ?? key;
    const button = make('button', { type: 'button', class: 'key', 'data-key': key, 'aria-label': label, on });
    button.append(make('b', {}, key), make('small', {}, letters));
    return button;
  }

  /** Keys of the keyboard count wherever nothing else is being written. */
  #typed(event) {
    const writes = event.target.closest?.('input, textarea, select, dialog');
    if (writes || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (/^[0-9*#]$/.test(event.key) || (event.key === '+' && !this.#call())) {
      event.preventDefault();
      this.#press(event.key);
    } else if (event.key === 'Backspace' && !this.#call()) {
      find('#erase').click();
    }
  }
}
