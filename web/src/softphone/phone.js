// The phone: a socket, the calls on it, and who of the colleagues is there. It sorts frames to calls and
// keeps no more than one of them talking.

import { Api, socketUrl } from './api.js';
import { Call } from './call.js';
import { Microphone } from './microphone.js';
import { Socket, requestId } from './socket.js';
import { claimsOf } from './token.js';

/** How long a call that has ended is still shown, in milliseconds. */
const AFTERGLOW = 5_000;
/** Most colleagues that can be watched. */
const WATCHED = 100;
/** Where the id of the address is kept that emergency services are sent to, for each user. */
const ADDRESS = 'strowger.address.';

/**
 * Events: `connection`; `calls` (one came or went), `change` and `ended` (`detail` is the call); `presence`;
 * `network` (the emergency address does not fit where this is); `trouble` (`detail` is `{code, message, call}`).
 */
export class Phone extends EventTarget {
  calls = [];
  presence = new Map();
  /** Names by number, as far as they are known. */
  names = new Map();
  microphone = new Microphone();
  api = new Api(() => this.#token);

  #token;
  #socket;
  #servers = [];
  #watched = [];

  constructor(token) {
    super();
    this.#token = token;
    this.#socket = new Socket({
      url: socketUrl(),
      token: () => this.#token,
      address: () => this.addressId,
      onframe: (frame) => this.#take(frame),
      onstate: (state) => this.#state(state),
    });
  }

  get connection() {
    return this.#socket.state;
  }

  get user() {
    return claimsOf(this.#token)?.sub ?? null;
  }

  /** The call that is talking, if one is. */
  get active() {
    return this.calls.find((call) => call.state === 'active') ?? null;
  }

  /** The id of the chosen emergency address; it is presented with the next connection. */
  get addressId() {
    return localStorage.getItem(ADDRESS + this.user);
  }

  set addressId(id) {
    if (id) {
      localStorage.setItem(ADDRESS + this.user, id);
    } else {
      localStorage.removeItem(ADDRESS + this.user);
    }
  }

  connect() {
    this.#socket.open();
  }

  /** Tries at once to come back. */
  hurry() {
    this.#socket.hurry();
  }

  disconnect() {
    for (const call of this.live()) {
      call.hangUp();
    }
    this.#socket.close();
  }

  /** A newer token of the same user: the connection and its calls stay. */
  refresh(token) {
    if (claimsOf(token)?.sub !== this.user) {
      return false;
    }
    this.#token = token;
    const frame = { type: 'auth.refresh', req_id: requestId(), token };
    if (!this.#socket.send(frame)) {
      this.connect();
    }
    return true;
  }

  /** Colleagues whose presence is wanted, also after the next connection. */
  watch(users) {
    this.#watched = users.slice(0, WATCHED);
    if (this.connection.name === 'ready' && this.#watched.length > 0) {
      const frame = { type: 'presence.subscribe', req_id: requestId(), users: this.#watched };
      this.#socket.send(frame);
    }
  }

  /** Calls that have not ended. */
  live() {
    return this.calls.filter((call) => !call.over);
  }

  /** Calls a number; with `parent`, to ask there before that call is handed over. */
  dial(number, { name = null, parent = null } = {}) {
    if (this.connection.name !== 'ready') {
      this.#trouble({ code: 'transport_closed' });
      return null;
    }
    if (this.live().some((call) => call.direction === 'outbound' && !call.id)) {
      this.#trouble({ code: 'one_at_a_time' });
      return null;
    }
    if (!parent) {
      this.#quiet(null);
    }
    const call = this.#add({ direction: 'outbound', number, name: name ?? this.names.get(number), parent });
    call.dial();
    return call;
  }

  answer(call) {
    this.#quiet(call);
    call.answer();
  }

  resume(call) {
    this.#quiet(call);
    call.resume();
  }

  /** Gives a consultation up and goes back to the call it was about. */
  abandon(consult) {
    const parent = consult.parent;
    consult.hangUp();
    parent?.resume();
  }

  /** Holds whoever talks besides `call`. */
  #quiet(call) {
    for (const other of this.live()) {
      if (other !== call) {
        other.hold();
      }
    }
  }

  #add(about) {
    const line = {
      send: (frame) => this.#socket.send(frame),
      microphone: this.microphone,
      servers: () => this.#servers,
    };
    const call = new Call(line, about);
    call.addEventListener('change', () => {
      if (call.over) {
        this.#remove(call);
      }
      this.#tell('change', call);
    });
    call.addEventListener('trouble', ({ detail }) => this.#trouble({ ...detail, call }));
    this.calls = [...this.calls, call];
    this.#tell('calls');
    return call;
  }

  #remove(call) {
    if (call.forgotten) {
      return;
    }
    call.forgotten = setTimeout(() => {
      this.calls = this.calls.filter((other) => other !== call);
      this.#tell('calls');
    }, AFTERGLOW);
    this.#tell('ended', call);
  }

  #take(frame) {
    switch (frame.type) {
      case 'authenticated':
        this.#begin();
        return;
      case 'call.incoming':
        if (!this.#find(frame.call_id)) {
          const { call_id: id, from: number, from_name: name } = frame;
          this.#add({ direction: 'inbound', id, number, name });
        }
        return;
      case 'presence.list':
        for (const item of frame.users) {
          this.presence.set(item.user_id, item);
        }
        this.#tell('presence');
        return;
      case 'presence.update':
        this.presence.set(frame.user_id, frame);
        this.#tell('presence');
        return;
      case 'network.changed':
        this.#tell('network');
        return;
      case 'error':
        this.#error(frame);
        return;
      default: {
        const asked = (call) => call.awaits(frame.req_id);
        const call =
          frame.type === 'call.trying' ? this.calls.find(asked) : this.#find(frame.call_id);
        call?.take(frame);
        if (!call && frame.type === 'call.trying') {
          // Given up so long ago that it is forgotten here.
          this.#socket.send({ type: 'call.hangup', call_id: frame.call_id });
        }
      }
    }
  }

  #error(frame) {
    const asked = this.calls.find((call) => call.awaits(frame.req_id));
    const named = frame.call_id ? this.#find(frame.call_id) : null;
    if (asked) {
      asked.fail(frame);
      this.#trouble({ ...frame, call: asked });
    } else if (named) {
      named.take(frame);
    } else if (!frame.fatal && !frame.call_id) {
      // A fatal one is told by the connection's state; one about a call that is gone, by nobody.
      this.#trouble(frame);
    }
  }

  #find(id) {
    return this.calls.find((call) => call.id === id && !call.over);
  }

  /** What is to be done with each new connection. */
  async #begin() {
    this.watch(this.#watched);
    try {
      const list = await this.api.get('/v1/webrtc/ice-servers');
      this.#servers = list.ice_servers;
    } catch {
      // Without them a call still finds its way on the same network, or to a server with a public address.
    }
  }

  #state(state) {
    if (state.name !== 'ready') {
      for (const call of this.live()) {
        call.fail({ code: 'lost' });
      }
    }
    this.#tell('connection');
  }

  #trouble(detail) {
    this.#tell('trouble', detail);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
