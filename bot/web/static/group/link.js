// The connection to the group: opens, keeps alive, and comes back by itself.
const PING_EVERY = 25_000;
const DEAD_AFTER = 40_000;
const LONGEST_WAIT = 15_000;
const FINAL = new Set([1000, 4404, 4429]);

export class Link {
  constructor(code, { hello, frame, state }) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.url = `${scheme}//${location.host}/g/${encodeURIComponent(code)}/socket`;
    this.tell = { hello, frame, state };
    this.tries = 0;
    this.isWanted = false;
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
    setInterval(() => this.check(), 5_000);
  }

  open() {
    this.isWanted = true;
    clearTimeout(this.timer);
    this.tell.state("connecting");
    const socket = (this.socket = new WebSocket(this.url));
    this.heardAt = Date.now();
    socket.onopen = () => socket === this.socket && this.send(this.tell.hello());
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heardAt = Date.now();
      const frame = JSON.parse(message.data);
      if (frame.type === "welcome") {
        this.tries = 0;
        this.tell.state("online");
      }
      this.tell.frame(frame);
    };
    socket.onclose = (event) => socket === this.socket && this.closed(event.code);
  }

  closed(code) {
    this.socket = null;
    if (!this.isWanted) return;
    if (FINAL.has(code)) {
      this.isWanted = false;
      this.tell.state("ended");
      return;
    }
    this.tell.state("offline");
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.tries++) * (0.7 + Math.random() * 0.6);
    this.timer = setTimeout(() => this.open(), wait);
  }

  retry() {
    if (this.isWanted && !this.socket) this.open();
    else this.check();
  }

  check() {
    if (!this.socket) return;
    const silent = Date.now() - this.heardAt;
    if (silent > DEAD_AFTER) {
      const dead = this.socket;
      this.closed(1006);
      dead.close();
    } else if (silent > PING_EVERY) this.send({ type: "ping" });
  }

  stop() {
    this.isWanted = false;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  send(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }
}
