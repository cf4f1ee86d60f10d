"use strict";
// The keys of the pages. Whatever a key does, there is a link, a button or a field for it as well.

const one = (selector) => document.querySelector(selector);
const isTyping = (target) => target.matches("input:not([type=radio], [type=checkbox]), textarea");

const choose = (digit) => {
  const choice = document.querySelectorAll("input[name=choice]")[digit];
  if (choice) {
    choice.click();
  }
};

const toggleGroup = () => {
  const boxes = [...document.querySelectorAll("input[type=checkbox][name=answer]")];
  const wanted = !boxes.some((box) => box.checked);
  boxes.forEach((box) => { box.checked = wanted; });
};

const toggleKeys = () => {
  const dialog = one("#keys");
  dialog.open ? dialog.close() : dialog.showModal();
};

const enter = () => {
  const form = one("#decision");
  form ? form.requestSubmit() : one("a.open")?.click();
};

const act = (key) => {
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (target instanceof HTMLInputElement) {
    target.select();
  } else {
    target?.click();
  }
  return Boolean(target);
};

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (key === "Escape") {
    target.blur();
    return;
  }
  if (isOnItsWay) { // a key pressed now was meant for nothing that can be seen
    event.preventDefault();
    return;
  }
  if (isTyping(target) || (one("#keys")?.open && key !== "?")) {
    return;
  }
  const isControl = target.matches("a, button, input, summary, [tabindex]");
  if (/^[0-9]$/.test(key)) {
    choose(Number(key));
  } else if (key === "g") {
    toggleGroup();
  } else if (key === "?") {
    toggleKeys();
  } else if (key === "Enter" && !isControl) {
    enter();
  } else if (isControl && key.startsWith("Arrow") || !act(key)) {
    return;
  }
  event.preventDefault();
});

// Points are either chosen or typed.
document.addEventListener("change", ({ target }) => {
  if (target.name === "choice") {
    one("#points").value = "";
  }
});
document.addEventListener("input", ({ target }) => {
  if (target.name === "points") {
    document.querySelectorAll("input[name=choice]").forEach((choice) => { choice.checked = false; });
  }
});

let isOnItsWay = false; // the next page
document.addEventListener("htmx:beforeRequest", () => { isOnItsWay = true; });
for (const end of ["htmx:afterSwap", "htmx:sendError", "htmx:timeout", "htmx:sendAbort"]) {
  document.addEventListener(end, () => { isOnItsWay = false; });
}

// The button of a list of keys is of no use without this script.
const reveal = () => {
  const button = one("button[data-key='?']");
  if (button) {
    button.hidden = false;
    button.onclick = toggleKeys;
  }
};
document.addEventListener("htmx:afterSettle", reveal);
reveal();
