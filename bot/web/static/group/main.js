// Joins the group and keeps link, lists, composer and members together.
import { Composer } from "./composer.js";
import { draw } from "./drawing.js";
import { Link } from "./link.js";
import { List } from "./list.js";
import { People } from "./people.js";
import { Unsent } from "./unsent.js";
import { element, reason, t } from "./words.js";

const page = document.body.dataset;
const byId = (id) => document.getElementById(id);
const key = "tuan:" + page.code;
let member = JSON.parse(sessionStorage.getItem(key) ?? "null");
let me = { id: "", name: "" };
let wish = null; // the nickname being asked for
let current = "group";
let hasHistory = false;

const link = new Link(page.code, { hello, frame: heard, state: shown });
const unsent = new Unsent(key + ":unsent", { send: (frame) => me.id && link.send(frame), changed: drawUnsent });
const people = new People({
  invitation: () => `${location.origin}/g/${encodeURIComponent(page.code)}?by=${encodeURIComponent(me.id)}`,
  onLeave: () => link.send({ type: "leave" }),
});
const composer = new Composer({
  people: () => people.others(), onSay: say, onPicture: sendPicture,
});
const lists = {};
for (const to of ["group", "private"])
  lists[to] = new List(byId("list-" + to), {
    draw: (frame) => drawn(frame),
    onEarlier: (before) => link.send({ type: "history", to, before }),
    onUnseen: (list) => to === current && drawPill(list),
  });

function hello() {
  const since = hasHistory ? { since: { group: lists.group.cursor, private: lists.private.cursor } } : {};
  if (member) return { type: "hello", token: member.token, ...since };
  return { type: "hello", ...wish, ...(page.by && { invited_by: page.by }), ...(page.via && { via: page.via }) };
}

function heard(frame) {
  const act = {
    welcome, ack, error: refused, goodbye,
    history: () => lists[frame.to].prepend(frame.messages, frame.earlier),
    message: appeared, joined: appeared, left: appeared, topic: appeared,
  }[frame.type];
  act?.(frame);
}

function welcome(frame) {
  me = frame.you;
  member = { token: frame.token, name: me.name };
  wish = null;
  sessionStorage.setItem(key, JSON.stringify(member));
  people.load(me, frame.bot, frame.members, frame.member_count);
  byId("join").hidden = true;
  const isFirst = !hasHistory;
  byId("chat").hidden = false;
  for (const to of ["group", "private"]) {
    lists[to].load(frame.history[to], isFirst);
    for (const one of frame.history[to].messages) settleOwn(one);
    drawEmpty(to);
  }
  hasHistory = true;
  unsent.queue.forEach(drawUnsent);
  unsent.resume();
  if (isFirst) byId("text").focus({ preventScroll: true });
}

function appeared(frame) {
  const isMine = frame.from?.id === me.id;
  people.heard(frame);
  settleOwn(frame);
  if (lists[frame.to].append(frame, false, isMine) && frame.to !== current && frame.type === "message")
    byId("tab-" + frame.to).classList.add("has-new");
  drawEmpty(frame.to);
}

function settleOwn(frame) {
  if (frame.from?.id !== me.id || !frame.client_id) return;
  lists[frame.to].release(frame.client_id);
  unsent.settle(frame.client_id);
}

function ack(frame) {
  unsent.settle(frame.client_id);
  for (const list of Object.values(lists)) if (list.byId.has(frame.id)) list.release(frame.client_id);
}

function refused(frame) {
  if (frame.client_id) return unsent.refuse(frame.client_id, frame.code, frame.retry_after);
  if (frame.code === "bad_token") {
    member = null;
    sessionStorage.removeItem(key);
  }
  if (!me.id || !member) askName(reason(frame.code));
  else banner(reason(frame.code));
}

function goodbye() {
  sessionStorage.removeItem(key);
  member = null;
  me = { id: "", name: "" };
  hasHistory = false;
  people.open(false);
  askName(t("gone"));
}

function shown(state) {
  const dot = byId("dot");
  dot.className = "dot is-" + state;
  const words = t(state === "ended" ? "replaced" : state);
  dot.setAttribute("aria-label", words);
  dot.title = words;
  banner(state === "offline" && hasHistory ? t("offline") : "");
  if (state !== "online") unsent.flying = null;
}

function banner(words) {
  byId("banner").textContent = words;
  byId("banner").hidden = !words;
}

function say(frame) {
  unsent.add({ to: current, ...frame });
}

async function sendPicture(file) {
  const to = current;
  banner(t("uploading"));
  const form = new FormData();
  form.append("picture", file, "picture");
  try {
    const answer = await fetch(`/g/${encodeURIComponent(page.code)}/pictures`, {
      method: "POST", body: form, headers: { Authorization: "Bearer " + member.token },
    });
    const told = await answer.json();
    banner(answer.ok ? "" : reason(told.error.code));
    if (answer.ok) unsent.add({ to, picture: told.url });
  } catch {
    banner(t("error"));
  }
}

function drawn(frame) {
  return draw(frame, {
    me, names: (id) => people.name(id),
    onButton: (text) => say({ to: frame.to, text }),
    onReply: (one) => composer.reply(one),
    onMention: (person) => current === "group" && composer.mention(person),
    onQuote: (id) => lists[frame.to].find(id),
  });
}

function drawUnsent(item) {
  const { to, client_id: clientId } = item.frame;
  const row = drawn({ ...item.frame, type: "message", from: { ...me, role: "member" }, at: item.at, quotes: null });
  row.classList.add("is-unsent");
  const under = element("div", "under", item.fault ? "" : t(link.socket && me.id ? "sending" : "waiting"));
  if (item.fault) {
    under.append(element("span", "warn", reason(item.fault)), button(t("again"), () => unsent.again(clientId)));
    under.append(button(t("remove"), () => (lists[to].release(clientId), unsent.remove(clientId))));
  }
  row.querySelector(".body").append(under);
  lists[to].hold(clientId, row);
  drawEmpty(to);
}

function button(words, act) {
  const made = element("button", "", words);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function drawPill(list) {
  const pill = byId("pill");
  pill.hidden = list.isAtEnd;
  pill.lastElementChild.textContent = list.unseen ? t("new_messages", { n: list.unseen }) : t("to_bottom");
}

function drawEmpty(to) {
  const list = lists[to];
  list.root.querySelector(".empty")?.remove();
  if (list.rows.childElementCount) return;
  const made = element("div", "empty", t("empty_" + to));
  if (to === "private") {
    const first = element("button", "button soft", t("try_menu"));
    first.type = "button";
    first.addEventListener("click", () => say({ to, text: t("try_menu") }));
    made.append(first);
  }
  list.root.append(made);
}

function turn(to) {
  current = to;
  for (const one of ["group", "private"]) {
    byId("list-" + one).hidden = one !== to;
    byId("tab-" + one).setAttribute("aria-selected", String(one === to));
  }
  byId("tab-" + to).classList.remove("has-new");
  composer.place(to === "private");
  if (lists[to].isAtEnd) lists[to].toEnd();
  drawPill(lists[to]);
}

function askName(words = "") {
  link.stop();
  byId("chat").hidden = true;
  byId("join").hidden = false;
  byId("join-error").textContent = words;
  byId("nickname").focus();
}

byId("join-form").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("join-error").textContent = "";
  wish = { nickname: byId("nickname").value, client_id: crypto.getRandomValues(new Uint32Array(4)).join("-") };
  link.stop();
  link.open();
});
byId("pill").addEventListener("click", () => lists[current].toEnd());
for (const to of ["group", "private"]) {
  byId("tab-" + to).addEventListener("click", () => turn(to));
  byId("tab-" + to).addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const other = to === "group" ? "private" : "group";
    turn(other);
    byId("tab-" + other).focus();
  });
}
if (member) link.open();
else askName();
