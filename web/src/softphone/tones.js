// What a telephone sounds like, made here: nothing is loaded. Frequencies and cadences are those of
// North America, and a softer bell.

/** Each tone: its frequencies in Hz, and seconds of sound and silence in turn. */
const TONES = {
  ringback: { hertz: [440, 480], cadence: [2, 4], loud: 0.06 },
  bell: { hertz: [523, 659], cadence: [0.4, 0.2, 0.4, 2], loud: 0.09 },
  waiting: { hertz: [440], cadence: [0.2, 5], loud: 0.05 },
  busy: { hertz: [480, 620], cadence: [0.5, 0.5], loud: 0.06, rounds: 3 },
  end: { hertz: [330], cadence: [0.12, 0.05], loud: 0.05, rounds: 2 },
};
/** The two frequencies of each key, in Hz (ITU-T Q.23). */
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = '123456789*0#';
/** Length of a key's sound, in seconds, and how soft edges are. */
const KEY = 0.12;
const EDGE = 0.008;

let shared = null;

/** The one audio context of the page. Browsers let it sound after the first click or key. */
export function audioContext() {
  shared ??= new AudioContext();
  return shared;
}

/** Lets the page be heard; to be called from a click or a key. */
export function wake() {
  if (audioContext().state === 'suspended') {
    audioContext().resume();
  }
}

/** Plays at most one tone that lasts, and keys beside it. */
export class Tones {
  #name = null;
  #stop = () => {};

  /** Plays this tone until told otherwise; null is silence. */
  play(name) {
    if (name === this.#name) {
      return;
    }
    this.#stop();
    this.#name = name;
    this.#stop = name ? this.#repeat(TONES[name]) : () => {};
  }

  /** Plays a tone that ends by itself. */
  once(name) {
    this.play(null);
    this.#repeat(TONES[name]);
  }

  /** The sound of a key, for the finger that pressed it. */
  key(key) {
    const place = KEYS.indexOf(key);
    if (place >= 0) {
      const now = audioContext().currentTime;
      sound([ROWS[Math.floor(place / 3)], COLUMNS[place % 3]], now, KEY, 0.05);
    }
  }

  #repeat({ hertz, cadence, loud, rounds = Infinity }) {
    let timer = 0;
    let playing = [];
    const round = () => {
      let at = audioContext().currentTime + 0.02;
      playing = [];
      cadence.forEach((seconds, place) => {
        if (place % 2 === 0) {
          playing.push(sound(hertz, at, seconds, loud));
        }
        at += seconds;
      });
      rounds -= 1;
      if (rounds > 0) {
        timer = setTimeout(round, cadence.reduce((sum, seconds) => sum + seconds) * 1000);
      }
    };
    round();
    return () => {
      clearTimeout(timer);
      playing.forEach((end) => end());
    };
  }
}

/** Sounds these frequencies together; gives what ends them early. */
function sound(hertz, at, seconds, loud) {
  const context = audioContext();
  const volume = context.createGain();
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loud, at + EDGE);
  volume.gain.setValueAtTime(loud, at + seconds - EDGE);
  volume.gain.linearRampToValueAtTime(0, at + seconds);
  volume.connect(context.destination);
  const voices = hertz.map((frequency) => {
    const voice = new OscillatorNode(context, { frequency });
    voice.connect(volume);
    voice.start(at);
    voice.stop(at + seconds);
    return voice;
  });
  return () => {
    voices.forEach((voice) => voice.disconnect());
    volume.disconnect();
  };
}
