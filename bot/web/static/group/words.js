// Words and times in the page's language.
const page = document.body.dataset;
const words = JSON.parse(page.words);
export const language = page.lang === "en" ? "en" : "zh-CN";

export function t(key, values = {}) {
  const text = words[key] ?? words.error;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? (name === "bot" ? page.bot : ""));
}

export function reason(code) {
  return words["error_" + code] ? t("error_" + code) : t("error");
}

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false });
const thisYear = new Intl.DateTimeFormat(language, { month: "long", day: "numeric", weekday: "short" });
const otherYear = new Intl.DateTimeFormat(language, { year: "numeric", month: "long", day: "numeric" });

export const time = (at) => clock.format(at);
export const dayKey = (at) => `${at.getFullYear()}-${at.getMonth()}-${at.getDate()}`;

export function day(at) {
  const now = new Date();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (dayKey(at) === dayKey(now)) return t("today");
  if (dayKey(at) === dayKey(yesterday)) return t("yesterday");
  return (at.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(at);
}

function initial(name) {
  const found = [...name].find((one) => /[\p{L}\p{N}]/u.test(one));
  return found ? found.toUpperCase() : "·";
}

function colour(id) {
  let sum = 0;
  for (const one of id) sum = (sum * 31 + one.codePointAt(0)) >>> 0;
  return "c" + (sum % 8);
}

export function face(person, tag = "span") {
  const made = element(tag, `face ${person.id === "bot" ? "is-ours" : colour(person.id)}`, initial(person.name));
  if (tag === "span") made.setAttribute("aria-hidden", "true");
  return made;
}

export function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#icon-" + name);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
