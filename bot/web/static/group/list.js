// One conversation on the screen: newest at the bottom, days between, older pages above.
import { day, dayKey, element, t } from "./words.js";

const NEAR_END = 120;
const NEAR_START = 300;
const TOGETHER_MS = 3 * 60_000;
const MOST_ROWS = 500;
const NOTICES = new Set(["joined", "left", "topic"]);

export class List {
  constructor(root, { draw, onEarlier, onUnseen }) {
    this.root = root;
    this.rows = root.querySelector("ol");
    this.tell = { draw, onEarlier, onUnseen };
    this.cursor = { heard: 0, said: 0 };
    this.clear();
    root.addEventListener("scroll", () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.isAtEnd && this.toEnd()).observe(this.rows);
    new ResizeObserver(() => this.isAtEnd && this.toEnd()).observe(root);
  }

  clear() {
    this.byId = new Map();
    this.pending = new Map();
    this.earlier = null;
    this.isAsking = false;
    this.isAtEnd = true;
    this.top = 0;
    this.unseen = 0;
    this.rows.replaceChildren();
  }

  // A page of history after a welcome: what we missed, or everything anew.
  load(history, isFirst) {
    if (isFirst || history.is_gap) {
      this.clear();
      this.earlier = history.earlier;
    }
    this.isAsking = false;
    this.rows.setAttribute("aria-busy", "true");
    for (const frame of history.messages) this.append(frame, isFirst);
    this.rows.removeAttribute("aria-busy");
    this.read(history.cursor);
    if (isFirst) this.toEnd();
  }

  read(at) {
    this.cursor.heard = Math.max(this.cursor.heard, at.heard ?? 0);
    this.cursor.said = Math.max(this.cursor.said, at.said ?? 0);
  }

  // Gives false for what is on the screen already.
  append(frame, isQuiet = false, isMine = false) {
    this.read(frame);
    if (this.byId.has(frame.id)) return false;
    const row = this.make(frame);
    const before = this.last();
    for (const one of this.dress(row, before?.frame)) this.insert(one);
    this.byId.set(frame.id, row);
    if (this.isAtEnd || isMine) this.toEnd();
    else if (!isQuiet && frame.type === "message") {
      this.unseen += 1;
      this.tell.onUnseen(this);
    }
    if (this.isAtEnd) this.trim();
    return true;
  }

  // Older frames above what is shown; the view stays where it is.
  prepend(frames, earlier) {
    this.isAsking = false;
    this.earlier = earlier;
    const first = [...this.rows.children].find((one) => one.frame);
    const height = this.root.scrollHeight;
    const made = document.createDocumentFragment();
    let before = null;
    for (const frame of frames) {
      if (this.byId.has(frame.id)) continue;
      const row = this.make(frame);
      made.append(...this.dress(row, before));
      this.byId.set(frame.id, row);
      before = frame;
    }
    if (first && before) {
      first.previousElementSibling?.classList.contains("day") && first.previousElementSibling.remove();
      first.before(...this.dress(first, before).slice(0, -1));
    }
    this.rows.prepend(made);
    this.root.scrollTop += this.root.scrollHeight - height;
  }

  make(frame) {
    let row;
    if (NOTICES.has(frame.type)) {
      const name = frame.member?.name;
      const key = frame.type === "joined" && frame.inviter?.name ? "joined_by" : frame.type;
      row = element("li", "notice", t(key, { name, by: frame.inviter?.name, text: frame.text }));
    } else row = this.tell.draw(frame);
    row.frame = frame;
    return row;
  }

  // The row, with a day before it when one begins, joined to the row above when it goes on.
  dress(row, before) {
    const at = new Date(row.frame.at);
    const isSameDay = before && dayKey(new Date(before.at)) === dayKey(at);
    row.classList.toggle(
      "is-next",
      Boolean(isSameDay) && row.frame.type === "message" && before.type === "message" && before.from.id === row.frame.from.id &&
        before.from.role === row.frame.from.role && at - new Date(before.at) < TOGETHER_MS,
    );
    return isSameDay ? [row] : [element("li", "day", day(at)), row];
  }

  insert(one) {
    const waiting = this.pending.values().next().value;
    if (waiting) waiting.before(one);
    else this.rows.append(one);
  }

  last() {
    const waiting = this.pending.values().next().value;
    return waiting ? waiting.previousElementSibling : this.rows.lastElementChild;
  }

  // A message of ours that is not confirmed yet.
  hold(clientId, row) {
    const known = this.pending.get(clientId);
    if (known) known.replaceWith(row);
    else this.rows.append(row);
    this.pending.set(clientId, row);
    if (!known) this.toEnd();
  }

  release(clientId) {
    this.pending.get(clientId)?.remove();
    this.pending.delete(clientId);
  }

  find(id) {
    const row = this.byId.get(id);
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.classList.remove("is-found");
    void row.offsetWidth;
    row.classList.add("is-found");
  }

  toEnd() {
    this.root.scrollTop = this.root.scrollHeight;
    this.isAtEnd = true;
    this.unseen = 0;
    this.tell.onUnseen(this);
  }

  scrolled() {
    const wasAtEnd = this.isAtEnd;
    const { scrollTop, scrollHeight, clientHeight } = this.root;
    // A picture that arrives makes the list longer under us: only the reader leaves the end, by scrolling up.
    if (scrollHeight - scrollTop - clientHeight < NEAR_END) this.isAtEnd = true;
    else if (scrollTop < this.top) this.isAtEnd = false;
    this.top = scrollTop;
    if (this.isAtEnd) this.unseen = 0;
    if (this.isAtEnd !== wasAtEnd || this.isAtEnd) this.tell.onUnseen(this);
    if (this.earlier && !this.isAsking && scrollTop < NEAR_START && !this.root.hidden)
      this.isAsking = this.tell.onEarlier(this.earlier);
  }

  // Long evenings: forget the oldest rows; they come back as history when somebody scrolls up.
  trim() {
    if (this.byId.size <= MOST_ROWS) return;
    const next = { heard: 0, said: 0 };
    while (this.byId.size > MOST_ROWS - 100) {
      const oldest = this.rows.firstElementChild;
      if (oldest.frame) {
        this.byId.delete(oldest.frame.id);
        if (oldest.frame.heard) next.heard = oldest.frame.heard + 1;
        if (oldest.frame.said) next.said = oldest.frame.said + 1;
      }
      oldest.remove();
    }
    this.earlier = { heard: next.heard || this.earlier?.heard || 0, said: next.said || this.earlier?.said || 0 };
  }
}
