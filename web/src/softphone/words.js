// Everything that is said in words: errors, states, times.

const TROUBLE = {
  // From the server.
  auth_failed: 'This link is not valid. Ask for a new one.',
  auth_expired: 'This link has expired. Ask for a new one.',
  session_revoked: 'Your access was withdrawn. Ask for a new link.',
  session_replaced: 'Another connection took over this phone.',
  session_limit: 'You are signed in too often. Close another window.',
  idle_timeout: 'The connection went quiet.',
  going_away: 'The server is restarting.',
  slow_consumer: 'This connection is too slow.',
  rate_limited: 'That was too fast. Wait a moment.',
  invalid_message: 'That is not possible now.',
  call_failed: 'That did not work. The call goes on.',
  call_not_found: 'That call is over.',
  emergency_address_required: 'Tell where you are before you call outside.',
  presence_unavailable: 'Some colleagues cannot be watched.',
  reachability_unavailable: 'Whether some colleagues are reachable is not known now.',
  internal_error: 'The server could not do that.',
  // From here.
  transport_closed: 'There is no connection to the server.',
  lost: 'The connection was lost.',
  no_reply: 'The server did not answer.',
  one_at_a_time: 'One call is still being set up.',
  no_audio: 'No audio gets through to the server. A firewall may be in the way.',
  no_keys: 'Keys cannot be sent in this call yet.',
  bad_description: 'The browser and the server did not agree on the audio.',
  unreachable: 'The server does not answer.',
  // From the browser, when it is asked for the microphone.
  NotAllowedError: 'The browser may not use the microphone. Allow it for this page.',
  NotFoundError: 'There is no microphone.',
  NotReadableError: 'The microphone is in use elsewhere.',
  SecurityError: 'Browsers give the microphone only to pages from https or from localhost.',
};

/** Codes whose message says more than our own words would. */
const SPECIFIC = new Set(['call_failed', 'invalid_message', 'internal_error']);

const ENDED = {
  hangup: 'Call ended',
  'no-answer': 'No answer',
  busy: 'Busy',
  failed: 'Could not be connected',
  transferred: 'Handed over',
  rejected: 'Declined',
};

const PRESENCE = { available: 'Available', on_call: 'On a call', offline: 'Offline', away: 'Away' };

/** An error of any kind, as a sentence. */
export function trouble({ code, message }) {
  if (TROUBLE[code] && !(message && SPECIFIC.has(code))) {
    return TROUBLE[code];
  }
  return message ? sentence(message) : 'Something went wrong.';
}

/** The state of a call. */
export function stateOf(call) {
  switch (call.state) {
    case 'trying':
      return 'Connecting…';
    case 'ringing':
      return call.direction === 'inbound' ? 'Incoming call' : 'Ringing…';
    case 'active':
      return call.parent && !call.parent.over ? `Asking about ${call.parent.who}` : 'Connected';
    case 'held':
      return call.heldBy === 'remote' ? 'They put you on hold' : 'On hold';
    default:
      return call.error ? trouble(call.error) : (ENDED[call.reason] ?? ENDED.hangup);
  }
}

/** Presence of a colleague; `undefined` when nothing is known. */
export function presenceOf(item) {
  if (!item) {
    return { status: 'unknown', text: '' };
  }
  const status = item.do_not_disturb && item.status === 'available' ? 'dnd' : item.status;
  const text = status === 'dnd' ? 'Do not disturb' : (PRESENCE[status] ?? status);
  return { status, text: item.status_text ? `${text}, ${item.status_text}` : text };
}

/** Seconds as 0:07 or 1:02:03. */
export function duration(seconds) {
  const [h, m, s] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const two = (number) => String(number).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A moment as people say it: the time today, else the day and the time. */
export function moment(text) {
  const at = new Date(text);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (at.toDateString() === new Date().toDateString()) {
    return time;
  }
  return `${at.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}

/** What a person typed as a number: spaces and brackets go. A lone word, as a name, stays. */
export function dialled(text) {
  return text.replace(/[\s().\-/]/g, '');
}

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
