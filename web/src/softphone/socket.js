// The socket: JSON frames both ways. It authenticates, comes back with a growing pause when the connection
// is lost, and finds out when it is lost without a word. What the frames mean is for phone.js.

const PROTOCOL = 'dialstack.webrtc.v1';
/** Pauses before a new attempt, in seconds; the last one repeats. Half of each is left to chance. */
const PAUSES = [1, 2, 4, 8, 16, 30];
/** Longest wait for `authenticated`, and for a sign of life after a `ping`, in milliseconds. */
const AUTHENTICATION = 20_000;
const LIFE = 5_000;
/** After these errors nobody else has reason to hope; only a person can help. */
const FINAL = new Set(['auth_failed', 'auth_expired', 'session_revoked', 'session_replaced']);

let count = 0;

/** A name for a request, so that the answer can be told from others. */
export function requestId() {
  count += 1;
  return `req_${Date.now().toString(36)}_${count}`;
}

/**
 * `token()` and `address()` give what to authenticate with; `onframe(frame)` gets every frame;
 * `onstate(state)` hears `{name, code?, at?}` where name is one of
 *   connecting   on the way
 *   ready        authenticated
 *   waiting      lost; another attempt at the time `at` (milliseconds)
 *   over         ended for the reason `code`, and will stay so
 */
export class Socket {
  #options;
  #socket = null;
  #attempt = 0;
  #timer = 0;
  #probe = 0;
  #fatal = null;
  #state = { name: 'over', code: null };

  constructor(options) {
    this.#options = options;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this.hurry();
      }
    });
  }

  get state() {
    return this.#state;
  }

  /** Connects, or connects anew with what `token()` and `address()` give now. */
  open() {
    this.#leave();
    this.#become({ name: 'connecting' });
    this.#fatal = null;
    const socket = new WebSocket(this.#options.url, PROTOCOL);
    this.#socket = socket;
    const mine = (handle) => (event) => this.#socket === socket && handle(event);
    socket.onopen = mine(() => this.#authenticate());
    socket.onmessage = mine((event) => this.#read(event.data));
    socket.onclose = mine(() => this.#lost());
    this.#timer = setTimeout(mine(() => this.#lost()), AUTHENTICATION);
  }

  /** Leaves for good. */
  close(code = null) {
    this.#leave();
    this.#become({ name: 'over', code });
  }

  /** Tries at once when it waits; asks for a sign of life when it believes to be connected. */
  hurry() {
    if (this.#state.name === 'waiting') {
      this.open();
    } else if (this.#state.name === 'ready' && !this.#probe) {
      this.send({ type: 'ping', req_id: requestId() });
      this.#probe = setTimeout(() => this.open(), LIFE);
    }
  }

  /** Sends a frame; false when there is nobody to send it to. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #authenticate() {
    const frame = { type: 'authenticate', req_id: requestId(), token: this.#options.token() };
    const address = this.#options.address();
    if (address) {
      frame.emergency_address_id = address;
    }
    this.send(frame);
  }

  #read(text) {
    clearTimeout(this.#probe);
    this.#probe = 0;
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame?.type === 'authenticated') {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#become({ name: 'ready' });
    } else if (frame?.type === 'error' && frame.fatal) {
      this.#fatal = frame.code;
    }
    this.#options.onframe(frame);
  }

  #lost() {
    const code = this.#fatal;
    if (FINAL.has(code)) {
      this.close(code);
      return;
    }
    this.#leave();
    const pause = PAUSES[Math.min(this.#attempt, PAUSES.length - 1)] * 1000;
    this.#attempt += 1;
    const wait = pause / 2 + (Math.random() * pause) / 2;
    this.#timer = setTimeout(() => this.open(), wait);
    this.#become({ name: 'waiting', code, at: Date.now() + wait });
  }

  #leave() {
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    this.#probe = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state) {
    this.#state = state;
    this.#options.onstate(state);
  }
}
