"use strict";
// The contact sheet: which take is meant, play under the pointer, find. One script with viewer.js
// and, where the review server serves the page, review.js, which alone changes anything.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const board = $("#board"), viewer = $("#viewer"), stage = $("#stage"), panel = $("#panel");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRAME = 1 / 30;

// --- which take is meant ---------------------------------------------------------------------

let current = null; // the id of a take: elements are replaced while a batch runs
const element = (id) => id && document.getElementById(`take-${id}`);
const shownTakes = () => $$(".shot:not(.gone) .take:not(.gone)", board);

function choose(take, focus = true) {
  if (!take) return;
  const before = element(current);
  if (before) before.tabIndex = -1;
  current = take.dataset.take;
  take.tabIndex = 0;
  if (focus && !viewer.open) take.focus({ preventScroll: false });
  if (viewer.open) view(take);
}

function step(by) {
  const takes = shownTakes();
  const at = takes.indexOf(element(current));
  choose(takes[Math.min(Math.max(at + by, 0), takes.length - 1)]);
}

// to the take above or below on the sheet; in the viewer to the next shot
function leap(by) {
  const from = element(current);
  if (!from) return step(by);
  if (viewer.open) {
    const shots = $$(".shot:not(.gone)", board);
    const shot = shots[shots.indexOf(from.closest(".shot")) + by];
    return choose(shot && ($(".take.circled", shot) || $(".take", shot)));
  }
  const box = from.getBoundingClientRect();
  let best = null, nearest = Infinity;
  for (const take of shownTakes()) {
    const other = take.getBoundingClientRect();
    const away = (other.top - box.top) * by;
    const far = away + Math.abs(other.left - box.left) * 2;
    if (away > box.height / 2 && far < nearest) [best, nearest] = [take, far];
  }
  choose(best);
}

// --- play under the pointer ------------------------------------------------------------------

let hovered = null, waiting = 0;

function preview(take) {
  if (hovered === take) return;
  endPreview();
  if (!take?.dataset.clip || calm.matches) return;
  hovered = take;
  waiting = setTimeout(() => {
    $(".frame .open", take).append(film(take, true));
  }, 120);
}

function endPreview() {
  clearTimeout(waiting);
  if (hovered) for (const video of $$(".frame video", hovered)) drop(video);
  hovered = null;
}

function film(take, muted) {
  const video = document.createElement("video");
  Object.assign(video, { src: take.dataset.clip, muted, loop: true, playsInline: true, autoplay: true });
  video.setAttribute("aria-label", `Take ${take.dataset.take}`);
  return video;
}

// a video that is only removed would go on loading
function drop(video) {
  video.removeAttribute("src");
  video.load();
  video.remove();
}

board.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "touch") preview(event.target.closest(".frame")?.closest(".take"));
});
board.addEventListener("pointerleave", endPreview);

// --- find ------------------------------------------------------------------------------------

const filter = { show: "all", words: "" };
const shows = {
  all: () => true,
  circled: (take) => take.matches(".circled"),
  trouble: (take) => take.matches(".trouble"),
  flagged: (take) => take.matches(".flagged"),
  noted: (take) => $(".notes li", take),
};

function sift() {
  let shown = 0;
  for (const shot of $$(".shot", board)) {
    const found = !filter.words || shot.textContent.toLowerCase().includes(filter.words);
    let any = false;
    for (const take of $$(".take", shot)) {
      const stays = found && Boolean(shows[filter.show](take));
      take.classList.toggle("gone", !stays);
      any ||= stays;
      shown += stays;
    }
    shot.classList.toggle("gone", !any);
  }
  const all = filter.show === "all" && !filter.words;
  $("#shown").textContent = all ? "" : `${shown} take${shown === 1 ? "" : "s"}`;
}

for (const button of $$("[data-show]"))
  button.addEventListener("click", () => {
    filter.show = button.dataset.show;
    for (const other of $$("[data-show]")) other.setAttribute("aria-pressed", other === button);
    sift();
  });
$("#search").addEventListener("input", (event) => {
  filter.words = event.target.value.trim().toLowerCase();
  sift();
});
