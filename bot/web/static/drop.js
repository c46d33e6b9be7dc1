// What the pages of drops do better with a script: an exact clock, a page that stays right, totals, sharing.
const POLL_MS = 5000;
let ahead = 0; // the server's clock less ours, in milliseconds

function live() {
  return document.getElementById("live");
}

function setClock(serverNow) {
  if (serverNow > 0) ahead = serverNow - Date.now();
}

function tick() {
  const clock = document.getElementById("clock");
  const until = Number(live().dataset.until);
  if (!clock || !until) return;
  const left = Math.max(0, Math.round((until - Date.now() - ahead) / 1000));
  const days = Math.floor(left / 86400);
  const parts = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60];
  const shown = document.createDocumentFragment();
  if (days) shown.append(`${days} ${clock.dataset.day} `);
  parts.forEach((part, place) => {
    const box = document.createElement("b");
    box.textContent = String(part).padStart(2, "0");
    shown.append(place ? " : " : "", box);
  });
  clock.replaceChildren(shown);
}

let seen = "";
async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-cache" });
    setClock(Number(answer.headers.get("x-now")));
    const tag = answer.headers.get("etag");
    if (!answer.ok || tag === seen) return;
    seen = tag;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (fresh) live().replaceWith(document.adoptNode(fresh));
    tick();
  } catch {
    // Without a connection the page stays as it is; the next look may succeed.
  }
}

if (live()) {
  setClock(Number(live().dataset.now));
  tick();
  setInterval(tick, 1000);
  setTimeout(refresh, 1200);
  setInterval(refresh, POLL_MS);
  document.addEventListener("visibilitychange", refresh);
}

const form = document.getElementById("join");
if (form) {
  const total = () => {
    let fen = 0;
    for (const box of form.querySelectorAll("[data-fen]")) fen += Math.max(0, Number(box.value) || 0) * Number(box.dataset.fen);
    document.getElementById("total").textContent = fen ? "¥" + (fen / 100).toFixed(2).replace(/\.?0+$/, "") : "";
  };
  for (const button of form.querySelectorAll("[data-step]")) {
    const box = button.parentElement.querySelector("input");
    button.hidden = box.disabled;
    button.addEventListener("click", () => {
      box.value = Math.min(Number(box.max), Math.max(Number(box.min), Number(box.value) + Number(button.dataset.step)));
      total();
    });
  }
  form.addEventListener("input", total);
  form.addEventListener("submit", () => (form.querySelector(".button").disabled = true));
  window.addEventListener("pageshow", () => (form.querySelector(".button").disabled = false));
  // Whoever talks in the group in this tab is the same member here.
  const member = JSON.parse(sessionStorage.getItem("tuan:" + form.dataset.group) ?? "null");
  const named = document.getElementById("nickname-part");
  if (member?.token && named) {
    form.elements.token.value = member.token;
    form.elements.nickname.value = member.name;
    form.elements.nickname.readOnly = true;
  }
  total();
}

const share = document.getElementById("share");
if (share) {
  share.hidden = false;
  share.addEventListener("click", async () => {
    const { url, title, copied } = share.dataset;
    try {
      if (navigator.share) return await navigator.share({ url, title });
      await navigator.clipboard.writeText(url);
      share.textContent = copied;
    } catch {
      // Whoever closes the sheet without sharing has changed their mind.
    }
  });
}

// Inside WeChat the payment is opened by its bridge, with the values our page was given.
const bridge = document.getElementById("bridge");
if (bridge) {
  const open = () => window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(bridge.dataset.call), () => location.assign(location.pathname + location.search));
  if (window.WeixinJSBridge) open();
  else document.addEventListener("WeixinJSBridgeReady", open, { once: true });
}
