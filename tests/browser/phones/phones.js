// Two SIP phones for browsers that nobody here wrote, with one face for the tests: `state` of the
// registration, `call` for how the call stands, and what is heard. `Ear` is the page's.
import JsSIP from "jssip";
import { Web } from "sip.js";

const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const constraints = { audio, video: false };

class JsSipPhone {
  constructor(url, user, password, domain) {
    this.state = "closed";
    this.call = "none";
    this.domain = domain;
    this.ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(url)],
      uri: `sip:${user}@${domain}`,
      password,
      register_expires: 600,
    });
    this.ua.on("registered", () => { this.state = "registered"; });
    this.ua.on("registrationFailed", ({ cause }) => { this.state = `refused: ${cause}`; });
    this.ua.on("disconnected", () => { this.state = "disconnected"; });
    this.ua.on("newRTCSession", ({ session }) => this.take(session));
    this.ua.start();
  }
  take(session) {
    this.session = session;
    this.call = "begun";
    const listen = (pc) => pc.addEventListener("track", (event) => {
      this.pc = pc;
      this.ear = new Ear(event.streams[0] ?? new MediaStream([event.track]));
    });
    if (session.connection) listen(session.connection);
    session.on("peerconnection", ({ peerconnection }) => listen(peerconnection));
    session.on("progress", () => { this.call = "ringing"; });
    session.on("confirmed", () => { this.call = "active"; });
    session.on("hold", ({ originator }) => { this.call = `held by ${originator}`; });
    session.on("unhold", () => { this.call = "active"; });
    session.on("ended", () => { this.call = "ended"; });
    session.on("failed", ({ cause }) => { this.call = `failed: ${cause}`; });
  }
  options() { return { mediaConstraints: constraints, pcConfig: { iceServers: [] } }; }
  dial(number) { this.ua.call(`sip:${number}@${this.domain}`, this.options()); }
  answer() { this.session.answer(this.options()); }
  hold() { this.session.hold(); }
  resume() { this.session.unhold(); }
  press(keys) { this.session.sendDTMF(keys, { transportType: "RFC2833" }); }
  hangUp() { this.session.terminate(); }
  share(hz) { return this.ear ? this.ear.share(hz) : 0; }
}

class SipJsPhone {
  constructor(url, user, password, domain) {
    this.state = "closed";
    this.call = "none";
    this.domain = domain;
    const begun = (how) => () => { this.call = how; };
    this.user = new Web.SimpleUser(url, {
      aor: `sip:${user}@${domain}`,
      media: { constraints, remote: { audio: new Audio() } },
      userAgentOptions: {
        authorizationUsername: user,
        authorizationPassword: password,
        logLevel: "warn",
        sessionDescriptionHandlerFactoryOptions: {
          peerConnectionConfiguration: { iceServers: [] },
        },
      },
      delegate: {
        onRegistered: () => { this.state = "registered"; },
        onServerDisconnect: () => { this.state = "disconnected"; },
        onCallCreated: begun("begun"),
        onCallReceived: begun("ringing"),
        onCallAnswered: () => { this.call = "active"; this.listen(); },
        onCallHold: (held) => { this.call = held ? "held by local" : "active"; },
        onCallHangup: begun("ended"),
      },
    });
    this.user.connect().then(() => this.user.register())
      .catch((error) => { this.state = `refused: ${error}`; });
  }
  listen() { this.ear = new Ear(this.user.remoteMediaStream); }
  dial(number) {
    const invited = { requestDelegate: { onProgress: () => { this.call = "ringing"; } } };
    this.user.call(`sip:${number}@${this.domain}`, {}, invited)
      .catch((error) => { this.call = `failed: ${error}`; });
  }
  answer() { this.user.answer(); }
  hold() { this.user.hold(); }
  resume() { this.user.unhold(); }
  press(keys) {
    const pc = this.user.session.sessionDescriptionHandler.peerConnection;
    pc.getSenders().find((sender) => sender.dtmf).dtmf.insertDTMF(keys, 100, 70);
  }
  hangUp() { this.user.hangup(); }
  share(hz) { return this.ear ? this.ear.share(hz) : 0; }
}

window.phones = { JsSipPhone, SipJsPhone };
