// What we said and the group has not confirmed yet: one at a time, in order, kept over a reload.
const PATIENT = new Set(["rate_limited", "busy"]);

export class Unsent {
  constructor(key, { send, changed }) {
    this.key = key;
    this.send = send;
    this.changed = changed;
    this.queue = this.read();
    this.flying = null;
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) ?? [];
    } catch {
      return [];
    }
  }

  keep() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.queue));
    } catch {
      // A full or forbidden storage only costs us the memory of a reload.
    }
  }

  add(frame) {
    const client_id = crypto.getRandomValues(new Uint32Array(3)).reduce((text, one) => text + one.toString(36), "");
    const item = { frame: { type: "say", client_id, ...frame }, at: Date.now(), fault: null };
    this.queue.push(item);
    this.keep();
    this.changed(item);
    this.next();
    return item;
  }

  // Called after each welcome: whatever flew when the connection broke flies again under the same client_id.
  resume() {
    this.flying = null;
    this.next();
  }

  next() {
    if (this.flying) return;
    const item = this.queue.find((one) => !one.fault);
    if (item && this.send(item.frame)) this.flying = item.frame.client_id;
  }

  settle(clientId) {
    const place = this.queue.findIndex((one) => one.frame.client_id === clientId);
    if (this.flying === clientId) this.flying = null;
    if (place >= 0) {
      this.queue.splice(place, 1);
      this.keep();
    }
    this.next();
    return place >= 0;
  }

  refuse(clientId, code, retryAfter) {
    const item = this.queue.find((one) => one.frame.client_id === clientId);
    if (!item) return;
    if (PATIENT.has(code)) {
      setTimeout(() => this.resume(), Math.max(0.3, retryAfter ?? 2) * 1000);
      return;
    }
    item.fault = code;
    this.flying = null;
    this.keep();
    this.changed(item);
    this.next();
  }

  again(clientId) {
    const item = this.queue.find((one) => one.frame.client_id === clientId);
    if (!item) return;
    item.fault = null;
    this.changed(item);
    this.next();
  }

  remove(clientId) {
    this.settle(clientId);
  }
}
