// Draws one message. Names and texts of others only ever become text nodes.
import { element, face, icon, t, time } from "./words.js";

export function draw(frame, { me, names, onButton, onReply, onMention, onQuote }) {
  const isMine = frame.from.id === me.id;
  const isOurs = frame.from.role !== "member";
  const row = element("li", "row");
  row.classList.toggle("is-mine", isMine);
  row.classList.toggle("is-ours", isOurs);
  row.classList.toggle("is-to-me", !isMine && (frame.mentions ?? []).includes(me.id));
  row.append(speaker(frame, isMine, onMention), body(frame, { isMine, isOurs, names, onButton, onReply, onQuote }));
  return row;
}

function speaker(frame, isMine, onMention) {
  if (isMine) return face(frame.from);
  const made = face(frame.from, "button");
  made.type = "button";
  made.setAttribute("aria-label", "@" + frame.from.name);
  made.addEventListener("click", () => onMention(frame.from));
  return made;
}

function body(frame, { isMine, isOurs, names, onButton, onReply, onQuote }) {
  const made = element("div", "body");
  const who = element("div", "who");
  who.append(element("b", "", isMine ? t("you") : frame.from.name));
  if (isOurs) {
    const isOperator = frame.from.role === "operator";
    who.append(element("span", isOperator ? "tag is-operator" : "tag", t(isOperator ? "operator" : "bot")));
  }
  const at = element("time", "", time(new Date(frame.at)));
  at.dateTime = frame.at;
  who.append(at);
  const bubble = element("div", "bubble");
  if (frame.quotes) bubble.append(quoted(frame.quotes, onQuote));
  fill(bubble, frame, names, onButton);
  if (frame.id) {
    const reply = element("button", "reply");
    reply.type = "button";
    reply.setAttribute("aria-label", t("reply"));
    reply.title = t("reply");
    reply.append(icon("reply"));
    reply.addEventListener("click", () => onReply(frame));
    bubble.append(reply);
  }
  made.append(who, bubble);
  return made;
}

function quoted(quotes, onQuote) {
  const made = element("button", "quoted", quotes.text || t("picture"));
  made.type = "button";
  made.addEventListener("click", () => onQuote(quotes.id));
  return made;
}

function fill(bubble, frame, names, onButton) {
  if (frame.card) return card(bubble, frame.card, onButton);
  if (frame.mini) return card(bubble, { ...frame.mini, text: t("mini"), buttons: [], url: "" }, onButton);
  if (frame.picture) {
    bubble.classList.add("is-picture");
    bubble.append(picture(frame.picture, t("picture_by", { name: frame.from.name }), true));
  }
  if (frame.file) bubble.append(link(frame.file.url, frame.file.name));
  else if (frame.text) {
    const words = element("span", "words");
    if (frame.mention?.name) words.append(element("span", "at", "@" + frame.mention.name), " ");
    say(words, frame.text, ["bot", ...(frame.mentions ?? [])].map((id) => names(id)).filter(Boolean));
    bubble.append(words);
  }
}

function card(bubble, told, onButton) {
  bubble.classList.add("card");
  if (told.picture) bubble.append(picture(told.picture, told.title, false));
  bubble.append(element("strong", "", told.title));
  if (told.text) bubble.append(element("span", "words", told.text));
  const choices = element("div", "choices");
  if (told.url) choices.append(link(told.url, t("open_card"), "button"));
  told.buttons.forEach((one, place) => {
    const look = place === 0 && !told.url ? "button" : "button soft";
    if (one.url) choices.append(link(one.url, one.label, look));
    else if (one.say) {
      const button = element("button", look, one.label);
      button.type = "button";
      button.addEventListener("click", () => onButton(one.say));
      choices.append(button);
    }
  });
  if (choices.childElementCount) bubble.append(choices);
}

function picture(url, words, isLink) {
  const image = element("img");
  image.alt = words;
  image.loading = "lazy";
  image.src = isSafe(url) ? url : "";
  if (!isLink) return image;
  const around = link(url, "");
  around.append(image);
  return around;
}

function link(url, words, className = "") {
  const made = element("a", className, words);
  if (isSafe(url)) made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function isSafe(url) {
  try {
    return /^https?:$/.test(new URL(url, location.href).protocol);
  } catch {
    return false;
  }
}

// Text with addresses to open and mentions to see.
function say(into, text, mentioned) {
  const marks = mentioned.map((name) => "@" + name).sort((a, b) => b.length - a.length);
  const escaped = marks.map((mark) => mark.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(["https?://[\\x21-\\x7e]*[A-Za-z0-9/#=_-]", ...escaped].join("|"), "g");
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    into.append(text.slice(from, found.index));
    const part = found[0];
    into.append(part.startsWith("@") ? element("span", "at", part) : link(part, part));
    from = found.index + part.length;
  }
  into.append(text.slice(from));
}
