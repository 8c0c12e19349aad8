// Level meters: how loud a stream is, shown as a bar.

import { audioContext } from './tones.js';

/** What the left end of the bar stands for, in decibels below full scale. */
const FLOOR = -60;
/** How much of the bar stays from one look to the next when it gets quiet. */
const FALL = 0.85;
/** Between two values that are told to assistive technology, in milliseconds. */
const TELL = 1_000;

export class Meter {
  #bar;
  #stream = null;
  #source = null;
  #analyser = null;
  #samples = new Float32Array(512);
  #level = 0;
  #told = 0;

  /** `bar` is an element with the role `meter`; its custom property `--level` goes from 0 to 1. */
  constructor(bar) {
    this.#bar = bar;
  }

  /** Measures this stream from now on, or nothing. */
  listen(stream) {
    if (stream === this.#stream) {
      return;
    }
    this.#source?.disconnect();
    this.#stream = stream;
    this.#source = stream && audioContext().createMediaStreamSource(stream);
    this.#analyser ??= new AnalyserNode(audioContext(), { fftSize: this.#samples.length });
    this.#source?.connect(this.#analyser);
    this.#show(0);
  }

  /** Looks once; to be called for each picture that is drawn. */
  look() {
    if (!this.#stream) {
      return;
    }
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) {
      sum += sample * sample;
    }
    const decibels = 10 * Math.log10(sum / this.#samples.length + 1e-12);
    const level = Math.min(1, Math.max(0, 1 - decibels / FLOOR));
    this.#show(Math.max(level, this.#level * FALL));
  }

  #show(level) {
    this.#level = level;
    this.#bar.style.setProperty('--level', level.toFixed(3));
    const now = performance.now();
    if (now - this.#told > TELL || level === 0) {
      this.#told = now;
      this.#bar.setAttribute('aria-valuenow', Math.round(level * 100));
    }
  }
}
