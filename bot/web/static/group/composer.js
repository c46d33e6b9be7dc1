// Where we write: Enter sends (never in the middle of a composition), @ opens the members, a picture is made small first.
import { element, face, t } from "./words.js";

const LONGEST_SIDE = 1600;
const byId = (id) => document.getElementById(id);

export class Composer {
  constructor({ people, onSay, onPicture }) {
    this.people = people;
    this.onSay = onSay;
    this.form = byId("composer");
    this.text = byId("text");
    this.picker = byId("picker");
    this.quotes = null;
    this.chosen = new Map();
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.pressed(event));
    this.text.addEventListener("blur", () => setTimeout(() => this.closePicker(), 150));
    byId("at").addEventListener("click", () => this.insert("@"));
    byId("replying").querySelector("button").addEventListener("click", () => this.reply(null));
    byId("picture").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) onPicture(await small(file));
    });
  }

  submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return;
    const mentions = [...this.chosen].filter(([name]) => text.includes("@" + name)).map(([, id]) => id);
    this.onSay({ text, ...(mentions.length && { mentions }), ...(this.quotes && { quotes: this.quotes.id }) });
    this.text.value = "";
    this.chosen.clear();
    this.reply(null);
    this.changed();
  }

  pressed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (!this.picker.hidden && this.pick(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.form.requestSubmit();
    } else if (event.key === "Escape" && this.quotes) this.reply(null);
  }

  changed() {
    this.text.style.height = "auto";
    this.text.style.height = this.text.scrollHeight + 2 + "px";
    const written = this.text.value.slice(0, this.text.selectionStart);
    const asked = byId("at").hidden ? null : /[@＠]([^\s@＠]{0,20})$/.exec(written);
    if (asked) this.openPicker(asked[1]);
    else this.closePicker();
  }

  openPicker(start) {
    const wanted = start.toLowerCase();
    const found = this.people().filter((one) => one.name.toLowerCase().includes(wanted)).slice(0, 30);
    this.picker.replaceChildren(...found.map((one, place) => this.option(one, place)));
    this.picker.hidden = !found.length;
    this.select(0);
  }

  option(person, place) {
    const made = element("li");
    made.id = "option-" + place;
    made.setAttribute("role", "option");
    made.person = person;
    made.append(face(person), element("span", "", person.name));
    made.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.choose(person);
    });
    return made;
  }

  select(place) {
    const options = [...this.picker.children];
    this.place = options.length ? (place + options.length) % options.length : 0;
    options.forEach((one, at) => one.setAttribute("aria-selected", String(at === this.place)));
    options[this.place]?.scrollIntoView({ block: "nearest" });
    if (options.length) this.text.setAttribute("aria-activedescendant", options[this.place].id);
  }

  pick(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.select(this.place + step);
    else if (event.key === "Enter" || event.key === "Tab") this.choose(this.picker.children[this.place].person);
    else if (event.key === "Escape") this.closePicker();
    else return false;
    event.preventDefault();
    return true;
  }

  closePicker() {
    this.picker.hidden = true;
    this.text.removeAttribute("aria-activedescendant");
  }

  choose(person) {
    const end = this.text.selectionStart;
    const start = this.text.value.slice(0, end).search(/[@＠][^\s@＠]*$/);
    this.text.setRangeText("", start < 0 ? end : start, end, "end");
    this.mention(person);
  }

  mention(person) {
    this.chosen.set(person.name, person.id);
    this.insert("@" + person.name + " ");
  }

  insert(text) {
    this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, "end");
    this.text.focus();
    this.changed();
  }

  reply(frame) {
    this.quotes = frame;
    const bar = byId("replying");
    bar.hidden = !frame;
    if (!frame) return;
    bar.querySelector("span").textContent = t("replying", { name: frame.from.name, text: frame.text || t("picture") });
    this.text.focus();
  }

  // In private there is nobody to mention.
  place(isPrivate) {
    byId("at").hidden = isPrivate;
    this.reply(null);
    this.closePicker();
  }
}

// Drawn anew: smaller, upright, and without what the camera wrote into the file (the place, for one).
async function small(file) {
  if (file.type === "image/gif") return file;
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const type = file.type === "image/png" ? "image/png" : "image/jpeg";
    return (await new Promise((done) => canvas.toBlob(done, type, 0.85))) ?? file;
  } catch {
    return file;
  }
}
