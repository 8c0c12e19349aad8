// What is told beside the calls: the connection, and notices that stay until they are read.

import { find, icon, make, say } from './dom.js';
import { trouble } from './words.js';

/** How long a notice stays, in milliseconds, and how many there are at once. */
const STAYS = 12_000;
const MOST = 3;

/** Shows a sentence; `action` is an optional `[words, deed]`. A sentence is shown once at a time. */
export function notice(text, { action = null, stays = false, name = text } = {}) {
  const box = find('#notices');
  dismiss(name);
  const close = make('button', { type: 'button', class: 'close', 'aria-label': 'Dismiss' }, icon('close'));
  const bar = make('div', { class: 'notice', 'data-name': name }, make('p', {}, text));
  if (action) {
    const [words, deed] = action;
    const click = () => {
      bar.remove();
      deed();
    };
    bar.append(make('button', { type: 'button', on: { click } }, words));
  }
  close.addEventListener('click', () => bar.remove());
  bar.append(close);
  box.append(bar);
  while (box.children.length > MOST) {
    box.firstElementChild.remove();
  }
  if (!stays) {
    setTimeout(() => bar.remove(), STAYS);
  }
}

/** Takes the notice of this name away. */
export function dismiss(name) {
  [...find('#notices').children].filter((bar) => bar.dataset.name === name).forEach((bar) => bar.remove());
}

/** Shows the state of the connection; counts down to the next attempt. */
export class Connection {
  #phone;
  #timer = 0;

  constructor(phone) {
    this.#phone = phone;
    phone.addEventListener('connection', () => this.#show());
    this.#show();
  }

  #show() {
    clearInterval(this.#timer);
    const state = this.#phone.connection;
    const pill = find('#connection');
    pill.dataset.state = state.name;
    const text = find('.text', pill);
    switch (state.name) {
      case 'ready':
        dismiss('connection');
        say(text, 'Connected');
        break;
      case 'connecting':
        say(text, 'Connecting…');
        break;
      case 'waiting': {
        const why = state.code ? trouble(state) : 'The connection was lost.';
        const action = ['Try now', () => this.#phone.hurry()];
        notice(`${why} Trying again by itself.`, { action, stays: true, name: 'connection' });
        say(text, 'Reconnecting…');
        const count = () => {
          const seconds = Math.max(0, Math.ceil((state.at - Date.now()) / 1000));
          pill.title = `Next attempt in ${seconds} s`;
        };
        this.#timer = setInterval(count, 500);
        break;
      }
      default:
        dismiss('connection');
        say(text, 'Not connected');
    }
    if (state.name !== 'waiting') {
      pill.removeAttribute('title');
    }
  }
}
