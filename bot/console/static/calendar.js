// The calendar: drag a time to another day, click a day to plan something; both have a form without this.
(() => {
  "use strict";
  const calendar = document.querySelector("[data-calendar]");
  const undo = document.querySelector("[data-undo] [data-seconds]");
  if (undo) {
    let left = Number(undo.dataset.seconds);
    const words = undo.textContent;
    const timer = setInterval(() => {
      left -= 1;
      undo.textContent = words.replace(/\d+/, Math.max(0, left));
      if (left <= 0) { clearInterval(timer); undo.closest("[data-undo]").remove(); }
    }, 1000);
  }
  if (!calendar) return;
  // A phone begins with the agenda.
  if (calendar.dataset.narrow && matchMedia("(max-width: 760px)").matches) { location.replace(calendar.dataset.narrow); return; }

  const mover = document.getElementById("mover");
  let held = null, over = null, from = null, isMoving = false;
  const dayAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-day]") || null;
  const mark = (day) => { over?.classList.remove("over"); over = day; over?.classList.add("over"); };
  const let_go = () => { held?.classList.remove("moving"); mark(null); held = null; };

  calendar.addEventListener("dragstart", (event) => event.preventDefault());
  calendar.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("[data-plan]");
    // A finger scrolls the page, so it drags by the grip alone.
    if (!mover || !row || event.button !== 0 || (event.pointerType !== "mouse" && !event.target.closest(".grip"))) return;
    held = row; from = [event.clientX, event.clientY]; isMoving = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    if (!isMoving && Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 6) return;
    isMoving = true;
    held.classList.add("moving");
    mark(dayAt(event));
  });
  addEventListener("pointerup", (event) => {
    if (!held) return;
    const day = isMoving ? dayAt(event) : null, row = held;
    let_go();
    if (!day || day === row.closest("[data-day]")) return;
    mover.action = `/console/calendar/one/${row.dataset.plan}/move`;
    mover.elements.slot.value = row.dataset.slot;
    mover.elements.day.value = day.dataset.day;
    mover.requestSubmit();
  });
  addEventListener("pointercancel", let_go);
  calendar.addEventListener("click", (event) => {
    if (isMoving) { event.preventDefault(); isMoving = false; return; }
    const day = event.target.closest("[data-new]");
    if (day && !event.target.closest("a, button, .chip-row")) location.assign(day.dataset.new);
  }, true);
})();
