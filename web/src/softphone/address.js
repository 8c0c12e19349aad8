// The emergency address: where help is sent to. It is asked for when the server will not let a call out
// without one, stored over REST, and presented with the next connection.

import { find, make } from './dom.js';
import { trouble } from './words.js';

export class Address {
  #phone;
  #dialog = find('#address');
  #form = find('#address form');
  #then = null;

  constructor(phone) {
    this.#phone = phone;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#save();
    });
    find('#address-cancel').addEventListener('click', () => this.#dialog.close());
    find('#address-choice').addEventListener('change', () => this.#chosen());
  }

  /** Asks; `then` is done when the phone is connected with an address. */
  async ask(then = null) {
    this.#then = then;
    this.#complain('');
    const known = await this.#phone.api.all('/v1/me/emergency-addresses?limit=20').catch(() => []);
    const options = known.map(({ id, address }) => make('option', { value: id }, line(address)));
    const choice = find('#address-choice');
    choice.replaceChildren(...options, make('option', { value: '' }, 'Somewhere else'));
    find('#address-known').hidden = known.length === 0;
    this.#chosen();
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
  }

  #chosen() {
    const fields = find('#address-new');
    const other = find('#address-choice').value === '';
    fields.hidden = !other;
    fields.disabled = !other;
  }

  async #save() {
    const { api } = this.#phone;
    const button = find('[type="submit"]', this.#form);
    button.disabled = true;
    try {
      let id = find('#address-choice').value;
      if (id) {
        // It was perhaps used on another network: that is forgotten, so that this one counts.
        await api.delete(`/v1/me/emergency-addresses/${id}/registered_ip`);
      } else {
        const given = [...new FormData(this.#form)].filter(([, value]) => value);
        ({ id } = await api.post('/v1/me/emergency-addresses', Object.fromEntries(given)));
      }
      this.#phone.addressId = id;
      this.#dialog.close();
      this.#reconnect();
    } catch (error) {
      this.#complain(trouble(error));
    } finally {
      button.disabled = false;
    }
  }

  /** An address counts from the next connection on. */
  #reconnect() {
    const then = this.#then;
    this.#then = null;
    const ready = () => {
      if (this.#phone.connection.name === 'ready') {
        this.#phone.removeEventListener('connection', ready);
        then?.();
      }
    };
    const connect = () => {
      // A new connection would end a call that goes on.
      if (this.#phone.live().length === 0) {
        this.#phone.removeEventListener('ended', connect);
        this.#phone.addEventListener('connection', ready);
        this.#phone.connect();
      }
    };
    this.#phone.addEventListener('ended', connect);
    connect();
  }

  #complain(text) {
    find('#address-error').textContent = text;
  }
}

/** An address in one line. */
function line(address) {
  if (address.formatted_address) {
    return address.formatted_address;
  }
  const { address_number: number, street, unit, city, state, postal_code: code } = address;
  const road = [number, street].filter(Boolean).join(' ');
  return [road, unit, city, [state, code].filter(Boolean).join(' ')].filter(Boolean).join(', ');
}
