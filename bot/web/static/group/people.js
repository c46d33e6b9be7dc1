// Who is in the group: the drawer, the count, and names for mentions.
import { element, face, t } from "./words.js";

const byId = (id) => document.getElementById(id);

export class People {
  constructor({ invitation, onLeave }) {
    this.members = new Map();
    this.count = 0;
    byId("open-members").addEventListener("click", () => this.open(true));
    byId("close-members").addEventListener("click", () => this.open(false));
    byId("shade").addEventListener("click", () => this.open(false));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.open(false));
    byId("leave").addEventListener("click", () => confirm(t("sure_leave")) && onLeave());
    byId("invite").addEventListener("click", () => this.invite(invitation()));
  }

  load(me, bot, members, count) {
    this.me = me;
    this.bot = bot;
    this.members = new Map(members.map((one) => [one.id, one]));
    this.count = count;
    this.draw();
  }

  heard(frame) {
    if (frame.type === "joined" && !this.members.has(frame.member.id)) {
      this.members.set(frame.member.id, { ...frame.member, is_staff: false });
      this.count += 1;
    } else if (frame.type === "left" && this.members.delete(frame.member.id)) this.count -= 1;
    else return;
    this.draw();
  }

  name(id) {
    return id === this.bot?.id ? this.bot.name : this.members.get(id)?.name;
  }

  others() {
    return [this.bot, ...[...this.members.values()].filter((one) => one.id !== this.me.id)];
  }

  draw() {
    byId("count").textContent = t("people", { n: this.count });
    const rows = [{ ...this.bot, tag: t("bot") }, ...this.members.values()].map((one) => {
      const row = element("li");
      row.append(face(one), element("span", "name", one.name));
      const tag = one.tag ?? (one.id === this.me.id ? t("you") : one.is_staff ? t("staff") : "");
      if (tag) row.append(element("span", "tag", tag));
      return row;
    });
    byId("people").replaceChildren(...rows);
  }

  open(isOpen) {
    const wasOpen = byId("members").classList.contains("is-open");
    byId("members").classList.toggle("is-open", isOpen);
    byId("shade").hidden = !isOpen;
    if (isOpen) byId("close-members").focus();
    else if (wasOpen) byId("open-members").focus();
  }

  async invite(link) {
    try {
      await navigator.clipboard.writeText(link);
      byId("invite-link").textContent = t("copied");
    } catch {
      byId("invite-link").textContent = t("copy_this") + " " + link;
    }
  }
}
