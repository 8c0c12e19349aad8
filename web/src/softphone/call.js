// One call: a peer connection, and the state that the server's frames put it in. Nothing changes its state
// here but those frames: a button sends a wish, and the answer moves the call.
//
//   outbound: trying -> ringing -> active      inbound: ringing -> active
//   active <-> held                            any: ended

import { describe } from './sdp.js';
import { requestId } from './socket.js';

/** Longest wait for the server's first word about a call that was asked for, in milliseconds. */
const TRYING = 30_000;
/** Length of a key's tone and of the pause after it, in milliseconds. */
const KEY_TONE = 100;
const KEY_PAUSE = 70;

/**
 * `line` is what a call needs of the phone: `send(frame)`, `microphone` and `servers()` (for ICE).
 * Every change is told by a `change` event; `trouble` carries an error `{code, message}` in `detail`.
 */
export class Call extends EventTarget {
  id = null;
  state = 'trying';
  heldBy = null;
  muted = false;
  early = false;
  keys = '';
  answeredAt = null;
  reason = null;
  error = null;
  /** What the far side says, and what this one says, for the meters. */
  hears = null;
  says = null;

  #line;
  #pc = null;
  #sender = null;
  #audio = null;
  #requested = null;
  #timer = 0;
  #answering = false;
  /** Descriptions are applied one after the other. */
  #turn = Promise.resolve();

  constructor(line, { direction, number, name = null, parent = null, id = null }) {
    super();
    Object.assign(this, { direction, number, name, parent, id });
    this.#line = line;
    if (direction === 'inbound') {
      this.state = 'ringing';
    }
  }

  get over() {
    return this.state === 'ended';
  }

  get talking() {
    return this.state === 'active' || this.state === 'held';
  }

  /** The name if there is one, else the number. */
  get who() {
    return this.name || this.number || 'Unknown';
  }

  // Wishes of the person.

  /** Dials: an offer with everything in it, as a call of its own or to consult about `parent`. */
  async dial() {
    try {
      await this.#open();
      const sdp = await describe(this.#pc);
      if (this.over) {
        return;
      }
      this.#requested = requestId();
      const wish = { req_id: this.#requested, destination: this.number, sdp };
      const frame = this.parent
        ? { type: 'call.transfer.attended', step: 'consult', call_id: this.parent.id, ...wish }
        : { type: 'call.create', ...wish };
      if (!this.#line.send(frame)) {
        this.fail({ code: 'transport_closed' });
        return;
      }
      this.#timer = setTimeout(() => this.fail({ code: 'no_reply' }), TRYING);
    } catch (error) {
      this.fail({ code: error.name, message: error.message });
    }
  }

  /** Answers: the word first, the description right after it. */
  async answer() {
    if (this.direction !== 'inbound' || this.state !== 'ringing' || this.#answering) {
      return;
    }
    this.#answering = true;
    try {
      await this.#turn;
      await this.#open();
      if (this.over) {
        return;
      }
      this.#send('call.answer');
      const sdp = await describe(this.#pc);
      this.#send('sdp.answer', { sdp });
    } catch (error) {
      // It goes on ringing: the person may allow the microphone and try again.
      this.#answering = false;
      this.#trouble({ code: error.name, message: error.message });
    }
  }

  /** `reason` is `busy` or `decline`. */
  reject(reason = 'decline') {
    this.#send('call.reject', { reason });
  }

  hangUp() {
    if (this.id) {
      this.#send('call.hangup');
    } else {
      this.#end('hangup');
    }
  }

  hold() {
    if (this.state === 'active') {
      this.#send('call.hold');
    }
  }

  resume() {
    if (this.state === 'held') {
      this.#send('call.resume');
    }
  }

  mute(muted) {
    this.muted = muted;
    this.#send(muted ? 'call.mute' : 'call.unmute');
    this.#changed();
  }

  /** Sends a key as the browser does it: beside the audio (RFC 4733), so there is no frame for it. */
  press(key) {
    const dtmf = this.#sender?.dtmf;
    if (!dtmf?.canInsertDTMF) {
      this.#trouble({ code: 'no_keys' });
      return;
    }
    dtmf.insertDTMF(dtmf.toneBuffer + key, KEY_TONE, KEY_PAUSE);
    this.keys = (this.keys + key).slice(-24);
    this.#changed();
  }

  /** Hands the far side over to `destination` without asking there. */
  transfer(destination) {
    this.#send('call.transfer', { destination });
  }

  /** Joins the far side with the one that was consulted. */
  complete() {
    this.#send('call.transfer.attended', { step: 'complete' });
  }

  // What the server says.

  /** Whether this call waits for the answer to the request `id`. */
  awaits(id) {
    return Boolean(id) && id === this.#requested;
  }

  /** A frame that names this call. */
  take(frame) {
    switch (frame.type) {
      case 'call.trying':
        clearTimeout(this.#timer);
        this.#requested = null;
        this.id = frame.call_id;
        if (this.over) {
          // Given up before it had a name.
          this.#send('call.hangup');
        }
        break;
      case 'call.ringing':
        this.state = 'ringing';
        break;
      case 'sdp.offer':
        this.#describe('offer', frame.sdp);
        return;
      case 'sdp.pranswer':
        this.early = true;
        this.#describe('pranswer', frame.sdp);
        break;
      case 'sdp.answer':
        this.#describe('answer', frame.sdp);
        return;
      case 'call.answered':
        this.state = 'active';
        this.answeredAt = Date.now();
        break;
      case 'call.held':
        this.state = 'held';
        this.heldBy = frame.held_by;
        break;
      case 'call.resumed':
        this.state = 'active';
        this.heldBy = null;
        break;
      case 'call.ended':
        this.#end(frame.reason);
        return;
      case 'error':
        this.#trouble(frame);
        return;
      default:
        return;
    }
    this.#changed();
  }

  /** Ends it here, for a reason of our own or because it was never begun. */
  fail(error) {
    this.error = error;
    this.#end('failed');
  }

  // Inside.

  /** The peer connection, with the microphone in it. */
  async #open() {
    this.#connect();
    if (this.#sender) {
      return;
    }
    const track = await this.#line.microphone.take();
    if (this.over) {
      this.#line.microphone.give(track);
      return;
    }
    this.says = new MediaStream([track]);
    this.#sender = this.#pc.addTrack(track, this.says);
    this.#changed();
  }

  #connect() {
    if (this.#pc) {
      return;
    }
    const pc = new RTCPeerConnection({ iceServers: this.#line.servers() });
    this.#pc = pc;
    this.#audio = new Audio();
    pc.ontrack = ({ track }) => {
      this.hears = new MediaStream([track]);
      this.#audio.srcObject = this.hears;
      this.#audio.play().catch(() => {});
      this.#changed();
    };
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed') {
        this.#trouble({ code: 'no_audio' });
      }
    };
  }

  #describe(type, sdp) {
    this.#turn = this.#turn
      .then(() => {
        this.#connect();
        return this.#pc.setRemoteDescription({ type, sdp });
      })
      .catch((error) => {
        if (type !== 'pranswer') {
          this.#trouble({ code: 'bad_description', message: error.message });
        }
      });
  }

  #send(type, more = {}) {
    const sent = this.#line.send({ type, call_id: this.id, req_id: requestId(), ...more });
    if (!sent) {
      this.#trouble({ code: 'transport_closed' });
    }
  }

  #end(reason) {
    if (this.over) {
      return;
    }
    clearTimeout(this.#timer);
    this.state = 'ended';
    this.reason = reason;
    this.endedAt = Date.now();
    const track = this.#sender?.track;
    if (track) {
      this.#line.microphone.give(track);
    }
    if (this.#audio) {
      this.#audio.srcObject = null;
    }
    this.#pc?.close();
    this.hears = null;
    this.says = null;
    this.#changed();
  }

  #changed() {
    // The microphone is heard while the two talk, and at no other time.
    const track = this.#sender?.track;
    if (track) {
      track.enabled = !this.muted && this.heldBy !== 'local';
    }
    if (this.#audio) {
      this.#audio.muted = this.heldBy === 'local';
    }
    this.dispatchEvent(new Event('change'));
  }

  #trouble(detail) {
    this.dispatchEvent(new CustomEvent('trouble', { detail }));
  }
}
