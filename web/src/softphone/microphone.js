// One microphone for all calls. It is opened with the first call and closed with the last, so that the
// browser's sign for it says the truth. Each call gets a copy of its own, which it can mute alone.

const WANTED = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Microphone {
  #opening = null;
  #copies = new Set();

  /** Whether the browser would give one at all; it does so on https and on localhost. */
  static get possible() {
    return window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
  }

  /** A copy of the microphone's track; asks the person when that was not done. */
  async take() {
    if (!Microphone.possible) {
      throw new DOMException('', 'SecurityError');
    }
    this.#opening ??= navigator.mediaDevices.getUserMedia({ audio: WANTED });
    let source;
    try {
      [source] = (await this.#opening).getAudioTracks();
    } catch (error) {
      this.#opening = null;
      throw error;
    }
    const copy = source.clone();
    this.#copies.add(copy);
    return copy;
  }

  /** Gives a copy back. */
  async give(copy) {
    copy.stop();
    this.#copies.delete(copy);
    if (this.#copies.size === 0 && this.#opening) {
      const opened = this.#opening;
      this.#opening = null;
      (await opened).getTracks().forEach((track) => track.stop());
    }
  }
}
