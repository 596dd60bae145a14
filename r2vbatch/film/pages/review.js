
// --- the review server: news from the ledger, and what a person says ---------------------------

const pulse = $("#pulse"), toast = $("#toast");
let fading = 0;

function tellAll(words, bad = false) {
  // an open dialog covers everything that is not inside it
  ($("dialog[open]") ?? document.body).append(toast);
  toast.textContent = words;
  toast.classList.toggle("bad", bad);
  clearTimeout(fading);
  fading = setTimeout(() => (toast.textContent = ""), bad ? 9000 : 4000);
}

async function ask(path, said) {
  const sent = said && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) };
  try {
    const answer = await fetch(path, sent);
    const type = answer.headers.get("Content-Type") ?? "";
    const told = type.startsWith("application/json") ? await answer.json() : { error: await answer.text() };
    if (answer.ok) return told;
    tellAll([told.error, told.hint].filter(Boolean).join(" — "), true);
  } catch {
    tellAll("the review server does not answer: is `r2vbatch review` still running?", true);
  }
  return null;
}

async function say(said) {
  const answer = await ask("/say", said);
  if (answer) tellAll(answer.told);
}

// --- news ------------------------------------------------------------------------------------

function exchange(news) {
  if (news.other) return location.reload();
  $("#head").innerHTML = news.head; // drawn and escaped by the server, as the page itself
  for (const [id, html] of Object.entries(news.shots)) renew(id, html);
  sift();
  tick();
}

function renew(id, html) {
  const old = document.getElementById(`shot-${id}`);
  if (!old) return location.reload();
  const focused = old.contains(document.activeElement);
  const states = new Map($$(".take", old).map((take) => [take.id, take.dataset.state]));
  const open = $$("details[open]", old).map((each) => each.closest(".take").id);
  if (hovered && old.contains(hovered)) endPreview();
  const made = document.createElement("template");
  made.innerHTML = html;
  const fresh = made.content.firstElementChild;
  old.replaceWith(fresh);
  for (const take of $$(".take", fresh)) {
    take.classList.toggle("fresh", take.dataset.state === "done" && states.get(take.id) !== "done");
    $("details", take).open = open.includes(take.id);
  }
  const mine = element(current);
  if (!mine || !fresh.contains(mine)) return;
  mine.tabIndex = 0;
  if (focused && !viewer.open) mine.focus({ preventScroll: true });
  if (viewer.open) refresh(mine);
}

// the viewer goes on playing, unless there is now something else to play
function refresh(take) {
  const takes = $$(".take", take.closest(".shot"));
  const seats = beside ? takes.length : 1;
  const plays = main()?.getAttribute("src") ?? null;
  if ($$("figure", stage).length !== seats || plays !== (take.dataset.clip ?? null)) return view(take);
  $("#takes").replaceChildren(...(takes.length > 1 ? takes.map((each) => thumb(each, each === take)) : []));
  tell(take);
}

const events = new EventSource(`/events?since=${document.body.dataset.version}`);
events.addEventListener("open", () => show("on", "live"));
events.addEventListener("error", () => show("off", "not connected"));
events.addEventListener("message", (event) => exchange(JSON.parse(event.data)));
addEventListener("pagehide", () => events.close());

function show(how, words) {
  pulse.className = how;
  pulse.textContent = words;
}

function tick() {
  const now = Date.now() / 1000;
  for (const time of $$("time[data-since]")) {
    const seconds = Math.max(0, Math.round(now - time.dataset.since));
    time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
setInterval(tick, 1000);
tick();

// --- what is said ----------------------------------------------------------------------------

const meant = (button) => button?.closest(".take") ?? element(current);

function circle(button) {
  const take = meant(button);
  if (!take?.dataset.clip) return;
  say({ do: "circle", key: Number(take.dataset.key), on: !take.matches(".chosen") });
}

// the answer of a dialog: "yes", or something else
function answered(dialog, first) {
  dialog.returnValue = "";
  showAt(dialog, first);
  return new Promise((done) => dialog.addEventListener("close", () => done(dialog.returnValue), { once: true }));
}

// one yes is one take: a key that is held down, or pressed again before the price is there, asks once
let pricing = false;

async function retake(button) {
  const shot = (button?.closest(".shot") ?? element(current)?.closest(".shot"))?.dataset.shot;
  if (!shot || pricing || $("#retake").open) return;
  pricing = true;
  const asked = await ask(`/price?shot=${encodeURIComponent(shot)}`);
  pricing = false;
  if (!asked) return;
  if (asked.kind === "live") {
    $("#retake-shot").textContent = shot;
    $("#retake-price").textContent = asked.words;
    $("#retake-how").textContent =
      "A run that goes on makes it now, within its own cap; else the next run does, and asks again.";
    if ((await answered($("#retake"), $("#retake-no"))) !== "yes") return;
  }
  say({ do: "retake", shot, agreed: asked.price });
}

async function note(button) {
  const take = meant(button);
  if (!take?.dataset.key) return;
  const at = viewer.open ? main()?.currentTime : undefined;
  if (viewer.open) run(0);
  $("#noting-take").textContent = take.dataset.take;
  $("#noting-text").value = "";
  $("#noting-at").checked = at !== undefined;
  $("#noting-at").parentElement.hidden = at === undefined;
  $("#noting-time").textContent = `${(at ?? 0).toFixed(1)} s`;
  const text = (await answered($("#noting"), $("#noting-text"))) === "yes" && $("#noting-text").value.trim();
  const seconds = $("#noting-at").checked ? at : null;
  if (text) say({ do: "note", key: Number(take.dataset.key), text, seconds });
}

$("#noting-text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("#noting").close("yes");
});

Object.assign(actions, {
  circle,
  retake,
  note,
  unnote: (button) => say({ do: "unnote", note: Number(button.closest("[data-note]").dataset.note) }),
});
Object.assign(keys, { c: () => circle(), r: () => retake(), n: () => note() });
