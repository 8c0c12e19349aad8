// The log: the calls of this user, as the API keeps them.

import { find, icon, make } from './dom.js';
import { duration, moment } from './words.js';

/** Calls that are shown. */
const SHOWN = 20;
/** Pauses before the log is read again for a call that has just ended and is not in it, in milliseconds. */
const AGAIN = [300, 1_000, 3_000];

const OUTCOMES = {
  'no-answer': 'no answer',
  no_answer: 'no answer',
  busy: 'busy',
  failed: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  rejected: 'declined',
  voicemail: 'voicemail',
};

export class Log {
  #phone;
  #call;
  #learn;
  #mine = new Set();

  /** `call(number, name)` is what a click does; `learn(name, number)` hears who has which number. */
  constructor(phone, { call, learn }) {
    this.#phone = phone;
    this.#call = call;
    this.#learn = learn;
    phone.addEventListener('ended', ({ detail }) => this.#ended(detail));
  }

  /** `numbers` are those of this user: what tells calls from here from calls to here. */
  async load(numbers = [...this.#mine]) {
    this.#mine = new Set(numbers);
    const list = await this.#phone.api.get(`/v1/me/calls?limit=${SHOWN}`);
    find('#log-list').replaceChildren(...list.data.map((call) => this.#row(call)));
    find('#log-none').hidden = list.data.length > 0;
    return list.data;
  }

  async #ended(call) {
    if (!call.id) {
      return;
    }
    for (const pause of AGAIN) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const calls = await this.load().catch(() => []);
      if (calls.some(({ id }) => id === call.id)) {
        return;
      }
    }
  }

  #row(call) {
    const out = call.direction === 'outbound' || this.#mine.has(call.from_number);
    const [number, name] = out
      ? [call.to_number, call.to_label]
      : [call.from_number, call.from_label];
    if (call.direction === 'internal') {
      this.#learn(name, number);
    }
    const missed = !out && call.status !== 'completed';
    const kind = missed ? 'missed' : out ? 'outgoing' : 'incoming';
    const talked = call.status === 'completed' && call.duration_seconds !== null;
    const how = talked ? duration(call.duration_seconds) : (OUTCOMES[call.status] ?? call.status ?? 'now');
    const who = name || number || 'Unknown';
    const button = make('button', {
      type: 'button',
      class: 'row',
      disabled: !number,
      'aria-label': `${kind} call, ${who}, ${moment(call.started_at)}, ${how}. Call back.`,
      on: { click: () => this.#call(number, name) },
    });
    button.append(
      icon(kind),
      make('span', { class: 'name' }, who),
      make('span', { class: 'detail' }, [name ? number : '', how].filter(Boolean).join(' · ')),
      make('time', { datetime: call.started_at }, moment(call.started_at)),
    );
    return make('li', { 'data-call': call.id, 'data-kind': kind }, button);
  }
}
