// The colleagues: their names from the directory, what they do from the socket.

import { find, icon, make, say } from './dom.js';
import { presenceOf } from './words.js';

export class People {
  #phone;
  #call;
  #rows = new Map();
  #entries = [];
  #numbers = new Map();

  /** `call(number, name)` is what a click on a colleague does. */
  constructor(phone, call) {
    this.#phone = phone;
    this.#call = call;
    phone.addEventListener('presence', () => this.#show());
    find('#people-filter').addEventListener('input', () => this.#show());
  }

  /** Reads the directory and watches those in it. */
  async load() {
    const entries = await this.#phone.api.all('/v1/me/directory?limit=100');
    const others = entries.filter(({ user }) => user !== this.#phone.user);
    this.#entries = others.sort((a, b) => a.display_name.localeCompare(b.display_name));
    this.#entries.forEach(({ display_name: name, extension }) => extension && this.learn(name, extension));
    this.#phone.watch(this.#entries.map(({ user }) => user));
    find('#people-list').replaceChildren(...this.#entries.map((entry) => this.#row(entry)));
    find('#people-filter').hidden = this.#entries.length < 8;
    this.#show();
  }

  /** Remembers a number that belongs to a name, for clicks and for suggestions. */
  learn(name, number) {
    if (!name || !number || this.#numbers.has(name)) {
      return;
    }
    this.#numbers.set(name, number);
    this.#phone.names.set(number, name);
    find('#known').append(make('option', { value: number }, name));
    this.#show();
  }

  #row(entry) {
    const click = () => this.#call(this.#numbers.get(entry.display_name), entry.display_name);
    const button = make('button', { type: 'button', class: 'row person', on: { click } });
    button.append(
      make('span', { class: 'dot' }),
      make('span', { class: 'name' }, entry.display_name),
      make('span', { class: 'detail' }),
      icon('phone'),
    );
    const item = make('li', { 'data-user': entry.user }, button);
    this.#rows.set(entry.user, item);
    return item;
  }

  #show() {
    const wanted = find('#people-filter').value.trim().toLowerCase();
    for (const { user, display_name: name } of this.#entries) {
      const item = this.#rows.get(user);
      if (!item) {
        continue;
      }
      const { status, text } = presenceOf(this.#phone.presence.get(user));
      const number = this.#numbers.get(name);
      item.hidden = !name.toLowerCase().includes(wanted);
      item.dataset.presence = status;
      say(find('.detail', item), [number, text].filter(Boolean).join(' · '));
      find('button', item).disabled = !number;
    }
    find('#people-none').hidden = this.#entries.length > 0;
  }
}
