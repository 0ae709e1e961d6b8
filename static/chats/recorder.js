// The microphone: one recording, which can be paused, and how loud it is. What a browser lacks for
// it is an error whose message is a name of words: old, frame, denied, none, busy.

const TYPES = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=mp4a.40.2', 'audio/mp4'];
const BITS = 32_000; // a second
const PIECE = 1000; // ms: what is recorded is kept as it comes
const WHY = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none' };

export class Recorder {
  /** Ask for the microphone and begin. `gone` is called when it is taken away. Rejects with the
   *  name of what is missing. */
  static async begin(gone) {
    const type = globalThis.MediaRecorder && TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    if (!type || !navigator.mediaDevices?.getUserMedia) throw new Error('old');
    if (forbidden()) throw new Error('frame');
    let stream;
    try {
      const wanted = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
      return new Recorder(stream, type, gone);
    } catch (error) {
      if (stream) letGo(stream);
      throw new Error(WHY[error.name] ?? 'busy');
    }
  }

  constructor(stream, type, gone) {
    this.stream = stream;
    this.type = type;
    this.pieces = [];
    this.before = 0; // ms that were recorded before the last pause
    this.since = performance.now(); // null while nothing is recorded
    this.media = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS });
    this.media.addEventListener('dataavailable', ({ data }) => data.size && this.pieces.push(data));
    this.over = new Promise((resolve) => {
      this.media.addEventListener('stop', resolve, { once: true });
    });
    this.over.then(() => this.asked || gone());
    this.media.start(PIECE);
    this.meter = meterOf(stream);
  }

  get running() {
    return this.since !== null && !this.ended;
  }

  get ended() {
    return this.media.state === 'inactive';
  }

  get seconds() {
    return (this.before + (this.since === null ? 0 : performance.now() - this.since)) / 1000;
  }

  /** How loud it is now: 0 to 1, null where the browser does not tell. */
  level() {
    return this.running ? this.meter.level() : 0;
  }

  /** Resolves when what was said until now is in `file`. */
  async pause() {
    if (!this.running) return;
    this.halt();
    this.media.pause();
    await new Promise((resolve) => {
      this.media.addEventListener('dataavailable', resolve, { once: true });
      this.media.requestData();
    });
  }

  goOn() {
    this.media.resume();
    this.since = performance.now();
  }

  /** Let the microphone go. Resolves when all is in `file`; may be called again. */
  async end() {
    this.halt();
    this.asked = true;
    if (!this.ended) this.media.stop();
    letGo(this.stream);
    await this.over;
    this.meter.close();
  }

  halt() {
    this.before = 1000 * this.seconds;
    this.since = null;
  }

  /** What was recorded, under this name. */
  file(name) {
    return new File(this.pieces, name, { type: this.type });
  }
}

// Whether the frame may not have a microphone, even where a person allows one. Not every browser
// tells.
function forbidden() {
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  return policy?.allowsFeature('microphone') === false;
}

function letGo(stream) {
  for (const track of stream.getTracks()) track.stop();
}

// A recording without a meter is a recording.
function meterOf(stream) {
  let context;
  try {
    context = new AudioContext();
    return listening(context, stream);
  } catch {
    context?.close();
    return { level: () => null, close() {} };
  }
}

function listening(context, stream) {
  context.resume(); // some browsers wait for a press, and the question for the microphone lies between
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const wave = new Float32Array(analyser.fftSize);
  return {
    level() {
      if (context.state !== 'running') return null;
      analyser.getFloatTimeDomainData(wave);
      return Math.min(1, 3 * Math.sqrt(wave.reduce((sum, at) => sum + at * at, 0) / wave.length));
    },
    close: () => context.state !== 'closed' && context.close(),
  };
}
