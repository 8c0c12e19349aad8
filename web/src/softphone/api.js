// The REST side: the same user token opens `/v1/me*` and the list of ICE servers.

/** Where the API is: one step up from the folder that this file was loaded from. */
const ROOT = new URL('../', import.meta.url);
/** Longest wait for an answer, in milliseconds. */
const PATIENCE = 10_000;
/** Most pages of one list that are read. */
const PAGES = 10;

/** A request that was refused, or not answered (`status` 0). */
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The address of the softphone socket. */
export function socketUrl() {
  const url = new URL('v1/webrtc', ROOT);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** A client that asks in the name of the token that `token()` gives. */
export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  get(path) {
    return this.#ask('GET', path);
  }

  post(path, body) {
    return this.#ask('POST', path, body);
  }

  delete(path) {
    return this.#ask('DELETE', path);
  }

  /** All members of a list: each page names the next one. */
  async all(path) {
    const found = [];
    for (let page = 0; path && page < PAGES; page += 1) {
      const list = await this.get(path);
      found.push(...list.data);
      path = list.next_page_url;
    }
    return found;
  }

  async #ask(method, path, body) {
    const headers = { Authorization: `Bearer ${this.#token()}` };
    const request = { method, headers, signal: AbortSignal.timeout(PATIENCE) };
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
      request.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(new URL(path.replace(/^\//, ''), ROOT), request);
    } catch {
      throw new ApiError(0, 'unreachable', 'The server does not answer.');
    }
    const value = await answer.json().catch(() => null);
    if (!answer.ok) {
      throw new ApiError(answer.status, value?.code, value?.error ?? `Status ${answer.status}`);
    }
    return value;
  }
}
