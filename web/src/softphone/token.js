// The user token. It arrives in the fragment of the address (#token=...), which browsers never send to a
// server, is kept for this tab alone, and leaves the address bar at once.

const KEY = 'strowger.token';

/** The token of the address, or the one this tab has had; null when there is none. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (location.hash) {
    history.replaceState(null, '', location.pathname + location.search);
  }
  if (given) {
    sessionStorage.setItem(KEY, given);
  }
  return given || sessionStorage.getItem(KEY);
}

/** Keeps a token that a person typed: the token itself or a whole link with one. Null when it is neither. */
export function keepToken(text) {
  const trimmed = text.trim();
  const fragment = trimmed.includes('#') ? trimmed.slice(trimmed.indexOf('#') + 1) : '';
  const token = new URLSearchParams(fragment).get('token') || trimmed;
  if (!claimsOf(token)) {
    return null;
  }
  sessionStorage.setItem(KEY, token);
  return token;
}

/** Forgets the token of this tab. */
export function dropToken() {
  sessionStorage.removeItem(KEY);
}

/** What a token says of itself, unverified: `sub` is the user's id, `exp` the second it ends. */
export function claimsOf(token) {
  try {
    const middle = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const claims = JSON.parse(atob(middle));
    return typeof claims.sub === 'string' && typeof claims.exp === 'number' ? claims : null;
  } catch {
    return null;
  }
}
