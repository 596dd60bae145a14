
// --- the viewer ------------------------------------------------------------------------------

let beside = false, looping = true, muted = false, shuttle = 0, winding = 0;
const videos = () => $$("video", stage);
const main = () => $(".current video", stage);

// A dialog, with the focus where it belongs. Not by `autofocus`: a browser acts on that of a closed
// dialog too, when the page is first drawn, and complains where a key was pressed before.
function showAt(dialog, first) {
  dialog.showModal();
  first.focus();
}

function view(take) {
  endPreview();
  current = take.dataset.take;
  if (!viewer.open) showAt(viewer, $("#viewing"));
  const takes = $$(".take", take.closest(".shot"));
  for (const video of videos()) drop(video);
  stage.replaceChildren(...(beside ? takes : [take]).map((each) => seat(each, each === take)));
  stage.classList.toggle("beside", beside);
  $("#viewing").textContent = take.dataset.take;
  $("#takes").replaceChildren(...(takes.length > 1 ? takes.map((each) => thumb(each, each === take)) : []));
  tell(take);
  run(1);
}

// what stands beside the picture: read from the sheet, which is always the newest
function tell(take) {
  const prompt = $(".prompt", take.closest(".shot")).cloneNode(true);
  const facts = [...$(".more", take).children].slice(1).map((part) => part.cloneNode(true));
  panel.replaceChildren(prompt, ...facts);
  for (const button of $$("[data-do=circle]", viewer)) {
    const chosen = take.matches(".chosen");
    button.setAttribute("aria-pressed", chosen);
    button.textContent = chosen ? "circled" : "circle";
    button.disabled = !take.dataset.clip;
  }
}

function seat(take, isCurrent) {
  const figure = document.createElement("figure"), caption = document.createElement("figcaption");
  caption.textContent = take.dataset.take;
  figure.classList.toggle("current", isCurrent);
  if (take.dataset.clip) {
    const video = film(take, muted || !isCurrent);
    Object.assign(video, { controls: isCurrent, loop: looping });
    figure.append(video);
  } else {
    const leader = document.createElement("div");
    leader.className = "leader";
    leader.textContent = take.dataset.state.replace("_", " ");
    figure.append(leader);
  }
  figure.append(caption);
  figure.addEventListener("click", () => isCurrent || choose(take));
  return figure;
}

function thumb(take, isCurrent) {
  const button = document.createElement("button"), label = document.createElement("span");
  const picture = $(".frame img", take);
  const image = document.createElement(picture ? "img" : "i");
  if (picture) Object.assign(image, { src: picture.src, alt: "" });
  label.textContent = take.dataset.take.slice(take.dataset.shot.length + 1);
  button.type = "button";
  button.setAttribute("aria-current", isCurrent);
  button.classList.toggle("chosen", take.matches(".chosen"));
  button.append(image, label);
  button.addEventListener("click", () => choose(take));
  return button;
}

// 0 stands, 1 plays, 2 and 4 are faster, below 0 is backward (which no browser plays: it is wound)
function run(speed) {
  shuttle = speed;
  cancelAnimationFrame(winding);
  $("#speed").textContent = speed === 1 ? "" : speed === 0 ? "❚❚" : `${speed < 0 ? "◂" : "▸"} ${Math.abs(speed)}×`;
  for (const video of videos()) {
    if (speed > 0) {
      video.playbackRate = speed;
      video.play().catch(() => {});
    } else video.pause();
  }
  if (speed < 0) wind(performance.now());
}

function wind(before) {
  winding = requestAnimationFrame((now) => {
    const back = ((now - before) / 1000) * -shuttle;
    for (const video of videos()) {
      const to = video.currentTime - back;
      video.currentTime = to > 0 ? to : looping ? video.duration || 0 : 0;
    }
    wind(now);
  });
}

function nudge(frames) {
  run(0);
  for (const video of videos()) video.currentTime = Math.max(0, video.currentTime + frames * FRAME);
}

function besides() {
  beside = !beside;
  view(element(current));
}

function loop() {
  looping = !looping;
  for (const video of videos()) video.loop = looping;
  $("[data-do=loop]").setAttribute("aria-pressed", looping);
}

function sound() {
  muted = !muted;
  if (main()) main().muted = muted;
}

viewer.addEventListener("close", () => {
  cancelAnimationFrame(winding);
  for (const video of videos()) drop(video);
  stage.replaceChildren();
  element(current)?.focus();
});

// --- clicks and keys -------------------------------------------------------------------------

const actions = {
  beside: besides,
  loop,
  close: () => viewer.close(),
};

document.addEventListener("click", (event) => {
  const take = event.target.closest(".take");
  const button = event.target.closest("[data-do]");
  if (button) return actions[button.dataset.do]?.(button, event);
  const at = event.target.closest(".at");
  if (at) {
    if (!viewer.open) view(take);
    run(0);
    for (const video of videos()) video.currentTime = Number(at.dataset.at);
  } else if (take && event.target.closest(".open") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    view(take);
  } else if (take) choose(take, false);
});
$("#keys").addEventListener("click", () => $("#help").showModal());

const keys = {
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  ArrowUp: () => leap(-1),
  ArrowDown: () => leap(1),
  Enter: () => element(current) && view(element(current)),
  "/": () => $("#search").focus(),
  "?": () => $("#help").showModal(),
};
const viewing = {
  j: () => run(shuttle < 0 ? Math.max(shuttle * 2, -8) : -1),
  k: () => run(0),
  l: () => run(shuttle > 0 ? Math.min(shuttle * 2, 8) : 1),
  " ": () => run(shuttle ? 0 : 1),
  ",": () => nudge(-1),
  ".": () => nudge(1),
  b: besides,
  o: loop,
  m: sound,
};
// what goes on while its key is held down; anything else is meant once
const steady = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", ",", "."]);

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select") || $("dialog[open]:not(#viewer)");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("button, summary, a[href]:not(.open)") && ["Enter", " "].includes(event.key)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = (viewer.open && viewing[key]) || keys[key];
  if (!act) return;
  event.preventDefault();
  if (!event.repeat || steady.has(key)) act();
});

const first = $(".take", board);
if (first) [current, first.tabIndex] = [first.dataset.take, 0];
